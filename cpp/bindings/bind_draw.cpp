#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
#include "zbins/draw.hpp"
#include "zbins/quantize.hpp"

namespace zbins::python {

namespace {

template <class T>
void draw_into(const Grid<T>& grid, const Pmf& pmf, std::uint64_t seed, std::uint64_t start,
               py::array_t<T, py::array::c_style> out, const py::object& labels,
               const py::object& labels_out, int threads) {
    if (out.ndim() != 2 || out.shape(1) != grid.d())
        throw py::value_error("out and grid differ in columns");
    DrawRange range{seed, start, out.shape(0), nullptr, 0};
    Vector<Label> wanted;
    if (!labels.is_none()) {
        wanted = labels.cast<Vector<Label>>();
        range.labels = wanted.data();
        range.label_step = wanted.size() == 1 ? 0 : 1;
        if (wanted.size() != 1 && wanted.size() != range.n)
            throw py::value_error("one label, or one per sample");
    }
    Label* drawn = nullptr;
    if (!labels_out.is_none()) {
        auto array = labels_out.cast<Vector<Label>>();
        if (array.size() != range.n) throw py::value_error("one label per sample");
        drawn = array.mutable_data();
    }
    T* to = out.mutable_data();
    const Context how = context(threads);
    const WithoutGil released;
    draw(grid, pmf, range, to, grid.d(), drawn, how);
}

template <class T>
py::array_t<std::int64_t> bins_of(const Grid<T>& grid, const Pmf& pmf, const py::array& x,
                                  bool inside, int threads) {
    const MatrixView<T> view = matrix<T>(x, grid.d());
    py::array_t<std::int64_t> bins(view.rows);
    std::int64_t* to = bins.mutable_data();
    const Context how = context(threads);
    {
        const WithoutGil released;
        find_bins(grid, pmf, view, to, how, inside);
    }
    return bins;
}

template <class T>
void register_typed_draw(py::module_& m) {
    m.def("draw", &draw_into<T>, py::arg("grid"), py::arg("pmf"), py::arg("seed"), py::arg("start"),
          py::arg("out").noconvert(), py::arg("labels"), py::arg("labels_out"), py::arg("threads"));
    m.def("find_bins", &bins_of<T>, py::arg("grid"), py::arg("pmf"), py::arg("X"),
          py::arg("inside"), py::arg("threads"));
}

}  // namespace

void register_draw(py::module_& m) {
    register_typed_draw<float>(m);
    register_typed_draw<double>(m);
}

}  // namespace zbins::python
