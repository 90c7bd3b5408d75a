// What this build and this machine use, for bug reports and tests.
#pragma once

#include <string>
#include <vector>

namespace zbins {

std::string simd_level();                // the level in use; throws if ZBINS_SIMD names no level
std::vector<std::string> simd_levels();  // those this machine can run, slowest first

}  // namespace zbins
