// What must hold of a model that comes from outside (a file, a pickle) before it may be drawn from.
#pragma once

#include "zbins/grid.hpp"
#include "zbins/pmf.hpp"

namespace zbins {

// Throws std::invalid_argument unless the model's layout is the grid's, every code lies inside the
// grid, and every bin that occurs holds a value of T (else law 6 could not be kept). Names the
// first column that is wrong, and the smallest code there.
template <class T>
void check_codes(const Grid<T>& grid, const Pmf& pmf, const Context& context = {});

extern template void check_codes(const Grid<float>&, const Pmf&, const Context&);
extern template void check_codes(const Grid<double>&, const Pmf&, const Context&);

}  // namespace zbins
