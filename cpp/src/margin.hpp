// Which offsets inside a bin cannot be carried over its edges by rounding: draws look again only at
// the others.
#pragma once

#include "zbins/axes.hpp"

namespace zbins::inline v1 {

// How far from the edges of its bin, in widths, an offset must be; at most 1. `a` in host memory.
template <class T>
T safe_margin(const Axes<T>& a);

extern template float safe_margin(const Axes<float>&);
extern template double safe_margin(const Axes<double>&);

}  // namespace zbins::inline v1
