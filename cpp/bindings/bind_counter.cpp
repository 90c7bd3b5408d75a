#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
#include "zbins/count.hpp"

namespace zbins::python {

namespace {

template <class T>
std::int64_t add(Counter<T>& counter, const py::array& x, bool inside, const py::object& labels,
                 int threads) {
    const MatrixView<T> view = matrix<T>(x, counter.layout().d);
    Vector<Label> kept;
    const Label* of_rows = nullptr;
    if (!labels.is_none()) {
        kept = labels.cast<Vector<Label>>();
        if (kept.size() != view.rows) throw py::value_error("one label per row");
        of_rows = kept.data();
    }
    const Context how = context(threads);
    const WithoutGil released;
    return counter.add(view, inside, of_rows, how);
}

template <class T>
std::shared_ptr<Pmf> finish(Counter<T>& counter, const Vector<Label>& label_rank, int threads) {
    const auto rank = span(label_rank);
    const Context how = context(threads);
    const WithoutGil released;
    return std::make_shared<Pmf>(counter.finish(rank, how));
}

template <class T>
void register_typed_counter(py::module_& m, const char* name) {
    py::class_<Counter<T>>(m, name, py::module_local())
        .def(py::init<const Grid<T>&, int, bool>(), py::arg("grid"), py::arg("threads"),
             py::arg("labelled"))
        .def("add", &add<T>, py::arg("X"), py::arg("inside"), py::arg("labels"), py::arg("threads"))
        .def("finish", &finish<T>, py::arg("label_rank"), py::arg("threads"));
}

}  // namespace

void register_counter(py::module_& m) {
    register_typed_counter<float>(m, "Counter32");
    register_typed_counter<double>(m, "Counter64");
}

}  // namespace zbins::python
