// Keys crafted to collide, as an attacker would: fixed_hash is run backwards.
#pragma once

#include <vector>

#include "inputs.hpp"
#include "zbins/hash.hpp"

namespace crafted {

using Key = std::vector<zbins::Word>;

// x with x ^ (x >> shift) == y.
inline std::uint64_t undo_xorshift(std::uint64_t y, int shift) {
    std::uint64_t x = y;
    for (int known = shift; known < 64; known += shift) x = y ^ (x >> shift);
    return x;
}

// The inverse of an odd number modulo 2^64 (Newton: each step doubles the correct bits).
inline std::uint64_t inverse(std::uint64_t odd) {
    std::uint64_t x = odd;
    for (int step = 0; step < 6; ++step) x *= 2 - odd * x;
    return x;
}

inline constexpr std::uint64_t word_multiplier = 0xd6e8feb86659fd93ULL;

inline std::uint64_t undo_mix64(std::uint64_t h) {
    h = undo_xorshift(h, 31) * inverse(0x94d049bb133111ebULL);
    h = undo_xorshift(h, 27) * inverse(0xbf58476d1ce4e5b9ULL);
    return undo_xorshift(h, 30);
}

// The last word that gives a key beginning with `begin` the hash `wanted`.
inline zbins::Word last_word(const Key& begin, std::uint64_t wanted) {
    std::uint64_t state = 0x9e3779b97f4a7c15ULL;
    for (const zbins::Word word : begin) {
        state = (state ^ word) * word_multiplier;
        state ^= state >> 32;
    }
    return (undo_xorshift(undo_mix64(wanted), 32) * inverse(word_multiplier)) ^ state;
}

// A key of `words` words, random but for the last, with this hash.
inline Key key_with_hash(inputs::Random& random, int words, std::uint64_t wanted) {
    Key key(static_cast<std::size_t>(words - 1));
    for (zbins::Word& word : key) word = random.word();
    key.push_back(last_word(key, wanted));
    return key;
}

}  // namespace crafted
