// Why: samples are promised bit for bit on every machine for ever, so the generator must be the
// published Philox4x32-10. Answers from kat_vectors of Random123.
#include "zbins/philox.hpp"

#include "check.hpp"
#include "inputs.hpp"
#include "reference.hpp"

namespace {

struct KnownAnswer {
    std::uint32_t counter[4];
    std::uint32_t key[2];
    std::uint32_t words[4];
};

const KnownAnswer known_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

}  // namespace

TEST(philox_gives_the_published_answers) {
    for (const KnownAnswer& known : known_answers) {
        std::uint32_t words[4];
        zbins::philox4x32(zbins::PhiloxKeys(reference::pair(known.key[0], known.key[1])),
                          known.counter[0], known.counter[1], known.counter[2], known.counter[3],
                          words);
        for (int w = 0; w < 4; ++w) CHECK_EQ(words[w], known.words[w]);
    }
}

// The restatement that the tests of draws use, so it must be the same function.
TEST(philox_reference_agrees) {
    CHECK_EQ(reference::philox(0, 0, 0)[0], 0x6627e8d5u);
    inputs::Random random(1);
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t seed = random.word(), index = random.word();
        const auto block = static_cast<std::uint32_t>(random.word());
        std::uint32_t words[4];
        zbins::philox4x32(zbins::PhiloxKeys(seed), static_cast<std::uint32_t>(index),
                          static_cast<std::uint32_t>(index >> 32), block, 0, words);
        const reference::Block expected = reference::philox(seed, index, block);
        for (std::size_t w = 0; w < 4; ++w) CHECK_EQ(words[w], expected[w]);
    }
}
