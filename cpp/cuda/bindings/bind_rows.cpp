#include "../bounds.hpp"
#include "../draw.hpp"
#include "../find.hpp"
#include "../quantize.hpp"
#include "../table.hpp"
#include "handle.hpp"
#include "zbins/error.hpp"

namespace zbins::cuda::python {

Rows rows_of(const py::tuple& described) {
    Rows x;
    x.data = pointer<const void>(described[0].cast<std::uintptr_t>());
    const int type = described[1].cast<int>();
    if (type < 0 || type > static_cast<int>(Type::float64))
        throw py::value_error("rows of an unknown type");
    x.type = static_cast<Type>(type);
    x.rows = described[2].cast<std::int64_t>();
    x.cols = described[3].cast<std::int64_t>();
    x.row_stride = described[4].cast<std::int64_t>();
    x.col_stride = described[5].cast<std::int64_t>();
    return x;
}

namespace {

// Rows for a grid of T, or an error: kernels do not look.
template <class T>
Rows rows_for(const Grid<T>& grid, const py::tuple& described) {
    const Rows x = rows_of(described);
    if (x.cols != grid.d())
        throw py::value_error("expected " + std::to_string(grid.d()) + " columns, got " +
                              std::to_string(x.cols));
    if ((x.type == Type::float64) != (sizeof(T) == 8))
        throw py::type_error("rows of a type that the grid does not take");
    return x;
}

py::tuple bounds(const Device& device, const py::tuple& described) {
    const Rows x = rows_of(described);
    const auto find = [&]<class T>(T) -> py::tuple {
        const Bounds<T> found = [&] {
            const Call call(device);
            return find_bounds<T>(call.queue(), x);
        }();
        return py::make_tuple(to_array(found.lower), to_array(found.upper));
    };
    return x.type == Type::float64 ? find(0.0) : find(0.0f);
}

// What the first draw would make: so that even it copies nothing and waits for nothing.
template <class T>
void prepare(const Grid<T>& grid, const Model& model) {
    const Call call(*model.device);
    model.pmf->axes(call.queue(), grid);
    load_draw<T>();
}

template <class T>
void quantize_into(const Grid<T>& grid, const Model& model, const py::tuple& described,
                   std::uintptr_t out, int bytes) {
    const Rows x = rows_for(grid, described);
    const Call call(*model.device);
    const auto axes = model.pmf->axes(call.queue(), grid);
    if (bytes == 1) {
        quantize(call.queue(), *axes, x, pointer<std::uint8_t>(out));
    } else if (bytes == 2) {
        quantize(call.queue(), *axes, x, pointer<std::uint16_t>(out));
    } else {
        quantize(call.queue(), *axes, x, pointer<std::int32_t>(out));
    }
}

template <class T>
void check_inside(const Device& device, const Grid<T>& grid, const py::tuple& described) {
    const Rows x = rows_for(grid, described);
    const Call call(device);
    const DeviceAxes<T> axes(call.queue(), grid);
    const std::uint64_t place = first_outside(call.queue(), axes, x);
    if (place == no_place) return;
    const auto cols = static_cast<std::uint64_t>(x.cols);
    const auto row = static_cast<std::int64_t>(place / cols);
    const auto col = static_cast<std::int64_t>(place % cols);
    const auto j = static_cast<std::size_t>(col);
    throw_out_of_range(value_at(call.queue(), x, row, col), row, col, grid.lower()[j],
                       grid.upper()[j]);
}

template <class T>
Model count_rows(const std::shared_ptr<Device>& device, const Grid<T>& grid,
                 const py::tuple& described, bool inside, std::uintptr_t labels, Label classes) {
    const Rows x = rows_for(grid, described);
    std::optional<RowLabels> of_rows;
    if (labels != 0) of_rows = RowLabels{pointer<const Label>(labels), classes};
    const Call call(*device);
    return {count(call.queue(), grid, x, inside, of_rows), device};
}

template <class T>
void draw_into(const Grid<T>& grid, const Model& model, std::uint64_t seed, std::uint64_t start,
               std::uintptr_t start_on_device, std::int64_t n, std::uintptr_t out,
               std::uintptr_t labels, Label label, std::uintptr_t labels_out) {
    const DrawRange range{
        seed, start, pointer<std::uint64_t>(start_on_device), n, pointer<const Label>(labels),
        label};
    {
        const Call call(*model.device);
        const auto axes = model.pmf->axes(call.queue(), grid);
        draw(call.queue(), *axes, *model.pmf, range, pointer<T>(out), pointer<Label>(labels_out));
    }
    model.used();
}

template <class T>
void bins_into(const Grid<T>& grid, const Model& model, const py::tuple& described,
               std::uintptr_t out) {
    const Rows x = rows_for(grid, described);
    const Call call(*model.device);
    find_bins(call.queue(), grid, *model.pmf, x, pointer<std::int64_t>(out));
}

void densities_into(const Model& model, double log_volume, std::uintptr_t bins, std::int64_t n,
                    std::uintptr_t out) {
    {
        const Call call(*model.device);
        log_densities(call.queue(), *model.pmf, log_volume, pointer<const std::int64_t>(bins), n,
                      pointer<double>(out));
    }
    model.used();
}

template <class T>
void register_typed_rows(py::module_& m) {
    m.def("quantize", &quantize_into<T>, py::arg("grid"), py::arg("pmf"), py::arg("rows"),
          py::arg("out"), py::arg("bytes"));
    m.def("check_inside", &check_inside<T>, py::arg("device"), py::arg("grid"), py::arg("rows"));
    m.def("count", &count_rows<T>, py::arg("device"), py::arg("grid"), py::arg("rows"),
          py::arg("inside"), py::arg("labels"), py::arg("classes"));
    m.def("draw", &draw_into<T>, py::arg("grid"), py::arg("pmf"), py::arg("seed"), py::arg("start"),
          py::arg("start_on_device"), py::arg("n"), py::arg("out"), py::arg("labels"),
          py::arg("label"), py::arg("labels_out"));
    m.def("find_bins", &bins_into<T>, py::arg("grid"), py::arg("pmf"), py::arg("rows"),
          py::arg("out"));
}

}  // namespace

void register_rows(py::module_& m) {
    m.def("bounds", &bounds, py::arg("device"), py::arg("rows"));
    m.def("prepare", &prepare<float>, py::arg("grid"), py::arg("pmf"));
    m.def("prepare", &prepare<double>, py::arg("grid"), py::arg("pmf"));
    register_typed_rows<float>(m);
    register_typed_rows<double>(m);
    m.def(
        "_tune", [](int first_log2, std::uint64_t seed) { tuning = Tuning{first_log2, seed}; },
        py::arg("first_log2") = Tuning{}.first_log2, py::arg("seed") = Tuning{}.seed);
    m.def("log_densities", &densities_into, py::arg("pmf"), py::arg("log_volume"), py::arg("bins"),
          py::arg("n"), py::arg("out"));
}

}  // namespace zbins::cuda::python
