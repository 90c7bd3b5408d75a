// All that differs between instruction sets. Each has a section: its vector of 64-bit elements, how
// the low halves of those are multiplied, and how one is stored past the cache. Kernels are written
// in these and in loops that compilers make vectors of; no other file asks what it is compiled for.
#pragma once

#include <utility>

#include "zbins/types.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace zbins::inline v1::kernels {
namespace {

// So many elements, in as many registers as they take. A vector like a scalar has operators,
// applied element by element.
template <class T, int count>
struct VectorOf {
    typedef T type __attribute__((vector_size(sizeof(T) * count)));
};

// multiply: the products of the low halves of each element. Compilers do not find this instruction
// where the high halves hold something else.
// store_past_cache: to a place whose address is a multiple of the vector's size. What other threads
// are to see is settled by finish_stores.
#if defined(__AVX512F__)

using Vector = VectorOf<std::uint64_t, 8>::type;

ZBINS_INLINE Vector multiply(Vector a, Vector b) {
    // Masked with all ones: the plain form trips GCC 12's warning on uninitialized values.
    return reinterpret_cast<Vector>(
        _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
ZBINS_INLINE void store_past_cache(void* to, Vector v) {
    _mm512_stream_si512(static_cast<__m512i*>(to), reinterpret_cast<__m512i>(v));
}
ZBINS_INLINE void finish_stores() {
    _mm_sfence();
}

#elif defined(__AVX2__)

using Vector = VectorOf<std::uint64_t, 4>::type;

ZBINS_INLINE Vector multiply(Vector a, Vector b) {
    return reinterpret_cast<Vector>(
        _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
ZBINS_INLINE void store_past_cache(void* to, Vector v) {
    _mm256_stream_si256(static_cast<__m256i*>(to), reinterpret_cast<__m256i>(v));
}
ZBINS_INLINE void finish_stores() {
    _mm_sfence();
}

#elif defined(__SSE2__)

using Vector = VectorOf<std::uint64_t, 2>::type;

ZBINS_INLINE Vector multiply(Vector a, Vector b) {
    return reinterpret_cast<Vector>(
        _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
}
ZBINS_INLINE void store_past_cache(void* to, Vector v) {
    _mm_stream_si128(static_cast<__m128i*>(to), reinterpret_cast<__m128i>(v));
}
ZBINS_INLINE void finish_stores() {
    _mm_sfence();
}

#else  // any other, by what compilers make of it

using Vector = VectorOf<std::uint64_t, 2>::type;

ZBINS_INLINE Vector multiply(Vector a, Vector b) {
    return (a & 0xffffffffu) * (b & 0xffffffffu);
}
ZBINS_INLINE void store_past_cache(void* to, Vector v) {
    __builtin_memcpy(to, &v, sizeof(v));
}
ZBINS_INLINE void finish_stores() {}

#endif

constexpr int vector_bytes = sizeof(Vector);
constexpr int vector_lanes = vector_bytes / sizeof(std::uint64_t);

// The same bytes as elements of another type.
template <class T>
using Lanes = typename VectorOf<T, vector_bytes / sizeof(T)>::type;

ZBINS_INLINE Vector load(const void* from) {
    Vector v;
    __builtin_memcpy(&v, from, vector_bytes);
    return v;
}

// The elements with these numbers, those of b counted on from those of a.
template <int... numbers>
ZBINS_INLINE Vector shuffled(Vector a, Vector b) {
#if __has_builtin(__builtin_shufflevector)
    return __builtin_shufflevector(a, b, numbers...);
#else  // GCC 11
    return __builtin_shuffle(a, b, Vector{numbers...});
#endif
}

// Elements first, first + 2, ... of both, in turn: shuffles within 16 bytes, which are the cheap
// ones.
template <int first, int... n>
ZBINS_INLINE Vector every_second(Vector a, Vector b, std::integer_sequence<int, n...>) {
    return shuffled<(n % 2 == 0 ? first + n : first + n - 1 + vector_lanes)...>(a, b);
}
ZBINS_INLINE Vector even_elements(Vector a, Vector b) {
    return every_second<0>(a, b, std::make_integer_sequence<int, vector_lanes>());
}
ZBINS_INLINE Vector odd_elements(Vector a, Vector b) {
    return every_second<1>(a, b, std::make_integer_sequence<int, vector_lanes>());
}

// The element of a vector that must hold counter number c, so that even_elements, then
// odd_elements give all counters in order: 0 and 1 go to elements 0 and 2, and so on.
constexpr int element_of(int c) {
    return c < vector_lanes / 2 ? 2 * c : 2 * (c - vector_lanes / 2) + 1;
}

}  // namespace
}  // namespace zbins::inline v1::kernels
