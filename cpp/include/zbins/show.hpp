// What this build and this machine use, for bug reports and tests.
#pragma once

#include <string>
#include <vector>

#include "zbins/types.hpp"

namespace zbins::inline v1 {

ZBINS_API std::string simd_level();  // the level in use; throws if ZBINS_SIMD names no level
ZBINS_API std::vector<std::string> simd_levels();  // those this machine can run, slowest first

}  // namespace zbins::inline v1
