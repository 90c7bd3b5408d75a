// Keys in any order -> the canonical order of law 3.
#pragma once

#include "device.hpp"
#include "zbins/types.hpp"

namespace zbins::cuda {

// Keys of `words` words. Key number i is the place[i]-th in memory; the i-th where place is null.
struct Keys {
    const Word* words_of_all = nullptr;
    const std::uint32_t* place = nullptr;
    std::uint64_t size = 0;  // below 2^32
    int words = 0;
};

// The numbers of the keys, in canonical order; no two keys are the same.
Array<std::uint32_t> canonical_order(const Queue& queue, const Keys& keys);

// The keys in that order, one after the other.
Array<Word> arranged(const Queue& queue, const Keys& keys, const Array<std::uint32_t>& order);

}  // namespace zbins::cuda
