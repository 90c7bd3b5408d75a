// The only conversions between NumPy and the core. Arguments are converted here, then the core
// works without the GIL (gil.hpp).
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "zbins/buffer.hpp"
#include "zbins/types.hpp"

namespace zbins::python {

namespace py = pybind11;

// A 2-D array of exactly this dtype and (where given) number of columns, any strides. The Python
// layer has made it so; here is the last line before memory is read.
template <class T>
MatrixView<T> matrix(const py::array& x, std::int64_t cols = -1) {
    if (!py::isinstance<py::array_t<T>>(x) || x.ndim() != 2)
        throw py::type_error("expected a 2-D array of " + std::string(py::str(py::dtype::of<T>())));
    if (cols >= 0 && x.shape(1) != cols)
        throw py::value_error("expected " + std::to_string(cols) + " columns, got " +
                              std::to_string(x.shape(1)));
    return {static_cast<const std::byte*>(x.data()), x.shape(0), x.shape(1), x.strides(0),
            x.strides(1)};
}

// A contiguous array of exactly this dtype, as a span.
template <class T>
using Vector = py::array_t<T, py::array::c_style>;

template <class T>
std::span<const T> span(const Vector<T>& v) {
    return {v.data(), static_cast<std::size_t>(v.size())};
}

template <class T>
py::array_t<T> to_array(const std::vector<T>& v) {
    return py::array_t<T>(static_cast<py::ssize_t>(v.size()), v.data());
}

template <class T>
Buffer<T> to_buffer(std::span<const T> values) {
    Buffer<T> buffer(values.size());
    std::copy(values.begin(), values.end(), buffer.data());
    return buffer;
}

}  // namespace zbins::python
