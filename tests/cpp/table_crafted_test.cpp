// Why: the hash is fixed and public, so latents can be crafted to collide. Then the table must
// notice, go over to its keyed hash, and still count exactly in canonical order; never quadratic
// (200,000 such keys would take minutes, and the time limit of the test would end it).
#include <algorithm>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "tables.hpp"
#include "zbins/table.hpp"

using crafted::key_with_hash;
using tables::Oracle;

namespace {

constexpr int many = 200000;

template <class HashOf>
void check_attack(const char* name, int words, int n, int used_bits, HashOf&& hash_of) {
    const check::Note note(name);
    inputs::Random random(1);
    zbins::Table table(words, used_bits);
    Oracle oracle(words);
    for (int i = 0; i < n; ++i)
        oracle.add(table, key_with_hash(random, words, hash_of(static_cast<std::uint64_t>(i))));
    CHECK(table.keyed());
    // Counting goes on as before.
    for (int i = 0; i < 1000; ++i) {
        oracle.add(table, oracle.any(random));
        oracle.add(table, key_with_hash(random, words, random.word()));
    }
    oracle.check(table);
}

}  // namespace

TEST(table_survives_equal_hashes) {
    for (const std::uint64_t hash : {std::uint64_t{0}, std::uint64_t{0x123456789abcdef0}})
        check_attack("equal hashes", 2, many, 0, [&](std::uint64_t) { return hash; });
    check_attack("three words", 3, many / 4, 0, [](std::uint64_t) { return 42u; });
}

TEST(table_survives_hashes_in_a_tiny_range) {
    const std::uint64_t base = 0x5555000000000000;
    check_attack("ascending", 1, many, 0, [&](std::uint64_t i) { return base + i; });
    // Each new one goes in front and moves all others.
    check_attack("descending", 1, many, 0, [&](std::uint64_t i) { return base + many - i; });
    check_attack("either side", 2, many, 0,
                 [&](std::uint64_t i) { return i % 2 == 0 ? base + i : base - i; });
    check_attack("pairs of equal hashes", 2, many / 4, 0,
                 [&](std::uint64_t i) { return base + i / 2; });
}

// Nothing wraps around: what does not fit behind the last home must go elsewhere.
TEST(table_survives_hashes_at_the_very_top) {
    check_attack("top, descending", 1, many, 0, [](std::uint64_t i) { return ~i; });
    check_attack("top, ascending", 1, many, 0, [](std::uint64_t i) { return i - many; });
    check_attack("top, equal", 2, many / 4, 0, [](std::uint64_t) { return ~std::uint64_t{0}; });
    // Just more than the tail holds, long before any work is counted as too much.
    check_attack("a few at the top", 1, 300, 0, [](std::uint64_t i) { return ~i; });
    for (int n = 100; n <= 140; ++n) {
        const check::Note note(n, " keys at the top");
        inputs::Random random(2);
        zbins::Table table(2);
        Oracle oracle(2);
        for (int i = 0; i < n; ++i)
            oracle.add(table, key_with_hash(random, 2, ~std::uint64_t{0} - (i % 3 == 0)));
        oracle.check(table);
    }
}

TEST(table_survives_attacks_on_one_range_of_hashes) {
    const std::uint64_t range = std::uint64_t{0xff} << 56;
    check_attack("equal", 2, many / 4, 8, [&](std::uint64_t) { return range; });
    check_attack("one home", 1, many / 4, 8, [&](std::uint64_t i) { return range | i; });
    check_attack("end of the range", 1, many / 4, 8, [&](std::uint64_t i) { return ~i; });
    check_attack("end of a lower range", 1, many / 4, 8,
                 [&](std::uint64_t i) { return (range >> 1) - 1 - i; });
}

// Honest rows first earn credit; it must not pay for a quadratic attack.
TEST(table_survives_an_attack_after_honest_rows) {
    inputs::Random random(3);
    zbins::Table table(2);
    Oracle oracle(2);
    for (int i = 0; i < many; ++i)
        oracle.add(table, key_with_hash(random, 2, random.word() >> (i % 2)));
    for (int i = 0; i < many; ++i) oracle.add(table, oracle.any(random));
    CHECK(!table.keyed());
    for (int i = 0; i < many; ++i) oracle.add(table, key_with_hash(random, 2, 77));
    for (int i = 0; i < many / 10; ++i) oracle.add(table, oracle.any(random));
    CHECK(table.keyed());
    oracle.check(table);
}

// Many homes with a cluster each, the shape that costs most for each key placed.
TEST(table_survives_clusters) {
    check_attack("clusters of 1,000", 2, many, 0,
                 [](std::uint64_t i) { return ((i / 1000) << 55) + 999 - i % 1000; });
    // Clusters so small that they are not worth the keyed hash are counted as they are.
    inputs::Random random(4);
    zbins::Table table(2);
    Oracle oracle(2);
    for (std::uint64_t i = 0; i < 50000; ++i)
        oracle.add(table, key_with_hash(random, 2, ((i / 4) * 0x9e3779b97f4a7c15ULL)));
    CHECK(!table.keyed());
    oracle.check(table);
}
