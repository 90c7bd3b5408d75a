// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011).
// One header for host and device; checked against the published known answers.
#pragma once

#include "zbins/types.hpp"

namespace zbins::inline v1 {

struct Philox {
    static constexpr std::uint32_t mul0 = 0xd2511f53u;
    static constexpr std::uint32_t mul1 = 0xcd9e8d57u;
    static constexpr std::uint32_t weyl0 = 0x9e3779b9u;
    static constexpr std::uint32_t weyl1 = 0xbb67ae85u;
    static constexpr int rounds = 10;
};

// The keys of all rounds under one 64-bit seed: the same for every counter.
struct PhiloxKeys {
    std::uint32_t k0[Philox::rounds], k1[Philox::rounds];

    ZBINS_HD explicit constexpr PhiloxKeys(std::uint64_t seed) : k0(), k1() {
        for (int round = 0; round < Philox::rounds; ++round) {
            const auto turn = static_cast<std::uint32_t>(round);
            k0[round] = static_cast<std::uint32_t>(seed) + turn * Philox::weyl0;
            k1[round] = static_cast<std::uint32_t>(seed >> 32) + turn * Philox::weyl1;
        }
    }
};

// Four random words for one counter (index low, index high, block, stream).
ZBINS_HD ZBINS_INLINE void philox4x32(const PhiloxKeys& keys, std::uint32_t c0, std::uint32_t c1,
                                      std::uint32_t c2, std::uint32_t c3, std::uint32_t out[4]) {
#if defined(__CUDA_ARCH__)
#pragma unroll
#endif
    for (int round = 0; round < Philox::rounds; ++round) {
        const std::uint64_t p0 = static_cast<std::uint64_t>(Philox::mul0) * c0;
        const std::uint64_t p1 = static_cast<std::uint64_t>(Philox::mul1) * c2;
        c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ keys.k0[round];
        c1 = static_cast<std::uint32_t>(p1);
        c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ keys.k1[round];
        c3 = static_cast<std::uint32_t>(p0);
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

}  // namespace zbins::inline v1
