// What device code does with a table.
#pragma once

#include "kernel.cuh"
#include "table.hpp"
#include "zbins/canonical.hpp"
#include "zbins/hash.hpp"

namespace zbins::cuda {

// Far longer than any run of taken slots in a table that is half empty, and the sign of one that is
// not.
inline constexpr int most_probes = 512;

// Unlike fixed_hash, it cannot be foreseen: the seed goes through every step.
ZBINS_HD inline std::uint64_t keyed_hash(std::uint64_t seed, const Word* key, int words) {
    std::uint64_t h = seed;
    for (int w = 0; w < words; ++w) h = mix64(h ^ key[w]) + seed;
    return mix64(h);
}

// The slot of the row's bin, claimed for it where it is new; no_slot if there was no place.
__device__ inline std::uint32_t claim(const TableView& table, std::uint32_t row) {
    const Word* key = table.keys + static_cast<std::uint64_t>(row) * table.words;
    const std::uint64_t hash = keyed_hash(table.seed, key, table.words);
    const std::uint64_t mine = hash << 32 | row;
    const std::uint64_t mask = (std::uint64_t{1} << table.log2) - 1;
    std::uint64_t place = hash >> (64 - table.log2);
    for (int probe = 0; probe < most_probes; ++probe, place = (place + 1) & mask) {
        if (probe % 32 == 31 && read_now(table.full) != 0) return no_slot;
        std::uint64_t there = read_now(table.slots + place);
        if (there == free_slot) {
            there = atomicCAS(as_atomic(table.slots + place), free_slot, mine);
            if (there == free_slot) return static_cast<std::uint32_t>(place);
        }
        if (there >> 32 != mine >> 32) continue;
        const std::uint64_t other = there & 0xffffffffu;
        if (compare_words(key, table.keys + other * table.words, table.words) == 0)
            return static_cast<std::uint32_t>(place);
    }
    return no_slot;
}

}  // namespace zbins::cuda
