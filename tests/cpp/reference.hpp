// The laws written down once more, slow and obvious, from the text of the design and without the
// code under test: what fast code is compared with.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace reference {

// Law 1. Beyond +-2^20 the package saturates; no grid has bins there.
template <class T>
std::int64_t raw_bin(T z, T origin, T top, T scale, std::int64_t k) {
    constexpr std::int64_t limit = 1 << 20;
    if (origin == top) return z > top ? k : (z < origin ? -1 : 0);
    const T offset = z - origin;
    const T quotient = offset * scale;
    const T floored = std::floor(quotient);
    const std::int64_t raw = floored >= static_cast<T>(limit) ? limit
                             : floored <= static_cast<T>(-limit)
                                 ? -limit
                                 : static_cast<std::int64_t>(floored);
    if (z > top) return std::max(raw, k);
    if (z < origin) return std::min<std::int64_t>(raw, -1);
    return std::min(raw, k - 1);
}

// Law 1: computed in float64 and rounded once.
template <class T>
T scale(T origin, T top, std::int64_t k) {
    if (origin == top) return 0;
    return static_cast<T>(static_cast<double>(k) /
                          (static_cast<double>(top) - static_cast<double>(origin)));
}
template <class T>
T width(T origin, T top, std::int64_t k) {
    return static_cast<T>((static_cast<double>(top) - static_cast<double>(origin)) /
                          static_cast<double>(k));
}

// Philox4x32-10 after the paper's figure 3: S-box from 32 x 32 -> 64 bit products.
using Block = std::array<std::uint32_t, 4>;
inline Block philox(std::uint64_t seed, std::uint64_t index, std::uint32_t block) {
    Block c{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), block, 0};
    std::uint32_t key[2] = {static_cast<std::uint32_t>(seed),
                            static_cast<std::uint32_t>(seed >> 32)};
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t left = std::uint64_t{0xd2511f53u} * c[0];
        const std::uint64_t right = std::uint64_t{0xcd9e8d57u} * c[2];
        c = {static_cast<std::uint32_t>(right >> 32) ^ c[1] ^ key[0],
             static_cast<std::uint32_t>(right),
             static_cast<std::uint32_t>(left >> 32) ^ c[3] ^ key[1],
             static_cast<std::uint32_t>(left)};
        key[0] += 0x9e3779b9u;
        key[1] += 0xbb67ae85u;
    }
    return c;
}

inline std::uint64_t pair(std::uint32_t low, std::uint32_t high) {
    return (static_cast<std::uint64_t>(high) << 32) | low;
}

// Laws 4 and 5: the rank of sample `index` among `n` rows, by schoolbook multiplication.
inline std::uint64_t rank(std::uint64_t seed, std::uint64_t index, std::uint64_t n) {
    const Block words = philox(seed, index, 0);
    const std::uint64_t n_low = n & 0xffffffffu, n_high = n >> 32;
    const std::uint64_t low = words[0] * n_low, middle1 = words[1] * n_low,
                        middle2 = words[0] * n_high, high = words[1] * n_high;
    const std::uint64_t carry = (low >> 32) + (middle1 & 0xffffffffu) + (middle2 & 0xffffffffu);
    return high + (middle1 >> 32) + (middle2 >> 32) + (carry >> 32);
}

// Law 4: the offset u of dimension j.
inline float offset(std::uint64_t seed, std::uint64_t index, std::uint32_t j, float) {
    return static_cast<float>(philox(seed, index, 1 + j / 4)[j % 4] >> 8) / 16777216.0f;
}
inline double offset(std::uint64_t seed, std::uint64_t index, std::uint32_t j, double) {
    const Block words = philox(seed, index, 1 + j / 2);
    const std::uint64_t bits = pair(words[2 * (j % 2)], words[2 * (j % 2) + 1]) >> 11;
    return static_cast<double>(bits) / 9007199254740992.0;
}

}  // namespace reference
