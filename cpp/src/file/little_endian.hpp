// Numbers as they lie in a model file: little-endian, at any address.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace zbins::inline v1::file {

template <class T>
T little_endian(const std::byte* at) {
    std::byte bytes[sizeof(T)];
    std::memcpy(bytes, at, sizeof(T));
    if constexpr (std::endian::native == std::endian::big) std::reverse(bytes, bytes + sizeof(T));
    return std::bit_cast<T>(bytes);
}

}  // namespace zbins::inline v1::file
