#include "../../bindings/row_error.hpp"
#include "handle.hpp"

namespace zbins::cuda::python {

Block FrameworkAllocator::allocate(std::size_t bytes) {
    const zbins::python::WithGil gil;
    const auto made = device_.allocate(bytes).cast<py::tuple>();
    auto* owner = new py::object(made[1]);
    return {pointer<void>(made[0].cast<std::uintptr_t>()), nullptr,
            std::shared_ptr<void>(owner, [](void* kept) {
                const zbins::python::WithGil held;
                delete static_cast<py::object*>(kept);
            })};
}

void Model::used() const {
    const auto current = pointer<CUstream_st>(device->stream().cast<std::uintptr_t>());
    const auto blocks = [&] {
        const zbins::python::WithoutGil
            released;  // another thread may hold its lock and want the GIL
        return pmf->blocks();
    }();
    py::list owners;
    for (const Block& block : blocks) {
        if (block.stream != current)
            owners.append(*static_cast<const py::object*>(block.owner.get()));
    }
    if (!owners.empty()) device->use(owners);
}

namespace {
// The first call starts the driver.
int devices() {
    const zbins::python::WithoutGil released;
    return device_count();
}
}  // namespace

void register_device(py::module_& m) {
    py::class_<Device, std::shared_ptr<Device>>(m, "Device", py::module_local())
        .def(
            py::init([](int ordinal, py::function allocate, py::function stream, py::function use) {
                const int count = devices();
                if (ordinal < 0 || ordinal >= count) {
                    throw py::value_error(
                        "cuda:" + std::to_string(ordinal) + " is not there: this machine has " +
                        std::to_string(count) + " CUDA device" + (count == 1 ? "" : "s"));
                }
                return std::make_shared<Device>(
                    Device{ordinal, std::move(allocate), std::move(stream), std::move(use)});
            }),
            py::arg("ordinal"), py::arg("allocate"), py::arg("stream"), py::arg("use"))
        .def_readonly("ordinal", &Device::ordinal);
    m.def("device_count", &devices);
    m.def("device_names", [] {
        std::vector<std::string> names;
        const zbins::python::WithoutGil released;
        for (int i = 0; i < device_count(); ++i) {
            cudaDeviceProp properties{};
            check(cudaGetDeviceProperties(&properties, i), "asking for a device's name");
            names.emplace_back(properties.name);
        }
        return names;
    });
    m.def("runtime_version", [] {
        int version = 0;
        check(cudaRuntimeGetVersion(&version), "asking for the version of the runtime");
        return version;
    });
    m.def("driver_version", [] {  // 0 without a driver
        int version = 0;
        check(cudaDriverGetVersion(&version), "asking for the version of the driver");
        return version;
    });
    m.attr("architectures") = ZBINS_CUDA_ARCHITECTURES;

    py::register_local_exception<Error>(m, "CudaError", PyExc_RuntimeError);
    py::register_local_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const RowError& error) {
            zbins::python::set_row_error(error);
        } catch (const std::bad_alloc&) {
            PyErr_SetString(PyExc_MemoryError,
                            "not enough memory on the device; fewer rows at a time (partial_fit, "
                            "fit_batches, sample_batches) or fewer n_bins take less");
        }
    });
}

}  // namespace zbins::cuda::python
