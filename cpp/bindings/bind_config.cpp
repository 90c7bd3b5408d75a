#include "bind.hpp"

#include <pybind11/stl.h>

#include <optional>

#include "row_error.hpp"
#include "zbins/draw.hpp"
#include "zbins/error.hpp"
#include "zbins/hash.hpp"
#include "zbins/philox.hpp"
#include "zbins/show.hpp"
#include "zbins/strict_floats.hpp"

namespace py = pybind11;

namespace zbins::python {

// std::invalid_argument becomes ValueError by itself. Locally: what another module throws is not
// ours to explain.
void register_errors(py::module_&) {
    py::register_local_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const Interrupted&) {
            // The signal handler has raised already (KeyboardInterrupt, say): leave it in place.
            if (PyErr_Occurred() == nullptr) PyErr_SetNone(PyExc_KeyboardInterrupt);
        } catch (const RowError& error) {
            set_row_error(error);
        } catch (const std::bad_alloc&) {
            PyErr_SetString(PyExc_MemoryError,
                            "not enough memory; fewer rows at a time (partial_fit, fit_batches, "
                            "sample_batches) or fewer n_bins take less");
        }
    });
}

namespace {

// What NumPy computes for the core, in the mode in which the core computes: a context manager.
class StrictBlock {
public:
    void enter() { mode_.emplace(); }
    void exit(const py::args&) { mode_.reset(); }

private:
    std::optional<StrictFloats> mode_;
};

}  // namespace

void register_config(py::module_& m) {
    py::class_<StrictBlock>(m, "StrictFloats", py::module_local())
        .def(py::init<>())
        .def("__enter__", &StrictBlock::enter)
        .def("__exit__", &StrictBlock::exit);
    m.attr("max_bins") = max_bins;
    m.attr("stream_version") = stream_version;
    m.def("simd_level", &simd_level);
    m.def("simd_levels", &simd_levels);
    m.def("compiler", [] {
#if defined(__VERSION__)
        return std::string(__VERSION__);
#else
        return std::string("unknown");
#endif
    });
    m.def("philox4x32", [](std::uint64_t seed, std::uint32_t c0, std::uint32_t c1, std::uint32_t c2,
                           std::uint32_t c3) {
        std::uint32_t out[4];
        philox4x32(PhiloxKeys(seed), c0, c1, c2, c3, out);
        return std::vector<std::uint32_t>(out, out + 4);
    });
    m.def("fixed_hash", [](const std::vector<Word>& key) {
        return fixed_hash(key.data(), static_cast<int>(key.size()));
    });
}

}  // namespace zbins::python
