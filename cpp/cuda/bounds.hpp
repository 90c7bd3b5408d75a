// Latents -> the minimum and maximum of every column, in one pass that also finds values that are
// not finite.
#pragma once

#include "device.hpp"
#include "rows.hpp"
#include "zbins/bounds.hpp"

namespace zbins::cuda {

// Throws std::invalid_argument naming the first value that is not finite. The host waits for the
// result.
template <class T>
Bounds<T> find_bounds(const Queue& queue, const Rows& x);

// The same error, for the value at this place of row * cols + col, which is known not to be finite.
[[noreturn]] void throw_not_finite_at(const Queue& queue, const Rows& x, std::uint64_t place);

// The value at a row and column.
double value_at(const Queue& queue, const Rows& x, std::int64_t row, std::int64_t col);

extern template Bounds<float> find_bounds(const Queue&, const Rows&);
extern template Bounds<double> find_bounds(const Queue&, const Rows&);

}  // namespace zbins::cuda
