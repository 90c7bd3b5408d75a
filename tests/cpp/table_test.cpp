// Why: the table must count exactly and hand out the canonical order without a sort (laws 2 and 3),
// whatever the keys; compared with the standard container on ordinary keys.
#include "zbins/table.hpp"

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "tables.hpp"

using tables::Key;
using tables::Oracle;
using zbins::Word;

namespace {

constexpr int words_tried[] = {1, 2, 3, 8};

}  // namespace

TEST(table_counts_random_keys) {
    inputs::Random random(1);
    for (const int words : words_tried) {
        for (const std::uint64_t n : {1u, 2u, 100u, 1280u, 1281u, 5000u, 60000u}) {
            const check::Note note(words, " words, ", n, " keys");
            zbins::Table table(words);
            Oracle oracle(words);
            for (std::uint64_t i = 0; i < n; ++i)
                oracle.add(table, crafted::key_with_hash(random, words, random.word()));
            oracle.check(table);
            CHECK(!table.keyed());
        }
    }
}

TEST(table_counts_sequential_keys) {
    for (const int words : words_tried) {
        for (const int changing : {0, words - 1}) {  // the first word or the last
            for (const int shift : {0, 8, 48, 60}) {
                const check::Note note(words, " words, word ", changing, " counts up by 2^", shift);
                zbins::Table table(words);
                Oracle oracle(words);
                Key key(static_cast<std::size_t>(words), 0);
                for (std::uint64_t i = 0; i < 20000; ++i) {
                    key[static_cast<std::size_t>(changing)] = i << shift;
                    oracle.add(table, key);
                }
                oracle.check(table);
                CHECK(!table.keyed());
            }
        }
    }
}

TEST(table_counts_duplicates) {
    inputs::Random random(2);
    for (const int words : words_tried) {
        for (const std::uint64_t distinct : {1u, 3u, 1000u}) {
            const check::Note note(words, " words, ", distinct, " distinct");
            zbins::Table table(words);
            Oracle oracle(words);
            std::vector<Key> keys;
            for (std::uint64_t i = 0; i < distinct; ++i)
                keys.push_back(crafted::key_with_hash(random, words, random.word()));
            for (int i = 0; i < 50000; ++i) oracle.add(table, keys[random.below(distinct)]);
            oracle.check(table);
            CHECK(!table.keyed());
        }
    }
}

// Rows as they come from latents: few bits change, many repeat, some are new till the end.
TEST(table_counts_packed_codes) {
    inputs::Random random(3);
    zbins::Table table(2);
    Oracle oracle(2);
    for (int i = 0; i < 100000; ++i) {
        Key key(2, 0);
        for (int c = 0; c < 32; ++c) {
            const Word code = (random.below(3) * random.below(3)) & (c < 5 ? 3 : 0);
            key[static_cast<std::size_t>(c / 16)] |= code << (60 - 4 * (c % 16));
        }
        if (i % 5 == 0) key[1] = static_cast<Word>(i);
        oracle.add(table, key);
    }
    oracle.check(table);
    CHECK(!table.keyed());
}

TEST(table_adds_large_counts) {
    zbins::Table table(1);
    Oracle oracle(1);
    for (Word i = 0; i < 1000; ++i) oracle.add(table, {i % 10}, std::uint64_t{1} << 50);
    oracle.check(table);
}

TEST(table_that_is_empty_has_no_order) {
    zbins::Table table(3);
    CHECK_EQ(table.size(), 0);
    CHECK(table.drain_order().empty());
}

// A table that owns one range of hashes ignores the bits that all its keys share.
TEST(table_of_one_range_of_hashes) {
    inputs::Random random(4);
    for (const int words : words_tried) {
        for (const int used_bits : {1, 3, 8}) {
            const std::uint64_t ranges = std::uint64_t{1} << used_bits;
            for (const std::uint64_t range : {std::uint64_t{0}, ranges / 2, ranges - 1}) {
                const check::Note note(words, " words, range ", range, " of ", ranges);
                zbins::Table table(words, used_bits);
                Oracle oracle(words);
                for (int i = 0; i < 10000; ++i) {
                    const std::uint64_t hash =
                        (range << (64 - used_bits)) | (random.word() >> used_bits);
                    oracle.add(table, crafted::key_with_hash(random, words, hash));
                    if (i % 3 == 0) oracle.add(table, oracle.any(random));
                }
                oracle.check(table);
                CHECK(!table.keyed());
            }
        }
    }
}

TEST(table_hands_out_record_numbers_in_order_of_arrival) {
    zbins::Table table(1);
    for (Word i = 0; i < 5000; ++i) {
        const Word key = i * 977;
        CHECK_EQ(table.add(&key, zbins::fixed_hash(&key, 1)), i);
        CHECK_EQ(table.add(&key, zbins::fixed_hash(&key, 1)), i);
    }
    CHECK_EQ(table.size(), 5000);
}

// Keys of a high-dimensional latent: a record is larger than a cache line, an arena block has few.
TEST(table_counts_keys_of_1024_words) {
    inputs::Random random(5);
    zbins::Table table(1024);
    Oracle oracle(1024);
    for (int i = 0; i < 300; ++i) {
        oracle.add(table, crafted::key_with_hash(random, 1024, random.word()));
        oracle.add(table, oracle.any(random));
    }
    oracle.check(table);
}
