// From a key to its bin. Host and device.
#pragma once

#include "zbins/canonical.hpp"
#include "zbins/hash.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

// The bin with this key, or -1, among bins in canonical order; starts[r] is the first bin whose
// hash, shifted, is at least r.
ZBINS_HD inline std::int64_t find_bin(const Word* keys, int words, const std::uint64_t* starts,
                                      int shift, const Word* wanted, std::uint64_t hash) {
    std::uint64_t low = starts[hash >> shift];
    std::uint64_t high = starts[(hash >> shift) + 1];
    const auto key = [&](std::uint64_t bin) {
        return keys + bin * static_cast<std::uint64_t>(words);
    };
    // Usually one or two bins are left; crafted ones are halved.
    while (high - low > 4) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (canonical_less(hash, wanted, fixed_hash(key(middle), words), key(middle), words)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    for (; low < high; ++low) {
        if (compare_words(wanted, key(low), words) == 0) return static_cast<std::int64_t>(low);
    }
    return -1;
}

}  // namespace zbins::inline v1
