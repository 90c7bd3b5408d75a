// Key -> 64 bits: what decides the canonical order of bins, and so is pinned for ever by golden
// values in the tests.
#pragma once

#include "zbins/types.hpp"

namespace zbins::inline v1 {

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
inline constexpr std::uint64_t hash_start = 0x9e3779b97f4a7c15ULL;
ZBINS_HD ZBINS_INLINE constexpr std::uint64_t hash_step(std::uint64_t h, Word word) {
    h = (h ^ word) * 0xd6e8feb86659fd93ULL;
    return h ^ h >> 32;
}
ZBINS_HD ZBINS_INLINE constexpr std::uint64_t fixed_hash(const Word* key, int words) {
    std::uint64_t h = hash_start;
    for (int w = 0; w < words; ++w) h = hash_step(h, key[w]);
    return mix64(h);
}

}  // namespace zbins::inline v1
