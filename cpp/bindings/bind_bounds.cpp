#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
#include "zbins/bounds.hpp"

namespace zbins::python {

namespace {
template <class T>
py::tuple bounds(const py::array_t<T>& x, int threads) {
    const MatrixView<T> view = matrix<T>(x);
    const Context how = context(threads);
    const Bounds<T> found = [&] {
        const WithoutGil released;
        return find_bounds(view, how);
    }();
    return py::make_tuple(to_array(found.lower), to_array(found.upper));
}
}  // namespace

void register_bounds(py::module_& m) {
    m.def("bounds", &bounds<float>, py::arg("X").noconvert(), py::arg("threads"));
    m.def("bounds", &bounds<double>, py::arg("X").noconvert(), py::arg("threads"));
}

}  // namespace zbins::python
