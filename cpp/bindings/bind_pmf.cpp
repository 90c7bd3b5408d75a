#include "arrays.hpp"
#include "bind.hpp"
#include "gil.hpp"
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
    return view(self, {static_cast<py::ssize_t>(pmf.size()) + 1},
                pmf.categorical().cumulative_data());
}

// Calls visit(bin) for every bin, without the GIL.
template <class Visit>
void for_bins(const Pmf& pmf, Visit&& visit) {
    const Context how = context(1);
    const WithoutGil released;
    InterruptCheck check(how);
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        if (bin % (1 << 14) == 0) check();
        visit(bin);
    }
}

py::array counts(const Pmf& pmf) {
    py::array_t<std::int64_t> array(static_cast<py::ssize_t>(pmf.size()));
    std::int64_t* to = array.mutable_data();
    for_bins(pmf, [&](std::uint64_t bin) { to[bin] = static_cast<std::int64_t>(pmf.count(bin)); });
    return array;
}

template <class Code>
py::array unpacked(const Pmf& pmf) {
    const Layout& layout = pmf.layout();
    py::array_t<Code> codes(
        {static_cast<py::ssize_t>(pmf.size()), static_cast<py::ssize_t>(layout.d)});
    Code* to = codes.mutable_data();
    for_bins(pmf, [&](std::uint64_t bin) {
        for (std::int64_t j = 0; j < layout.d; ++j)
            *to++ = static_cast<Code>(layout.code(pmf.key(bin), j));
    });
    return codes;
}

py::array codes(const Pmf& pmf, const py::dtype& dtype) {
    return dtype.is(py::dtype::of<std::uint8_t>()) ? unpacked<std::uint8_t>(pmf)
                                                   : unpacked<std::uint16_t>(pmf);
}

// The marginal counts of one dimension: rows per code, `size` entries.
py::array marginal(const Pmf& pmf, std::int64_t column, std::int64_t size) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(size), 0);
    for_bins(pmf, [&](std::uint64_t bin) {
        rows.at(static_cast<std::size_t>(pmf.layout().code(pmf.key(bin), column))) +=
            static_cast<std::int64_t>(pmf.count(bin));
    });
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

// Everything is checked, so that it may come from anywhere.
template <class T>
PmfPtr from_arrays(const Grid<T>& grid, const Vector<Word>& keys,
                   const Vector<std::int64_t>& counts, Label classes, const py::object& labels,
                   int threads) {
    Vector<std::uint64_t> start, label_count;
    Vector<Label> label;
    if (!labels.is_none()) {
        const auto parts = labels.cast<py::tuple>();
        start = parts[0].cast<Vector<std::uint64_t>>();
        label = parts[1].cast<Vector<Label>>();
        label_count = parts[2].cast<Vector<Count>>();
    }
    const bool labelled = !labels.is_none();
    const Context how = context(threads);
    const WithoutGil released;
    Buffer<Count> counted(static_cast<std::uint64_t>(counts.size()));
    std::copy_n(counts.data(), counts.size(), counted.data());  // below zero is far too many
    std::optional<LabelCounts> label_counts;
    if (labelled) {
        // Member by member: see LabelCounts::room.
        label_counts.emplace();
        label_counts->classes = classes;
        label_counts->start = to_buffer(span(start));
        label_counts->label = to_buffer(span(label));
        label_counts->count = to_buffer(span(label_count));
    }
    const Layout layout(grid.d(), grid.max_bins_of_a_dimension());
    return std::make_shared<Pmf>(Pmf::checked(layout, to_buffer(span(keys)), std::move(counted),
                                              std::move(label_counts), how)
                                     .on(grid, how));
}

template <class T>
PmfPtr merged(const Pmf& a, const Pmf& b, const Grid<T>& grid, const LabelMap& a_labels,
              const LabelMap& b_labels, Label classes, int threads) {
    const Context how = context(threads);
    const WithoutGil released;
    return std::make_shared<Pmf>(merge(a, b, grid, a_labels, b_labels, classes, how));
}

template <class T>
PmfPtr rebased(const Pmf& pmf, const Grid<T>& grid, int threads) {
    const Context how = context(threads);
    const WithoutGil released;
    return std::make_shared<Pmf>(rebase(pmf, grid, how));
}

template <class T>
void register_typed(py::class_<Pmf, PmfPtr>& bound) {
    bound
        .def_static("from_arrays", &from_arrays<T>, py::arg("grid"), py::arg("keys"),
                    py::arg("counts"), py::arg("classes"), py::arg("labels"), py::arg("threads"))
        .def("merged", &merged<T>, py::arg("other"), py::arg("grid"), py::arg("labels"),
             py::arg("other_labels"), py::arg("classes"), py::arg("threads"))
        .def("rebased", &rebased<T>, py::arg("grid"), py::arg("threads"));
}

}  // namespace

void register_pmf(py::module_& m) {
    py::class_<Pmf, PmfPtr> bound(m, "Pmf", py::module_local());
    register_typed<float>(bound);
    register_typed<double>(bound);
    bound
        .def_static(
            "bits_for", [](std::int32_t widest) { return Layout(1, widest).bits; },
            py::arg("widest"))
        // What zbins._cuda made: the class is known to this module alone.
        .def_static(
            "adopt",
            [](const py::capsule& made) {
                if (made.name() == nullptr || std::string_view(made.name()) != pmf_capsule)
                    throw py::type_error("expected counts that zbins._cuda of this build made");
                return *made.get_pointer<PmfPtr>();
            },
            py::arg("made"))
        .def("codes", &codes, py::arg("dtype"))
        .def("marginal", &marginal, py::arg("column"), py::arg("size"))
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
}

}  // namespace zbins::python
