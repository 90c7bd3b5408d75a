#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
#include "zbins/bounds.hpp"
#include "zbins/count.hpp"
#include "zbins/error.hpp"
#include "zbins/grid.hpp"
#include "zbins/quantize.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::python {

namespace {

template <class T>
Grid<T> grown(const Grid<T>& grid, const Vector<T>& lower, const Vector<T>& upper,
              const py::object& x) {
    if (x.is_none()) return grid.grown(span(lower), span(upper), nullptr, nullptr);
    MatrixView<T> view = matrix<T>(x.cast<py::array>(), grid.d());
    const auto find = [](void* user, std::int64_t col, T value) {
        return find_row(*static_cast<MatrixView<T>*>(user), col, value);
    };
    return grid.grown(span(lower), span(upper), find, &view);
}

// Whether [low, high] lies within the bounds the lattice was made of, in every column.
template <class T>
bool spans(const Grid<T>& grid, const Vector<T>& low, const Vector<T>& high) {
    if (low.size() != grid.d() || high.size() != grid.d())
        throw py::value_error("one value per column");
    const StrictFloats strict;
    for (std::size_t j = 0; j < grid.origin().size(); ++j) {
        if (!(low.data()[j] >= grid.origin()[j] && high.data()[j] <= grid.top()[j])) return false;
    }
    return true;
}

template <class T>
void check_inside(const Grid<T>& grid, const py::array& x, int threads) {
    const MatrixView<T> view = matrix<T>(x, grid.d());
    const Context how = context(threads);
    const Outside found = [&] {
        const WithoutGil released;
        return find_outside(grid, view, how);
    }();
    if (found.row < 0) return;
    T value;
    std::memcpy(&value, view.row(found.row) + found.col * view.col_stride, sizeof(T));
    const auto j = static_cast<std::size_t>(found.col);
    throw_out_of_range(value, found.row, found.col, grid.lower()[j], grid.upper()[j]);
}

template <class T, class Code>
py::array quantized(const Grid<T>& grid, const MatrixView<T>& view, bool inside, int threads) {
    py::array_t<Code> codes({view.rows, view.cols});
    Code* to = codes.mutable_data();
    const Context how = context(threads);
    {
        const WithoutGil released;
        quantize(grid, view, to, how, inside);
    }
    return codes;
}

template <class T>
py::array quantize_as(const Grid<T>& grid, const py::array& x, const py::dtype& dtype, bool inside,
                      int threads) {
    const MatrixView<T> view = matrix<T>(x, grid.d());
    if (dtype.is(py::dtype::of<std::uint8_t>()))
        return quantized<T, std::uint8_t>(grid, view, inside, threads);
    if (dtype.is(py::dtype::of<std::uint16_t>()))
        return quantized<T, std::uint16_t>(grid, view, inside, threads);
    return quantized<T, std::int32_t>(grid, view, inside, threads);
}

template <class T>
void register_typed_grid(py::module_& m, const char* name) {
    using G = Grid<T>;
    py::class_<G, std::shared_ptr<G>>(m, name, py::module_local())
        .def(py::init(
                 [](const Vector<T>& lower, const Vector<T>& upper, const Vector<std::int32_t>& k) {
                     return G::from_bounds(span(lower), span(upper), span(k));
                 }),
             py::arg("lower"), py::arg("upper"), py::arg("k"))
        .def("with_extents",
             [](const G& g, const Vector<std::int32_t>& first, const Vector<std::int32_t>& bins) {
                 return g.with_extents(span(first), span(bins));
             })
        .def("grown", &grown<T>, py::arg("lower"), py::arg("upper"), py::arg("X") = py::none())
        .def("shift_from", [](const G& g, const G& older) { return to_array(g.shift_from(older)); })
        .def("check_inside", &check_inside<T>, py::arg("X"), py::arg("threads"))
        .def("quantize", &quantize_as<T>, py::arg("X"), py::arg("dtype"), py::arg("inside"),
             py::arg("threads"))
        .def("spans", &spans<T>, py::arg("low"), py::arg("high"))
        .def("holds_a_value", &G::holds_a_value, py::arg("column"), py::arg("raw"))
        .def("first_value", &G::first_value, py::arg("column"), py::arg("raw"))
        .def("last_value", &G::last_value, py::arg("column"), py::arg("raw"))
        .def("same_lattice", &G::same_lattice)
        .def(
            "__eq__", [](const G& a, const G& b) { return a == b; }, py::is_operator())
        .def_property_readonly("d", &G::d)
        .def_property_readonly("origin", [](const G& g) { return to_array(g.origin()); })
        .def_property_readonly("top", [](const G& g) { return to_array(g.top()); })
        .def_property_readonly("k", [](const G& g) { return to_array(g.k()); })
        .def_property_readonly("first_bin", [](const G& g) { return to_array(g.first()); })
        .def_property_readonly("n_bins", [](const G& g) { return to_array(g.bins()); })
        .def_property_readonly("lower", [](const G& g) { return to_array(g.lower()); })
        .def_property_readonly("upper", [](const G& g) { return to_array(g.upper()); })
        .def_property_readonly("log_bin_volume", &G::log_bin_volume)
        .def_property_readonly("widest", &G::max_bins_of_a_dimension);
}

}  // namespace

void register_grid(py::module_& m) {
    register_typed_grid<float>(m, "Grid32");
    register_typed_grid<double>(m, "Grid64");
}

}  // namespace zbins::python
