// A stack and the switch to and from it. Included by emulator.cpp alone.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#include "emulator/grid.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

#if !defined(__x86_64__) && !defined(__aarch64__) && !defined(EMULATOR_UCONTEXT)
#define EMULATOR_UCONTEXT  // may also be defined on the command line, to test it
#endif

#if defined(EMULATOR_UCONTEXT)
#include <ucontext.h>
#else
// Saves the callee-saved registers and the stack pointer, and takes up the others. swapcontext
// would also save the signal mask, at the price of a system call.
extern "C" void emulator_switch(void** save, void* resume);
#if defined(__x86_64__)
asm(R"(
.text
.globl emulator_switch
.hidden emulator_switch
.type emulator_switch, @function
emulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emulator_switch, .-emulator_switch
)");
#else
asm(R"(
.text
.globl emulator_switch
.hidden emulator_switch
.type emulator_switch, %function
emulator_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size emulator_switch, .-emulator_switch
)");
#endif
#endif

namespace emulator {

// Either side of a switch: the scheduler on its host thread's own stack, or a fiber.
struct Context {
#if defined(EMULATOR_UCONTEXT)
    ucontext_t saved{};
#else
    void* saved = nullptr;
#endif
    const void* stack = nullptr;  // its lowest address and size, for AddressSanitizer only
    std::size_t size = 0;
    void* fake_stack = nullptr;
    void* tsan_fiber = nullptr;
};

// To be called first on arrival: `from` is where the control came from.
inline void arrive([[maybe_unused]] Context& self, [[maybe_unused]] Context& from) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(self.fake_stack, &from.stack, &from.size);
#endif
}

inline void switch_context(Context& from, Context& to) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.size);
#endif
#if defined(__SANITIZE_THREAD__)
    from.tsan_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to.tsan_fiber, 0);
#endif
#if defined(EMULATOR_UCONTEXT)
    swapcontext(&from.saved, &to.saved);
#else
    emulator_switch(&from.saved, to.saved);
#endif
    arrive(from, to);
}

// A stack that outlives the threads that run on it: `entry` never returns, but switches away when
// a thread is done and starts the next one when it is resumed.
struct Coroutine : Context {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    static constexpr std::size_t stack_bytes = 256 << 10;  // frames with red zones
#else
    static constexpr std::size_t stack_bytes = 64 << 10;
#endif
    char* mapping = nullptr;

    Coroutine(void (*entry)(), int colour) {
        // Lowest page without access: a stack overflow ends in a signal, not in somebody's data.
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        void* memory = mmap(nullptr, stack_bytes + page, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED || mprotect(memory, page, PROT_NONE) != 0) die("no stack");
        mapping = static_cast<char*>(memory);
        // Stacks start at different offsets in a page, or their hot ends would share cache sets.
        size = stack_bytes - static_cast<std::size_t>(colour % 16) * 192;
        char* bottom = mapping + page;
        stack = bottom;
        start(entry, bottom);
#if defined(__SANITIZE_THREAD__)
        tsan_fiber = __tsan_create_fiber(0);
#endif
    }
    Coroutine(const Coroutine&) = delete;
    Coroutine& operator=(const Coroutine&) = delete;

private:
    void start(void (*entry)(), char* bottom) {
#if defined(EMULATOR_UCONTEXT)
        getcontext(&saved);
        saved.uc_stack.ss_sp = bottom;
        saved.uc_stack.ss_size = size;
        saved.uc_link = nullptr;
        makecontext(&saved, entry, 0);
#else
        auto** top = reinterpret_cast<void**>(bottom + size);  // a multiple of 16, as both ABIs ask
#if defined(__x86_64__)
        *(top - 2) = reinterpret_cast<void*>(entry);  // `ret` leaves rsp as after a call
        saved = top - 8;
#else
        *(top - 20 + 11) = reinterpret_cast<void*>(entry);  // x30
        saved = top - 20;
#endif
#endif
    }
};

}  // namespace emulator
