#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels.hpp"
#include "zbins/error.hpp"
#include "zbins/show.hpp"

namespace zbins::inline v1 {
namespace kernels {
namespace {

std::vector<const Level*> available() {
    std::vector<const Level*> levels{&baseline};
#if defined(ZBINS_X86_LEVELS)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("fma") && __builtin_cpu_supports("lzcnt") &&
        __builtin_cpu_supports("movbe") && __builtin_cpu_supports("f16c")) {
        levels.push_back(&x86_64_v3);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512cd")) {
            levels.push_back(&x86_64_v4);
        }
    }
#endif
    return levels;
}

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

const Level& level() {
    static const Level& chosen = choose();
    return chosen;
}

template <class T>
const Table<T>& table() {
    if constexpr (std::is_same_v<T, float>) {
        return level().f32;
    } else {
        return level().f64;
    }
}
template const Table<float>& table();
template const Table<double>& table();

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
