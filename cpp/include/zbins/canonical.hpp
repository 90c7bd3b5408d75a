// The canonical order of law 3: ascending hash, ties by the key itself.
#pragma once

#include "zbins/types.hpp"

namespace zbins::inline v1 {

// Below zero, zero or above it, as the first of two keys of `words` words comes before the second,
// is it, or comes after it.
ZBINS_HD inline int compare_words(const Word* a, const Word* b, int words) {
    for (int w = 0; w < words; ++w) {
        if (a[w] != b[w]) return a[w] < b[w] ? -1 : 1;
    }
    return 0;
}

ZBINS_HD inline bool canonical_less(std::uint64_t a_hash, const Word* a, std::uint64_t b_hash,
                                    const Word* b, int words) {
    if (a_hash != b_hash) return a_hash < b_hash;
    return compare_words(a, b, words) < 0;
}

// Asks for the lines of a key; of a very long one, those that the hardware does not follow.
ZBINS_INLINE void prefetch_words(const Word* key, int words) {
    for (int w = 0; w < words && w < 64; w += 8) __builtin_prefetch(key + w);
    __builtin_prefetch(key + words - 1);  // on another line, perhaps
}

}  // namespace zbins::inline v1
