// What the kernels share: small functions without a library behind them.
#pragma once

#include "zbins/axes.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1::kernels {
namespace {

constexpr std::int64_t minimum(std::int64_t a, std::int64_t b) {
    return a < b ? a : b;
}
constexpr std::int64_t maximum(std::int64_t a, std::int64_t b) {
    return a < b ? b : a;
}

// Whether bins were added below the first ones (partial_fit with rows outside).
template <class T>
bool has_grown(const Axes<T>& a) {
    std::int32_t any = 0;
    for (std::int64_t j = 0; j < a.d; ++j) any |= a.first[j];
    return any != 0;
}

// Asks for the row that is about 4 KiB further on: the hardware does not look across pages.
template <class T>
ZBINS_INLINE void prefetch_row(const T* z, std::int64_t stride, std::int64_t m) {
    constexpr std::int64_t line = 64 / sizeof(T);
    const T* ahead = z + maximum(1, 4096 / static_cast<std::int64_t>(sizeof(T)) / m) * stride;
    for (std::int64_t j = 0; j < m; j += line) __builtin_prefetch(ahead + j);
}

// Narrow rows that follow each other without a gap are walked several at a time, as one long row,
// so that loops over columns are long enough for vectors. This many of them; 1 where that does not
// pay.
constexpr std::int64_t long_row = 64;
ZBINS_INLINE std::int64_t rows_at_a_time(std::int64_t d, std::int64_t stride) {
    return stride == d && 2 * d <= long_row ? long_row / d : 1;
}

}  // namespace
}  // namespace zbins::inline v1::kernels
