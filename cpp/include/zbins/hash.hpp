// Key -> 64 bits. `fixed_hash` decides the canonical order of bins and so is pinned for ever by
// golden values in the tests; `keyed_hash` is the refuge from latents crafted to collide.
#pragma once

#include "zbins/types.hpp"

namespace zbins {

// Bijective finalizer of SplitMix64 (Steele, Lea, Flood 2014, with Stafford's constants, "Mix13").
ZBINS_HD ZBINS_INLINE constexpr std::uint64_t mix64(std::uint64_t x) {
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;
    x ^= x >> 31;
    return x;
}

// One multiply-xorshift per word, then the finalizer. For one-word keys it is a bijection: two
// different keys never share a hash.
ZBINS_HD ZBINS_INLINE constexpr std::uint64_t fixed_hash(const Word* key, int words) {
    std::uint64_t h = 0x9e3779b97f4a7c15ULL;
    for (int w = 0; w < words; ++w) {
        h = (h ^ key[w]) * 0xd6e8feb86659fd93ULL;
        h ^= h >> 32;
    }
    return mix64(h);
}

struct HashKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

// SipHash-1-3 (Aumasson, Bernstein 2012) over whole words, keyed per process.
constexpr std::uint64_t keyed_hash(const Word* key, int words, HashKey secret) {
    const auto rotl = [](std::uint64_t x, int b) { return (x << b) | (x >> (64 - b)); };
    std::uint64_t v0 = secret.k0 ^ 0x736f6d6570736575ULL;
    std::uint64_t v1 = secret.k1 ^ 0x646f72616e646f6dULL;
    std::uint64_t v2 = secret.k0 ^ 0x6c7967656e657261ULL;
    std::uint64_t v3 = secret.k1 ^ 0x7465646279746573ULL;
    const auto round = [&] {
        v0 += v1, v1 = rotl(v1, 13), v1 ^= v0, v0 = rotl(v0, 32);
        v2 += v3, v3 = rotl(v3, 16), v3 ^= v2;
        v0 += v3, v3 = rotl(v3, 21), v3 ^= v0;
        v2 += v1, v1 = rotl(v1, 17), v1 ^= v2, v2 = rotl(v2, 32);
    };
    for (int w = 0; w < words; ++w) {
        v3 ^= key[w];
        round();
        v0 ^= key[w];
    }
    const std::uint64_t tail = (static_cast<std::uint64_t>(words) * 8) << 56;
    v3 ^= tail;
    round();
    v0 ^= tail;
    v2 ^= 0xff;
    round(), round(), round();
    return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace zbins
