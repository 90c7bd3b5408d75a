// Vectors of 32-bit lanes for Philox, by the compilers' vector extension. The one operation that
// compilers do not find by themselves is the 32 x 32 -> 64 bit multiplication.
#pragma once

#include "zbins/types.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace zbins::kernels {
namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif
constexpr int vector_lanes = vector_bytes / 4;

// 64-bit elements that each hold two lanes.
using Vector [[gnu::vector_size(vector_bytes)]] = std::uint64_t;

ZBINS_INLINE Vector load(const std::uint32_t* from) {
    Vector v;
    __builtin_memcpy(&v, from, vector_bytes);
    return v;
}

ZBINS_INLINE void store(Vector v, std::uint32_t* to) {
    __builtin_memcpy(to, &v, vector_bytes);
}

ZBINS_INLINE Vector repeat(std::uint32_t lane) {
    return Vector{} + (static_cast<std::uint64_t>(lane) << 32 | lane);
}

// The products of the low lanes of each element.
ZBINS_INLINE Vector multiply_low_lanes(Vector a, Vector b) {
#if defined(__AVX512F__)
    // Masked with all ones: the plain form trips GCC 12's warning on uninitialized values.
    return reinterpret_cast<Vector>(
        _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<Vector>(
        _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<Vector>(
        _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

struct Product {
    Vector high;
    Vector low;
};

ZBINS_INLINE Product multiply(Vector a, std::uint32_t by) {
    const Vector factor = repeat(by);
    const Vector even = multiply_low_lanes(a, factor);
    const Vector odd = multiply_low_lanes(a >> 32, factor);
    constexpr std::uint64_t low_lane = 0xffffffffu;
    return {(even >> 32) | (odd & ~low_lane), (even & low_lane) | (odd << 32)};
}

}  // namespace
}  // namespace zbins::kernels
