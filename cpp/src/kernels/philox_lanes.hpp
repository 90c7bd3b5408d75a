// Philox for many counters at once, by the compilers' vector extension. A 64-bit element holds one
// 32-bit word in its low half; what is left in the high half is never looked at, so a round costs
// two multiplications, two shifts and four exclusive ors.
#pragma once

#include "vector.hpp"
#include "zbins/philox.hpp"

namespace zbins::inline v1::kernels {
namespace {

// Words 0 and 1 of each counter as one 64-bit value, and words 2 and 3.
struct Pairs {
    Vector w01, w23;
};

// The words of `count` vectors of counters side by side: enough to hide the multiplier's latency.
template <int count>
struct Words {
    Vector c0[count], c1[count], c2[count], c3[count];
};

constexpr std::uint32_t key0_of(std::uint64_t seed, int round) {
    return static_cast<std::uint32_t>(seed) + static_cast<std::uint32_t>(round) * Philox::weyl0;
}
constexpr std::uint32_t key1_of(std::uint64_t seed, int round) {
    return static_cast<std::uint32_t>(seed >> 32) +
           static_cast<std::uint32_t>(round) * Philox::weyl1;
}

// The rounds after the first `done`.
template <int count, int done>
ZBINS_INLINE void finish_rounds(std::uint64_t seed, Words<count>& c, Pairs* out) {
    const Vector mul0 = Vector{} + Philox::mul0, mul1 = Vector{} + Philox::mul1;
    for (int round = done; round < Philox::rounds; ++round) {
        const Vector key0 = Vector{} + key0_of(seed, round), key1 = Vector{} + key1_of(seed, round);
        for (int v = 0; v < count; ++v) {
            const Vector p0 = multiply(c.c0[v], mul0), p1 = multiply(c.c2[v], mul1);
            c.c0[v] = (p1 >> 32) ^ (c.c1[v] ^ key0);
            c.c2[v] = (p0 >> 32) ^ (c.c3[v] ^ key1);
            c.c1[v] = p1;
            c.c3[v] = p0;
        }
    }
    constexpr std::uint64_t low = 0xffffffffu;
    for (int v = 0; v < count; ++v) {
        out[v].w01 = (c.c0[v] & low) | (c.c1[v] << 32);
        out[v].w23 = (c.c2[v] & low) | (c.c3[v] << 32);
    }
}

// Counters (index, block).
template <int count>
ZBINS_INLINE void philox(std::uint64_t seed, const Vector* index, const Vector* block, Pairs* out) {
    Words<count> c;
    for (int v = 0; v < count; ++v) {
        c.c0[v] = index[v];
        c.c1[v] = index[v] >> 32;
        c.c2[v] = block[v];
        c.c3[v] = Vector{};
    }
    finish_rounds<count, 0>(seed, c, out);
}

// What the first two rounds make of a row's index alone, whatever the block: they mix the two by
// one multiplication only.
struct RowStart {
    std::uint64_t c0, next_c0, next_c1, next_c2;

    RowStart(std::uint64_t seed, std::uint64_t index) {
        constexpr std::uint64_t low = 0xffffffffu;
        const std::uint64_t p0 = (index & low) * Philox::mul0;
        const std::uint64_t c2 = (p0 >> 32) ^ key1_of(seed, 0);
        const std::uint64_t p1 = (c2 & low) * Philox::mul1;
        c0 = (index >> 32) ^ key0_of(seed, 0);
        next_c0 = (p1 >> 32) ^ key0_of(seed, 1);
        next_c1 = p1;
        next_c2 = p0 ^ key1_of(seed, 1);
    }
};

// Counters (the row's index, block), where `products` are those of the blocks with mul1.
template <int count>
ZBINS_INLINE void philox_of_row(std::uint64_t seed, const RowStart& row, const Vector* products,
                                Pairs* out) {
    const Vector mul0 = Vector{} + Philox::mul0;
    Words<count> c;
    for (int v = 0; v < count; ++v) {
        const Vector p0 = multiply((products[v] >> 32) ^ row.c0, mul0);
        c.c0[v] = products[v] ^ row.next_c0;
        c.c1[v] = Vector{} + row.next_c1;
        c.c2[v] = (p0 >> 32) ^ row.next_c2;
        c.c3[v] = p0;
    }
    finish_rounds<count, 2>(seed, c, out);
}

}  // namespace
}  // namespace zbins::inline v1::kernels
