// Minimum and maximum of every column, and whether all values are finite, in one pass.
#pragma once

#include "loops.hpp"

namespace zbins::inline v1::kernels {
namespace {

// All exponent bits set means NaN or infinity.
template <class T>
struct Bits;
template <>
struct Bits<float> {
    using type = std::uint32_t;
    static constexpr type exponent = 0x7f800000u;
};
template <>
struct Bits<double> {
    using type = std::uint64_t;
    static constexpr type exponent = 0x7ff0000000000000ULL;
};

// `count` rows at once: they are read as that many streams, and the minima so far only once.
template <class T, int count>
ZBINS_INLINE bool bounds_rows(const T* rows, std::int64_t stride, std::int64_t d,
                              T* __restrict lower, T* __restrict upper) {
    using B = typename Bits<T>::type;
    B bad = 0;
    for (std::int64_t j = 0; j < d; ++j) {
        T lo = lower[j], hi = upper[j];
        for (int r = 0; r < count; ++r) {
            const T value = rows[r * stride + j];
            B bits;
            __builtin_memcpy(&bits, &value, sizeof(bits));
            bad |= (bits & Bits<T>::exponent) == Bits<T>::exponent ? B{1} : B{0};
            lo = value < lo ? value : lo;
            hi = value > hi ? value : hi;
        }
        lower[j] = lo, upper[j] = hi;
    }
    return bad == 0;
}

template <class T>
bool bounds_wide(const T* rows, std::int64_t stride, std::int64_t n, std::int64_t d, T* lower,
                 T* upper) {
    constexpr int at_once = 4;
    bool finite = true;
    std::int64_t i = 0;
    for (; i + at_once <= n; i += at_once) {
        for (int r = 0; r < at_once; ++r) prefetch_row(rows + (i + r) * stride, stride, d);
        finite &= bounds_rows<T, at_once>(rows + i * stride, stride, d, lower, upper);
    }
    for (; i < n; ++i) finite &= bounds_rows<T, 1>(rows + i * stride, stride, d, lower, upper);
    return finite;
}

template <class T>
bool bounds(const T* rows, std::int64_t stride, std::int64_t n, std::int64_t d, T* lower,
            T* upper) {
    const std::int64_t together = minimum(rows_at_a_time(d, stride), n);
    if (together <= 1) return bounds_wide(rows, stride, n, d, lower, upper);
    T lo[long_row], hi[long_row];
    for (std::int64_t r = 0; r < together; ++r) {
        for (std::int64_t j = 0; j < d; ++j) lo[r * d + j] = lower[j], hi[r * d + j] = upper[j];
    }
    const std::int64_t whole = n / together;
    bool finite = bounds_wide(rows, together * d, whole, together * d, lo, hi);
    const T* rest = rows + whole * together * d;
    finite &= bounds_wide(rest, d, 1, (n - whole * together) * d, lo, hi);
    for (std::int64_t r = 0; r < together; ++r) {
        for (std::int64_t j = 0; j < d; ++j) {
            lower[j] = lo[r * d + j] < lower[j] ? lo[r * d + j] : lower[j];
            upper[j] = hi[r * d + j] > upper[j] ? hi[r * d + j] : upper[j];
        }
    }
    return finite;
}

}  // namespace
}  // namespace zbins::inline v1::kernels
