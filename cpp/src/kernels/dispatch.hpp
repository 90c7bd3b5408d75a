// Which level is used: the best that this machine runs, chosen at the first use; ZBINS_SIMD forces
// one.
#pragma once

#include <vector>

#include "kernels.hpp"

namespace zbins::inline v1::kernels {

// Those that this machine runs, slowest first.
std::vector<const Level*> available();

// The one in use. Throws std::invalid_argument if ZBINS_SIMD names one that is not available.
const Level& level();

}  // namespace zbins::inline v1::kernels
