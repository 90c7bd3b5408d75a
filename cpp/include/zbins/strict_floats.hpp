// The floating-point mode that the laws are written for: rounding to nearest, nothing flushed to
// zero, no traps. A program may have set another for its thread (torch.set_flush_denormal, say);
// every entry of the core, and every thread it starts, sets this one and puts back what was there.
#pragma once

#include <cstdint>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <cfenv>
#endif

namespace zbins::inline v1 {

class StrictFloats {
public:
    StrictFloats() {
        // The clobbers keep the compiler from moving what reads or writes memory across; it knows
        // nothing of modes.
#if defined(__x86_64__)
        asm volatile("stmxcsr %0" : "=m"(before_)::"memory");
        const std::uint32_t strict = 0x1f80;
        asm volatile("ldmxcsr %0" ::"m"(strict) : "memory");
#elif defined(__aarch64__)
        asm volatile("mrs %0, fpcr" : "=r"(before_)::"memory");
        asm volatile("msr fpcr, %0" ::"r"(std::uint64_t{0}) : "memory");
#else
        std::fegetenv(&before_);
        std::fesetenv(FE_DFL_ENV);
        asm volatile("" ::: "memory");
#endif
    }
    ~StrictFloats() {
#if defined(__x86_64__)
        asm volatile("ldmxcsr %0" ::"m"(before_) : "memory");
#elif defined(__aarch64__)
        asm volatile("msr fpcr, %0" ::"r"(before_) : "memory");
#else
        asm volatile("" ::: "memory");
        std::fesetenv(&before_);
#endif
    }
    StrictFloats(const StrictFloats&) = delete;
    StrictFloats& operator=(const StrictFloats&) = delete;

    // A result that is returned by value: computed before the mode goes back.
    template <class T>
    static T settled(T value) {
        asm volatile("" : "+m"(value)::"memory");
        return value;
    }

private:
#if defined(__x86_64__)
    std::uint32_t before_;
#elif defined(__aarch64__)
    std::uint64_t before_;
#else
    std::fenv_t before_;
#endif
};

}  // namespace zbins::inline v1
