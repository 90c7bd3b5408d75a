#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
#include "zbins/model_file.hpp"

namespace zbins::python {

namespace {

// The grid, the PMF, and what else the file says, as JSON.
py::tuple read_model(const Vector<std::uint8_t>& content, int threads) {
    const auto bytes = std::as_bytes(span(content));
    const Context how = context(threads);
    AnyModel model = [&] {
        const WithoutGil released;
        return parse_model(bytes, how);
    }();
    return std::visit(
        []<class T>(Model<T>& found) -> py::tuple {
            return py::make_tuple(std::make_shared<Grid<T>>(std::move(found.grid)),
                                  std::make_shared<Pmf>(std::move(found.pmf)),
                                  found.description.metadata);
        },
        model);
}

}  // namespace

void register_model_file(py::module_& m) {
    m.def("read_model", &read_model, py::arg("content").noconvert(), py::arg("threads"));
}

}  // namespace zbins::python
