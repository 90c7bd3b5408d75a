// The constructor's parameters in a model file, judged as the constructor judges them.
#pragma once

#include "file/metadata.hpp"
#include "zbins/grid.hpp"
#include "zbins/model_file.hpp"

namespace zbins::inline v1::file {

// Throws std::invalid_argument, naming the parameter, what it is and what is accepted, if one is
// none or does not go with the grid.
template <class T>
Parameters read_parameters(const Fields& fields, const Grid<T>& grid, InterruptCheck& check);

extern template Parameters read_parameters(const Fields&, const Grid<float>&, InterruptCheck&);
extern template Parameters read_parameters(const Fields&, const Grid<double>&, InterruptCheck&);

}  // namespace zbins::inline v1::file
