// One register function per noun; module.cpp is the table of contents.
#pragma once

#include <pybind11/pybind11.h>

namespace zbins::python {

// What a capsule is called by which zbins._cuda hands counts over: a shared_ptr<Pmf>.
inline constexpr char pmf_capsule[] = "zbins::v1::Pmf";

void register_errors(pybind11::module_& m);
void register_config(pybind11::module_& m);
void register_bounds(pybind11::module_& m);
void register_grid(pybind11::module_& m);
void register_pmf(pybind11::module_& m);
void register_model_file(pybind11::module_& m);
void register_counter(pybind11::module_& m);
void register_draw(pybind11::module_& m);

}  // namespace zbins::python
