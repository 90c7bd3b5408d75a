// The grid as kernels see it, and the one function that turns a value into a bin (law 1).
#pragma once

#include "zbins/rounded.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

// The grid as plain pointers, one entry per dimension: what kernels read.
template <class T>
struct Axes {
    std::int64_t d;
    const T* origin;
    const T* top;
    const T* scale;  // 0 in a dimension constant so far
    const T* width;  // 0 in a dimension constant so far
    const std::int32_t* k;
    const std::int32_t* last;   // k - 1
    const std::int32_t* first;  // first_bin of law 1, at most 0
    const std::int32_t* bins;   // n_bins_ of law 1
};

// Raw bins are saturated here: far beyond any bin a column may have, far inside int32.
inline constexpr std::int32_t raw_limit = 1 << 20;

// Law 1 for one value: one subtraction, one multiplication, floor, and the two edges pinned.
template <class T>
ZBINS_HD ZBINS_INLINE std::int32_t raw_bin(T z, T origin, T top, T scale, std::int32_t k) {
    if (origin == top) return z > top ? k : (z < origin ? -1 : 0);
    T t = multiply_rounded(subtract_rounded(z, origin), scale);
    constexpr T limit = static_cast<T>(raw_limit);
    t = t < -limit ? -limit : (t > limit ? limit : t);
    auto raw = static_cast<std::int32_t>(t);
    raw -= static_cast<T>(raw) > t ? 1 : 0;  // floor, also below zero
    if (z > top) return raw > k ? raw : k;
    if (z < origin) return raw < -1 ? raw : -1;
    return raw < k - 1 ? raw : k - 1;
}

}  // namespace zbins::inline v1
