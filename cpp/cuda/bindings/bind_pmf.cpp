#include "handle.hpp"

namespace zbins::cuda::python {

namespace {

Model from_host(const std::shared_ptr<Device>& device, const zbins::Pmf& pmf) {
    const Call call(*device);
    return {Pmf::from_host(call.queue(), pmf), device};
}

// Its class belongs to zbins._core, which alone knows it.
py::object adopted(std::shared_ptr<zbins::Pmf> host) {
    return py::module_::import("zbins._core")
        .attr("Pmf")
        .attr("adopt")(py::capsule(&host, zbins::python::pmf_capsule));
}

py::object to_host(const Model& model) {
    auto host = [&] {
        const Call call(*model.device);
        return model.pmf->to_host(call.queue());
    }();
    return adopted(std::move(host));
}

template <class T>
py::object to_host_on(const Model& model, const Grid<T>& grid) {
    auto host = [&] {
        const Call call(*model.device);
        return model.pmf->to_host(call.queue(), grid);
    }();
    return adopted(std::move(host));
}

Model merged(const Model& a, const Model& b, const LabelMap& a_labels, const LabelMap& b_labels,
             Label classes, int) {
    if (a.device->ordinal != b.device->ordinal)
        throw py::value_error("models on two devices cannot be merged");
    const Call call(*a.device);
    return {merge(call.queue(), *a.pmf, *b.pmf, a_labels, b_labels, classes), a.device};
}

Model rebased(const Model& model, std::int32_t widest,
              const py::array_t<std::int32_t, py::array::c_style>& shift, int) {
    const std::vector<std::int32_t> shifts(shift.data(), shift.data() + shift.size());
    const Call call(*model.device);
    return {rebase(call.queue(), *model.pmf, Layout(model.pmf->layout().d, widest), shifts),
            model.device};
}

}  // namespace

// The methods of zbins._core.Pmf that work where the model is, under the same names; for the others
// there is to_host.
void register_pmf(py::module_& m) {
    py::class_<Model>(m, "Pmf", py::module_local())
        .def_static("from_host", &from_host, py::arg("device"), py::arg("pmf"))
        .def("to_host", &to_host)
        .def("to_host", &to_host_on<float>, py::arg("grid"))
        .def("to_host", &to_host_on<double>, py::arg("grid"))
        .def("merged", &merged, py::arg("other"), py::arg("labels"), py::arg("other_labels"),
             py::arg("classes"), py::arg("threads"))
        .def("rebased", &rebased, py::arg("widest"), py::arg("shift"), py::arg("threads"))
        .def("label_total", [](const Model& s, Label label) { return s.pmf->label_total(label); })
        .def("__len__", [](const Model& s) { return s.pmf->size(); })
        .def_property_readonly("d", [](const Model& s) { return s.pmf->layout().d; })
        .def_property_readonly("bits", [](const Model& s) { return s.pmf->layout().bits; })
        .def_property_readonly("total", [](const Model& s) { return s.pmf->total(); })
        .def_property_readonly("nbytes", [](const Model& s) { return s.pmf->bytes(); })
        .def_property_readonly("labelled", [](const Model& s) { return s.pmf->labelled(); })
        .def_property_readonly("device", [](const Model& s) { return s.device; });
}

}  // namespace zbins::cuda::python
