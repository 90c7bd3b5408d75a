// Latents -> per-dimension minimum and maximum, with the check for NaN and infinity in the same
// pass over memory.
#pragma once

#include <vector>

#include "zbins/parallel.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

template <class T>
struct Bounds {
    std::vector<T> lower;  // +infinity where there are no rows
    std::vector<T> upper;  // -infinity where there are no rows
};

// Throws std::invalid_argument with the row and column of the first value that is not finite, or
// where x has no columns.
template <class T>
ZBINS_API Bounds<T> find_bounds(const MatrixView<T>& x, const Context& context);

// The first row (in order) whose value in column `col` equals `value`; -1 if none does.
template <class T>
ZBINS_API std::int64_t find_row(const MatrixView<T>& x, std::int64_t col, T value);

extern template Bounds<float> find_bounds(const MatrixView<float>&, const Context&);
extern template Bounds<double> find_bounds(const MatrixView<double>&, const Context&);
extern template std::int64_t find_row(const MatrixView<float>&, std::int64_t, float);
extern template std::int64_t find_row(const MatrixView<double>&, std::int64_t, double);

}  // namespace zbins::inline v1
