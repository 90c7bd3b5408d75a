#include "bind.hpp"

PYBIND11_MODULE(_core, m) {
    using namespace zbins::python;
    m.doc() = "The C++ core of zbins. Not public: use zbins.PMFSampler.";
    register_errors(m);
    register_config(m);
    register_bounds(m);
    register_grid(m);
    register_pmf(m);
    register_model_file(m);
    register_counter(m);
    register_draw(m);
}
