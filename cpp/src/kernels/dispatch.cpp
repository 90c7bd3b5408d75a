#include "dispatch.hpp"

#include <cstdlib>
#include <functional>
#include <string>

#include "zbins/error.hpp"
#include "zbins/show.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace zbins::inline v1 {
namespace kernels {

// Those that the build made, slowest first.
extern const Level ZBINS_LEVELS;
constexpr std::reference_wrapper<const Level> built[] = {ZBINS_LEVELS};

namespace runs_here {

bool baseline() {
    return true;
}

#if defined(__x86_64__)
bool x86_64_v3() {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
        !__builtin_cpu_supports("fma"))
        return false;
    // What clang before 19 does not let __builtin_cpu_supports ask for.
    unsigned a = 0, b = 0, basic = 0, extended = 0, d = 0;
    return __get_cpuid(1, &a, &b, &basic, &d) != 0 && (basic & bit_MOVBE) != 0 &&
           (basic & bit_F16C) != 0 && __get_cpuid(0x80000001, &a, &b, &extended, &d) != 0 &&
           (extended & bit_LZCNT) != 0;
}
bool x86_64_v4() {
    return x86_64_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
}
#endif

}  // namespace runs_here

namespace {

const Level& choose() {
    const std::vector<const Level*> levels = available();
    const char* forced = std::getenv("ZBINS_SIMD");
    if (forced == nullptr || *forced == '\0') return *levels.back();
    std::string names;
    for (const Level* candidate : levels) {
        if (std::string(forced) == candidate->name) return *candidate;
        names += (names.empty() ? "" : ", ") + std::string(candidate->name);
    }
    throw_value_error("ZBINS_SIMD is '" + std::string(forced) +
                      "'; this build on this machine accepts: " + names);
}

}  // namespace

std::vector<const Level*> available() {
    std::vector<const Level*> levels;
    for (const Level& candidate : built) {
        if (candidate.runs_here()) levels.push_back(&candidate);
    }
    return levels;
}

const Level& level() {
    static const Level& chosen = choose();
    return chosen;
}

}  // namespace kernels

std::string simd_level() {
    return kernels::level().name;
}

std::vector<std::string> simd_levels() {
    std::vector<std::string> names;
    for (const auto* level : kernels::available()) names.emplace_back(level->name);
    return names;
}

}  // namespace zbins::inline v1
