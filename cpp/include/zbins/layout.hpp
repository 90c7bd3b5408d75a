// How a code is packed into a key: 1, 2, 4, 8 or 16 bits a dimension, dimension 0 in the most
// significant bits of word 0, unused bits of the last word zero. So words compare as codes do.
#pragma once

#include <limits>
#include <string>

#include "zbins/error.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

struct Layout {
    std::int64_t d = 0;
    int bits = 16;
    int words = 0;

    Layout() = default;
    // Throws std::invalid_argument where there can be no such code.
    Layout(std::int64_t dimensions, std::int32_t bins_of_the_widest) : d(dimensions), bits(1) {
        if (d < 1 || d > std::numeric_limits<std::int32_t>::max())
            throw_value_error("a code of " + std::to_string(d) + " dimensions cannot be packed");
        if (bins_of_the_widest > max_bins)
            throw_value_error(std::to_string(bins_of_the_widest) + " bins are more than the " +
                              std::to_string(max_bins) + " that a code holds");
        while ((std::int64_t{1} << bits) < bins_of_the_widest) bits *= 2;
        words = static_cast<int>((d + per_word() - 1) / per_word());
    }

    ZBINS_HD int per_word() const { return 64 / bits; }
    ZBINS_HD int code(const Word* key, std::int64_t j) const {
        const int shift = 64 - bits * (static_cast<int>(j % per_word()) + 1);
        return static_cast<int>((key[j / per_word()] >> shift) & ((Word{1} << bits) - 1));
    }
    ZBINS_HD void set(Word* key, std::int64_t j, int code) const {  // the bits must be zero before
        const int shift = 64 - bits * (static_cast<int>(j % per_word()) + 1);
        key[j / per_word()] |= static_cast<Word>(code) << shift;
    }
    bool operator==(const Layout&) const = default;
};

}  // namespace zbins::inline v1
