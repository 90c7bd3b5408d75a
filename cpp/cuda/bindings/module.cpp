#include "handle.hpp"

PYBIND11_MODULE(_cuda, m) {
    using namespace zbins::cuda::python;
    m.doc() = "zbins on CUDA devices. Not public: pass CUDA tensors to zbins.PMFSampler.";
    pybind11::module_::import("zbins._core");  // grids are its type
    register_device(m);
    register_rows(m);
    register_pmf(m);
}
