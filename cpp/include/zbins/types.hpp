// The few types every stage shares. No Python, no CUDA, standard library only.
#pragma once

#include <bit>
#include <cfloat>
#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#define ZBINS_HD __host__ __device__
#else
#define ZBINS_HD
#endif

// Kernels are compiled once per instruction set. What they share must be inlined into each: an
// out-of-line copy built for AVX-512 could otherwise be the one the linker keeps for all.
#if defined(__GNUC__)
#define ZBINS_INLINE [[gnu::always_inline]] inline
#else
#define ZBINS_INLINE inline
#endif

// All else is hidden from those who link against a shared library of the core.
#if defined(__GNUC__)
#define ZBINS_API __attribute__((visibility("default")))
#else
#define ZBINS_API
#endif

// The laws fix every rounding step, so excess precision and reassociation are refused at compile
// time rather than found later as two machines that disagree.
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error "zbins needs strict float and double arithmetic (on 32-bit x86: -msse2 -mfpmath=sse)"
#endif
#if defined(__FAST_MATH__)
#error "zbins must not be compiled with -ffast-math: bins and samples would depend on the compiler"
#endif

// v1 is the version of the binary interface: two libraries in one process that embed cores of
// different versions keep them apart.
namespace zbins::inline v1 {

using Word = std::uint64_t;   // one word of a packed code (a key is `Layout::words` of them)
using Count = std::uint64_t;  // rows or bins; never narrower
using Label = std::int32_t;   // position of a label in the sorted list of classes

constexpr int floor_log2(std::uint64_t x) {
    return 63 - std::countl_zero(x);
}  // x > 0

inline constexpr std::int32_t max_bins = 65536;  // per dimension: a code fits 16 bits

// A borrowed matrix of latents, shape (rows, cols), strides in bytes, any sign.
template <class T>
struct MatrixView {
    const std::byte* data = nullptr;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t row_stride = 0;
    std::int64_t col_stride = 0;

    const std::byte* row(std::int64_t i) const { return data + i * row_stride; }

    // True where rows can be read in place as `const T*`.
    bool direct() const {
        return col_stride == static_cast<std::int64_t>(sizeof(T)) &&
               row_stride % static_cast<std::int64_t>(alignof(T)) == 0 &&
               reinterpret_cast<std::uintptr_t>(data) % alignof(T) == 0;
    }
};

}  // namespace zbins::inline v1
