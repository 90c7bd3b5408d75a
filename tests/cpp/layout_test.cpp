// Why: packed codes are what is hashed, compared and stored, so the packing is part of the file
// format: dimension 0 in the most significant bits, unused bits zero, words in the order of codes.
#include "zbins/layout.hpp"

#include <algorithm>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"

using zbins::Layout;
using zbins::Word;

namespace {

std::vector<Word> pack(const Layout& layout, const std::vector<int>& code) {
    std::vector<Word> key(static_cast<std::size_t>(layout.words), 0);
    for (std::int64_t j = 0; j < layout.d; ++j)
        layout.set(key.data(), j, code[static_cast<std::size_t>(j)]);
    return key;
}

// The same by the definition: a string of d * bits bits, cut into words.
std::vector<Word> pack_bit_by_bit(std::int64_t d, int bits, const std::vector<int>& code) {
    std::vector<Word> key(static_cast<std::size_t>((d * bits + 63) / 64), 0);
    for (std::int64_t j = 0; j < d; ++j) {
        for (int b = 0; b < bits; ++b) {
            const std::int64_t position = j * bits + b;
            const Word bit =
                (static_cast<Word>(code[static_cast<std::size_t>(j)]) >> (bits - 1 - b)) & 1;
            key[static_cast<std::size_t>(position / 64)] |= bit << (63 - position % 64);
        }
    }
    return key;
}

std::vector<int> random_code(inputs::Random& random, std::int64_t d, int bits) {
    std::vector<int> code(static_cast<std::size_t>(d));
    for (int& c : code) c = static_cast<int>(random.below(std::uint64_t{1} << bits));
    return code;
}

}  // namespace

TEST(layout_takes_the_smallest_power_of_two_bits) {
    const int wanted[][2] = {{1, 1},  {2, 1},   {3, 2},    {4, 2},     {5, 4},      {16, 4},
                             {17, 8}, {256, 8}, {257, 16}, {1000, 16}, {65535, 16}, {65536, 16}};
    for (const auto& [bins, bits] : wanted) CHECK_EQ(Layout(1, bins).bits, bits);
}

TEST(layout_packs_as_a_string_of_bits) {
    inputs::Random random(1);
    for (const int bits : {1, 2, 4, 8, 16}) {
        for (std::int64_t d = 1; d <= 140; ++d) {
            const check::Note note("bits ", bits, ", d ", d);
            const Layout layout(d, 1 << bits);
            CHECK_EQ(layout.bits, bits);
            CHECK_EQ(layout.words, (d * bits + 63) / 64);
            std::vector<int> code = random_code(random, d, bits);
            if (d % 3 == 0) std::fill(code.begin(), code.end(), (1 << bits) - 1);
            const std::vector<Word> key = pack(layout, code);
            CHECK(key == pack_bit_by_bit(d, bits, code));
            for (std::int64_t j = 0; j < d; ++j)
                CHECK_EQ(layout.code(key.data(), j), code[static_cast<std::size_t>(j)]);
        }
    }
}

TEST(layout_keeps_the_order_of_codes) {
    inputs::Random random(2);
    for (const int bits : {1, 2, 4, 8, 16}) {
        for (const std::int64_t d : {1, 3, 5, 9, 33, 70}) {
            const Layout layout(d, 1 << bits);
            for (int i = 0; i < 200; ++i) {
                const std::vector<int> a = random_code(random, d, bits);
                std::vector<int> b = a;
                b[static_cast<std::size_t>(random.below(b.size()))] =
                    static_cast<int>(random.below(std::uint64_t{1} << bits));
                CHECK_EQ(pack(layout, a) < pack(layout, b), a < b);
            }
        }
    }
}
