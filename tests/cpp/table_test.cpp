// Why: law 2 rests on the table's three answers. What it says it took must be counted exactly, what
// it refuses must not be counted at all, and no key, crafted or not, may keep it busy.
#include "count/table.hpp"

#include <unordered_map>
#include <vector>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "zbins/hash.hpp"

using crafted::Key;
using zbins::Count;
using zbins::Table;

namespace {

constexpr int words_tried[] = {1, 2, 3, 8};
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 40;  // no limit
constexpr std::uint64_t most_keys = std::uint64_t{1} << (Table::max_log2_slots - 1);

std::uint64_t hash_of(const Key& key) {
    return zbins::fixed_hash(key.data(), static_cast<int>(key.size()));
}

struct Spread {
    std::size_t operator()(const Key& key) const {
        return zbins::mix64(hash_of(key) ^ key.front());  // keys of one hash differ here
    }
};

// A table, and what it must hold by its own answers.
struct Watched {
    explicit Watched(int a_words) : words(a_words), table(a_words, most_bytes) {}

    // Not inlined: where a compiler sees how long a key is, it warns of copies of longer ones.
    [[gnu::noinline]] Table::Added add(const Key& key) {
        const std::uint64_t hash = hash_of(key);
        table.prefetch(hash);
        const std::uint64_t before = table.size();
        const bool was_full = table.full();
        const Table::Added added = table.add(key.data(), hash);
        CHECK_EQ(table.size(), before + (added == Table::Added::is_new ? 1 : 0));
        if (was_full) CHECK(added != Table::Added::is_new);
        if (added == Table::Added::found) CHECK(counts.contains(key));
        if (added != Table::Added::refused) ++counts[key];
        return added;
    }
    void grow() {
        table.grow([&](const zbins::Word* key) { return zbins::fixed_hash(key, words); });
    }
    // Every key with its exact count; twice only where `once` is not asked.
    void check(bool once = true) const {
        std::unordered_map<Key, Count, Spread> held;
        for (std::uint64_t i = 0; i < table.size(); ++i) {
            const zbins::Word* record = table.record(i);
            const Key key(record, record + words);
            if (once) CHECK(!held.contains(key));
            held[key] += record[words];
        }
        CHECK(held == counts);
    }

    int words;
    Table table;
    std::unordered_map<Key, Count, Spread> counts;
};

std::vector<Key> random_keys(inputs::Random& random, int words, std::uint64_t n) {
    std::vector<Key> keys;
    for (std::uint64_t i = 0; i < n; ++i)
        keys.push_back(crafted::key_with_hash(random, words, random.word()));
    return keys;
}

}  // namespace

TEST(table_counts_what_it_takes) {
    inputs::Random random(1);
    for (const int words : words_tried) {
        for (const std::uint64_t distinct : {1u, 2u, 100u, 800u, 3000u}) {
            const check::Note note(words, " words, ", distinct, " keys");
            const std::vector<Key> keys = random_keys(random, words, distinct);
            Watched watched(words);
            std::uint64_t refused = 0;
            for (int i = 0; i < 20000; ++i)
                refused += watched.add(keys[random.below(distinct)]) == Table::Added::refused;
            watched.check();
            if (distinct <= 100) CHECK_EQ(refused, 0);
            CHECK_EQ(watched.table.full(), distinct == 3000);
        }
    }
}

// Codes of latents differ in few bits of one word.
TEST(table_counts_packed_codes) {
    for (const int words : words_tried) {
        for (const int shift : {0, 8, 48}) {
            const check::Note note(words, " words, codes counting up by 2^", shift);
            Watched watched(words);
            Key key(static_cast<std::size_t>(words), 0);
            for (std::uint64_t i = 0; i < 5000; ++i) {
                key[i % key.size()] = (i * i % 700) << shift;
                watched.add(key);
            }
            watched.check();
        }
    }
}

TEST(full_table_refuses_new_keys_and_still_counts_old_ones) {
    inputs::Random random(2);
    for (const int words : {1, 3}) {
        Watched watched(words);
        std::vector<Key> held;
        while (!watched.table.full()) {
            const Key key = crafted::key_with_hash(random, words, random.word());
            if (watched.add(key) == Table::Added::is_new) held.push_back(key);
        }
        for (const Key& key : random_keys(random, words, 5000))
            CHECK(watched.add(key) == Table::Added::refused);
        for (const Key& key : held) CHECK(watched.add(key) == Table::Added::found);
        watched.check();
    }
}

// All want one slot: a few find room near it, and every other is sent away at once.
TEST(table_refuses_crafted_keys_after_a_few_probes) {
    inputs::Random random(3);
    for (const int words : words_tried) {
        for (const std::uint64_t begin : {std::uint64_t{0}, random.word(), ~std::uint64_t{0}}) {
            for (const int shared : {18, 30, 40, 50, 64}) {
                if (words == 1 && shared > 40) continue;  // there are no such keys, or too few
                const check::Note note(words, " words, ", shared, " bits shared, of ", begin);
                Watched watched(words);
                std::vector<Key> taken;
                for (int i = 0; i < 20000; ++i) {
                    const std::uint64_t low = shared == 64 ? 0 : (random.word() ^ begin) >> shared;
                    const Key key = crafted::key_with_hash(random, words, begin ^ low);
                    if (watched.add(key) == Table::Added::is_new) taken.push_back(key);
                }
                CHECK_EQ(taken.size(), 8);
                for (const Key& key : taken) CHECK(watched.add(key) == Table::Added::found);
                watched.check();
                // The others have their usual room.
                for (const Key& key : random_keys(random, words, 300)) watched.add(key);
                CHECK(watched.table.size() > 290);
                watched.check();
            }
        }
    }
}

TEST(table_keeps_its_counts_when_it_grows) {
    inputs::Random random(4);
    for (const int words : words_tried) {
        const check::Note note(words, " words");
        Watched watched(words);
        const std::vector<Key> keys = random_keys(random, words, 60000);
        std::uint64_t next = 0;
        for (int log2_slots = Table::first_log2_slots; log2_slots < 16; ++log2_slots) {
            while (!watched.table.full()) watched.add(keys[next++ % keys.size()]);
            CHECK_EQ(watched.table.size(), std::uint64_t{1} << (log2_slots - 1));
            CHECK(watched.table.may_grow());
            watched.grow();
            CHECK(!watched.table.full());
            watched.check();
            for (std::uint64_t i = 0; i < next && i < keys.size(); ++i) {
                if (watched.counts.contains(keys[i]))
                    CHECK(watched.add(keys[i]) == Table::Added::found);
            }
            watched.check();
        }
    }
}

// A crowded table that grows may lose sight of a key, but never of its count.
TEST(table_keeps_the_counts_of_crowded_keys_when_it_grows) {
    inputs::Random random(5);
    for (const int crowded : {4, 12, 16, 20}) {
        const check::Note note("2^", crowded, " hashes");
        Watched watched(2);
        for (int i = 0; i < 30000; ++i) {
            const std::uint64_t hash = random.below(std::uint64_t{1} << crowded) << (64 - crowded);
            // Few keys a hash, so that they come again.
            Key key{random.below(3)};
            key.push_back(crafted::last_word(key, hash));
            watched.add(key);
            if (i % 5000 == 4999) {
                watched.check(false);
                watched.grow();
                watched.check(false);
            }
        }
    }
}

TEST(table_grows_to_its_largest_size) {
    inputs::Random random(6);
    Watched watched(1);
    while (watched.table.may_grow()) watched.grow();
    for (std::uint64_t i = 0; i < 3 * most_keys; ++i)
        watched.add(crafted::key_with_hash(random, 1, random.word()));
    CHECK(watched.table.full());
    CHECK_EQ(watched.table.size(), most_keys);
    watched.check();
}

TEST(table_starts_again_empty_and_with_room) {
    inputs::Random random(7);
    for (const int words : {1, 8}) {
        for (const std::uint64_t room :
             {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{1024},
              std::uint64_t{5000}, most_keys - 1, most_keys, 10 * most_keys}) {
            const check::Note note(words, " words, room for ", room);
            Watched watched(words);
            const std::vector<Key> before = random_keys(random, words, 500);
            for (const Key& key : before) watched.add(key);
            watched.table.restart(room);
            watched.counts.clear();
            CHECK_EQ(watched.table.size(), 0);
            for (const Key& key : before) CHECK(watched.add(key) != Table::Added::found);
            watched.check();
            for (std::uint64_t i = 0; i < 2 * room + 3000 && !watched.table.full(); ++i)
                watched.add(crafted::key_with_hash(random, words, random.word()));
            CHECK(watched.table.size() >= std::min(room, most_keys) / 20 * 19);
            if (watched.table.full()) CHECK(watched.table.size() >= std::min(room, most_keys));
            watched.table.clear();
            watched.counts.clear();
            CHECK_EQ(watched.table.size(), 0);
            for (const Key& key : before) CHECK(watched.add(key) != Table::Added::found);
            watched.check();
        }
    }
}

TEST(a_table_stays_below_its_limit) {
    for (const int words : words_tried) {
        const std::uint64_t stride = static_cast<std::uint64_t>(words) + 1;
        const auto bytes = [&](std::uint64_t keys) { return keys * (2 * 8 + stride * 8); };
        for (const std::uint64_t limit : {0u, 100000u, 1000000u, 3000000u}) {
            const check::Note note(words, " words, ", limit, " bytes");
            Table table(words, limit);
            const std::uint64_t first = std::uint64_t{1} << (Table::first_log2_slots - 1);
            CHECK(table.most_keys() == first || bytes(table.most_keys()) <= limit);
            CHECK(bytes(2 * table.most_keys()) > limit);
            table.restart(most_keys);
            CHECK(!table.may_grow());
        }
    }
}
