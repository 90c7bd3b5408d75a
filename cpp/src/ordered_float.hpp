// Finite floating-point values as integers in the same order, so that edges can be found by
// bisection and neighbours by adding one.
#pragma once

#include <bit>
#include <limits>
#include <type_traits>

#include "zbins/types.hpp"

namespace zbins::inline v1 {

template <class T>
using Ordinal = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

template <class T>
ZBINS_HD constexpr Ordinal<T> to_ordinal(T value) {
    const auto bits = std::bit_cast<Ordinal<T>>(value);
    return bits < 0 ? std::numeric_limits<Ordinal<T>>::min() - bits : bits;
}

template <class T>
ZBINS_HD constexpr T from_ordinal(Ordinal<T> ordinal) {
    return std::bit_cast<T>(ordinal < 0 ? std::numeric_limits<Ordinal<T>>::min() - ordinal
                                        : ordinal);
}

}  // namespace zbins::inline v1
