// The kernels of every instruction set that this machine has, side by side in one process.
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/kernels.hpp"
#include "zbins/show.hpp"

namespace levels {

using zbins::kernels::Level;

inline std::vector<const Level*> available() {
    std::vector<const Level*> built{&zbins::kernels::baseline};
#if defined(ZBINS_X86_LEVELS)
    built.push_back(&zbins::kernels::x86_64_v3);
    built.push_back(&zbins::kernels::x86_64_v4);
#endif
    const std::vector<std::string> names = zbins::simd_levels();
    std::erase_if(built, [&](const Level* level) {
        return std::find(names.begin(), names.end(), level->name) == names.end();
    });
    return built;
}

template <class T>
const zbins::kernels::Table<T>& table(const Level& level) {
    if constexpr (std::is_same_v<T, float>) {
        return level.f32;
    } else {
        return level.f64;
    }
}

}  // namespace levels
