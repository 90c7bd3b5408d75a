// A refused row, as Python's error that knows it.
#pragma once

#include <pybind11/pybind11.h>

#include "zbins/error.hpp"

namespace zbins::python {

inline void set_row_error(const RowError& error) {
    const auto type = pybind11::module_::import("zbins._errors").attr("RowError");
    const auto made =
        type(error.before + "{row}" + error.after, error.row, error.column, error.value);
    PyErr_SetObject(type.ptr(), made.ptr());
}

}  // namespace zbins::python
