// Rows -> the bins of a model that hold them, and their density.
#pragma once

#include "pmf.hpp"
#include "rows.hpp"

namespace zbins::cuda {

// bins[i] is the number of the bin that holds row i, or -1: unoccupied, or outside. Throws
// std::invalid_argument naming the first value that is not finite; the host waits for that answer.
template <class T>
void find_bins(const Queue& queue, const Grid<T>& grid, const Pmf& pmf, const Rows& x,
               std::int64_t* bins);

// The natural logarithm of count / (rows * volume) for every bin number; minus infinity for -1.
void log_densities(const Queue& queue, const Pmf& pmf, double log_volume, const std::int64_t* bins,
                   std::int64_t n, double* densities);

extern template void find_bins(const Queue&, const Grid<float>&, const Pmf&, const Rows&,
                               std::int64_t*);
extern template void find_bins(const Queue&, const Grid<double>&, const Pmf&, const Rows&,
                               std::int64_t*);

}  // namespace zbins::cuda
