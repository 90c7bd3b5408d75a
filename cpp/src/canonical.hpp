// The canonical order of law 3: ascending hash, ties by the key itself.
#pragma once

#include <algorithm>

#include "zbins/types.hpp"

namespace zbins {

inline bool canonical_less(std::uint64_t a_hash, const Word* a, std::uint64_t b_hash, const Word* b,
                           int words) {
    if (a_hash != b_hash) return a_hash < b_hash;
    return std::lexicographical_compare(a, a + words, b, b + words);
}

}  // namespace zbins
