// Why: the hash decides the order of bins in every model file, so its values are pinned for ever.
#include "zbins/hash.hpp"

#include <vector>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"

using zbins::fixed_hash;
using zbins::Word;

namespace {

struct Golden {
    std::vector<Word> key;
    std::uint64_t hash;
};

// Computed with whole numbers in Python from the formula in the comment of fixed_hash.
const Golden golden[] = {
    {{0}, 0x8b172f19d02c3b2bULL},
    {{1}, 0x3d13ff473cfd3f9dULL},
    {{~Word{0}}, 0x8698c73a5c991fcfULL},
    {{0x0123456789abcdef}, 0x84c6e05d4eb30d1eULL},
    {{0x8000000000000000}, 0x694d955635f72460ULL},
    {{0, 0}, 0xcd8f88d0689a63b1ULL},
    {{1, 0}, 0x1c293e5a8e55e2e7ULL},
    {{0, 1}, 0x2e2e911f5507ee4cULL},
    {{0x0123456789abcdef, 0xfedcba9876543210}, 0x447e134725121c78ULL},
    {{1, 2, 3}, 0xc0e2635d4bbda542ULL},
    {{0, 0, 0}, 0xb047c71e8af7bca7ULL},
    {{~Word{0}, ~Word{0}, ~Word{0}}, 0xdf6465a8a2905bdfULL},
    {{1, 2, 3, 4, 5, 6, 7, 8}, 0x457a89519e3d5fe8ULL},
    {{0, 0, 0, 0, 0, 0, 0, 0}, 0x8b2130aec5c18fc0ULL},
    {{0x0101010101010101, 0x0202020202020202, 0x0303030303030303, 0x0404040404040404,
      0x0505050505050505, 0x0606060606060606, 0x0707070707070707, 0x0808080808080808},
     0xbdf69ceabce76731ULL},
};

}  // namespace

TEST(fixed_hash_is_pinned) {
    for (const Golden& g : golden) {
        const check::Note note("a key of ", g.key.size(), " words");
        CHECK_EQ(fixed_hash(g.key.data(), static_cast<int>(g.key.size())), g.hash);
    }
}

TEST(fixed_hash_of_one_word_is_a_bijection) {
    inputs::Random random(1);
    for (int i = 0; i < 100000; ++i) {
        const Word key = i < 64 ? Word{1} << i : random.word();
        CHECK_EQ(crafted::last_word({}, fixed_hash(&key, 1)), key);
        const Word wanted = random.word();
        const Word found = crafted::last_word({}, wanted);
        CHECK_EQ(fixed_hash(&found, 1), wanted);
    }
}

TEST(fixed_hash_depends_on_every_bit_of_every_word) {
    inputs::Random random(2);
    for (const int words : {1, 2, 3, 8}) {
        std::vector<Word> key(static_cast<std::size_t>(words));
        for (Word& word : key) word = random.word();
        const std::uint64_t before = fixed_hash(key.data(), words);
        for (Word& word : key) {
            for (int bit = 0; bit < 64; ++bit) {
                word ^= Word{1} << bit;
                CHECK(fixed_hash(key.data(), words) != before);
                word ^= Word{1} << bit;
            }
        }
    }
}
