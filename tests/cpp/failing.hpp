// Memory that runs out at will: every allocation of this program is counted (operator new here, the
// C functions by the linker's --wrap), any of them can be told to fail, and blocks that are never
// given back are found. For one source file of one program.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace failing {

inline std::atomic<bool> armed{false};
inline std::atomic<bool> for_good{false};  // fail from then on, or once
inline std::atomic<std::int64_t> left{0};  // allocations before the one that fails
inline std::atomic<std::int64_t> failed{0};
inline std::atomic<std::int64_t> live{0};  // blocks

inline void arm(std::int64_t allocations, bool stays) {
    left = allocations;
    for_good = stays;
    failed = 0;
    armed = true;
}

// Whether the allocation at hand is to fail.
inline bool now() {
    if (!armed) return false;
    const std::int64_t before = left.fetch_sub(1);
    if (before > 0 || (before < 0 && !for_good)) return false;
    ++failed;
    return true;
}

inline void* counted(void* block) {
    if (block != nullptr) ++live;
    return block;
}

}  // namespace failing

extern "C" {
void* __real_malloc(std::size_t bytes);
void* __real_realloc(void* block, std::size_t bytes);
void* __real_aligned_alloc(std::size_t step, std::size_t bytes);
void __real_free(void* block);
void* __real_mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset);
void* __real_mremap(void* block, std::size_t from, std::size_t to, int flags, ...);
int __real_munmap(void* block, std::size_t bytes);

void* __wrap_malloc(std::size_t bytes) {
    return failing::now() ? nullptr : failing::counted(__real_malloc(bytes));
}
void* __wrap_realloc(void* block, std::size_t bytes) {
    if (failing::now()) return nullptr;
    void* moved = __real_realloc(block, bytes);
    return block == nullptr ? failing::counted(moved) : moved;
}
void* __wrap_aligned_alloc(std::size_t step, std::size_t bytes) {
    return failing::now() ? nullptr : failing::counted(__real_aligned_alloc(step, bytes));
}
void __wrap_free(void* block) {
    if (block != nullptr) --failing::live;
    __real_free(block);
}
void* __wrap_mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) {
    if (failing::now()) return MAP_FAILED;
    void* block = __real_mmap(at, bytes, protection, flags, file, offset);
    if (block != MAP_FAILED) ++failing::live;
    return block;
}
void* __wrap_mremap(void* block, std::size_t from, std::size_t to, int flags, ...) {
    return failing::now() ? MAP_FAILED : __real_mremap(block, from, to, flags);
}
int __wrap_munmap(void* block, std::size_t bytes) {
    --failing::live;
    return __real_munmap(block, bytes);
}
}

// Not inline, as the language wants it: this header belongs into one source file.
void* operator new(std::size_t bytes) {
    void* block = failing::now() ? nullptr : failing::counted(__real_malloc(bytes > 0 ? bytes : 1));
    if (block == nullptr) throw std::bad_alloc();
    return block;
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
    return failing::now() ? nullptr : failing::counted(__real_malloc(bytes > 0 ? bytes : 1));
}
void* operator new(std::size_t bytes, std::align_val_t align) {
    const auto step = static_cast<std::size_t>(align);
    void* block =
        failing::now()
            ? nullptr
            : failing::counted(__real_aligned_alloc(step, (bytes + step - 1) / step * step));
    if (block == nullptr) throw std::bad_alloc();
    return block;
}
void operator delete(void* block) noexcept {
    __wrap_free(block);
}
void operator delete(void* block, std::size_t) noexcept {
    __wrap_free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    __wrap_free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
    __wrap_free(block);
}
