// Latents + grid -> codes, and the bins of a model that rows fall into.
#pragma once

#include "zbins/grid.hpp"
#include "zbins/parallel.hpp"
#include "zbins/pmf.hpp"

namespace zbins::inline v1 {

// codes[i * d + j] for every row, clipped into the grid. Code is std::uint8_t (at most 256 bins a
// dimension), std::uint16_t or std::int32_t. `inside` promises that every value lies within
// [origin, top] (the fast path).
template <class T, class Code>
ZBINS_API void quantize(const Grid<T>& grid, const MatrixView<T>& x, Code* codes,
                        const Context& context, bool inside = false);

// bins[i] is the number of the model's bin that holds row i, or -1: unoccupied, or outside.
template <class T>
ZBINS_API void find_bins(const Grid<T>& grid, const Pmf& pmf, const MatrixView<T>& x,
                         std::int64_t* bins, const Context& context, bool inside = false);

}  // namespace zbins::inline v1
