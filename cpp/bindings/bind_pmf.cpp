#include "arrays.hpp"
#include "bind.hpp"
#include "zbins/check.hpp"
#include "zbins/pmf.hpp"

namespace zbins::python {

namespace {

using PmfPtr = std::shared_ptr<Pmf>;

// Read-only, without a copy: the array keeps the model alive.
template <class T>
py::array view(const py::object& owner, std::vector<py::ssize_t> shape, const T* data) {
    py::array_t<T> array(std::move(shape), data, owner);
    array.attr("setflags")(py::arg("write") = false);
    return array;
}

py::array keys(const py::object& self) {
    const Pmf& pmf = self.cast<const Pmf&>();
    return view(self, {static_cast<py::ssize_t>(pmf.size()), pmf.layout().words}, pmf.key(0));
}

// Rows in all bins before each bin, and after the last: size() + 1 entries.
py::array cumulative(const py::object& self) {
    const Pmf& pmf = self.cast<const Pmf&>();
    return view(self, {static_cast<py::ssize_t>(pmf.size()) + 1}, pmf.cumulative_data());
}

// Ctrl-C while a loop over all bins holds the GIL.
void check_signals(std::uint64_t bin) {
    if (bin % (1 << 16) == 0 && PyErr_CheckSignals() != 0) throw py::error_already_set();
}

py::array counts(const Pmf& pmf) {
    py::array_t<std::int64_t> array(static_cast<py::ssize_t>(pmf.size()));
    std::int64_t* to = array.mutable_data();
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        check_signals(bin);
        to[bin] = static_cast<std::int64_t>(pmf.count(bin));
    }
    return array;
}

template <class Code>
py::array unpacked(const Pmf& pmf) {
    const Layout& layout = pmf.layout();
    py::array_t<Code> codes(
        {static_cast<py::ssize_t>(pmf.size()), static_cast<py::ssize_t>(layout.d)});
    Code* to = codes.mutable_data();
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        check_signals(bin);
        for (std::int64_t j = 0; j < layout.d; ++j)
            *to++ = static_cast<Code>(layout.code(pmf.key(bin), j));
    }
    return codes;
}

py::array codes(const Pmf& pmf, const py::dtype& dtype) {
    return dtype.is(py::dtype::of<std::uint8_t>()) ? unpacked<std::uint8_t>(pmf)
                                                   : unpacked<std::uint16_t>(pmf);
}

// Rows per code of one dimension, `size` entries.
py::array margin(const Pmf& pmf, std::int64_t column, std::int64_t size) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(size), 0);
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        check_signals(bin);
        rows.at(static_cast<std::size_t>(pmf.layout().code(pmf.key(bin), column))) +=
            static_cast<std::int64_t>(pmf.count(bin));
    }
    return to_array(rows);
}

py::object label_counts(const py::object& self) {
    const Pmf& pmf = self.cast<const Pmf&>();
    if (!pmf.labelled()) return py::none();
    const LabelCounts& l = pmf.labels();
    const auto size = [](const auto& buffer) {
        return std::vector<py::ssize_t>{static_cast<py::ssize_t>(buffer.size())};
    };
    return py::make_tuple(view(self, size(l.start), l.start.data()),
                          view(self, size(l.label), l.label.data()),
                          view(self, size(l.count), l.count.data()));
}

PmfPtr from_arrays(std::int64_t d, std::int32_t widest, const Vector<Word>& keys,
                   const Vector<Count>& counts, Label classes, const py::object& labels) {
    std::optional<LabelCounts> label_counts;
    if (!labels.is_none()) {
        const auto parts = labels.cast<py::tuple>();
        // Member by member: see label_counts in merge.cpp.
        label_counts.emplace();
        label_counts->classes = classes;
        label_counts->start = to_buffer(parts[0].cast<Vector<std::uint64_t>>());
        label_counts->label = to_buffer(parts[1].cast<Vector<Label>>());
        label_counts->count = to_buffer(parts[2].cast<Vector<Count>>());
    }
    return PmfPtr(new Pmf(Pmf::checked(Layout(d, widest), to_buffer(keys), to_buffer(counts),
                                       std::move(label_counts))));
}

PmfPtr merged(const Pmf& a, const Pmf& b, const LabelMap& a_labels, const LabelMap& b_labels,
              Label classes, int threads) {
    const Context how = context(threads);
    const py::gil_scoped_release release;
    return PmfPtr(new Pmf(merge(a, b, a_labels, b_labels, classes, how)));
}

PmfPtr rebased(const Pmf& pmf, std::int32_t widest, const Vector<std::int32_t>& shift,
               int threads) {
    const Context how = context(threads);
    const auto shifts = span(shift);
    const py::gil_scoped_release release;
    return PmfPtr(new Pmf(rebase(pmf, Layout(pmf.layout().d, widest), shifts, how)));
}

}  // namespace

void register_pmf(py::module_& m) {
    py::class_<Pmf, PmfPtr>(m, "Pmf")
        .def_static(
            "bits_for", [](std::int32_t widest) { return Layout(1, widest).bits; },
            py::arg("widest"))
        .def_static("from_arrays", &from_arrays, py::arg("d"), py::arg("widest"), py::arg("keys"),
                    py::arg("counts"), py::arg("classes"), py::arg("labels"))
        .def("merged", &merged, py::arg("other"), py::arg("labels"), py::arg("other_labels"),
             py::arg("classes"), py::arg("threads"))
        .def("rebased", &rebased, py::arg("widest"), py::arg("shift"), py::arg("threads"))
        .def("codes", &codes, py::arg("dtype"))
        .def("margin", &margin, py::arg("column"), py::arg("size"))
        .def("label_total", &Pmf::label_total, py::arg("label"))
        .def("__len__", &Pmf::size)
        .def_property_readonly("d", [](const Pmf& pmf) { return pmf.layout().d; })
        .def_property_readonly("bits", [](const Pmf& pmf) { return pmf.layout().bits; })
        .def_property_readonly("total", &Pmf::total)
        .def_property_readonly("nbytes", &Pmf::bytes)
        .def_property_readonly("labelled", &Pmf::labelled)
        .def_property_readonly("keys", &keys)
        .def_property_readonly("counts", &counts)
        .def_property_readonly("cumulative", &cumulative)
        .def_property_readonly("label_counts", &label_counts);
    m.def("check_codes", &check_codes<float>, py::arg("grid"), py::arg("pmf"));
    m.def("check_codes", &check_codes<double>, py::arg("grid"), py::arg("pmf"));
}

}  // namespace zbins::python
