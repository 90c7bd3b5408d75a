// Why: the hash is fixed, so rows can be crafted to share as much of it as an attacker likes. The
// order must still be exact, and the time limit of each test ends what became quadratic.
#include <vector>

#include "check.hpp"
#include "count/order.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "recorded.hpp"

using recorded::Key;
using recorded::Set;
using zbins::RecordShape;

namespace {

constexpr std::uint64_t many = 200000;
constexpr std::uint64_t shared_hash = 0xfedcba9876543210ULL;

// `make_key(i)` for three quarters of the records; the others are copies of some of these.
template <class MakeKey>
Set with_copies(inputs::Random& random, RecordShape shape, MakeKey&& make_key) {
    Set set(shape);
    std::vector<Key> some;
    for (std::uint64_t i = 0; i < many; ++i) {
        if (i % 4 == 3) {
            set.add(some[random.below(some.size())], 1 + random.below(5));
            continue;
        }
        const Key key = make_key(i);
        set.add(key, 1);
        if (some.size() < 1000) {
            some.push_back(key);
        } else {
            some[random.below(1000)] = key;
        }
    }
    set.shuffle(random);
    return set;
}

// All hashes begin with the same bits, so as many may be taken as known.
void check_sums(const Set& set, int known_bits) {
    zbins::Orderer orderer(set.shape);
    const auto expected = recorded::expected(set);
    CHECK(recorded::summed_up(orderer, set, 18, 0) == expected);
    CHECK(recorded::summed_up(orderer, set, 10, known_bits) == expected);
}

// A key of these words, ended so that it has the hash.
Key ended(Key begin, std::uint64_t hash) {
    begin.push_back(crafted::last_word(begin, hash));
    return begin;
}

}  // namespace

TEST(order_of_keys_that_share_a_hash) {
    inputs::Random random(1);
    for (const int words : {2, 3, 8}) {
        const check::Note note(words, " words");
        const RecordShape shape{words, words};
        check_sums(with_copies(random, shape,
                               [&](std::uint64_t) {
                                   return crafted::key_with_hash(random, words, shared_hash);
                               }),
                   8);
    }
}

TEST(order_of_keys_that_share_the_top_of_a_hash) {
    inputs::Random random(2);
    for (const int words : {1, 2}) {
        for (const int shared : {20, 40, 48}) {
            const check::Note note(words, " words, ", shared, " bits");
            const std::uint64_t top = shared_hash >> (64 - shared) << (64 - shared);
            const RecordShape shape{words, words};
            check_sums(with_copies(random, shape,
                                   [&](std::uint64_t) {
                                       return crafted::key_with_hash(random, words,
                                                                     top | random.word() >> shared);
                                   }),
                       8);
        }
    }
}

// Only the last bits of the hash differ: what is left when the numbers of records took their place.
TEST(order_of_keys_that_share_all_but_the_end_of_a_hash) {
    inputs::Random random(3);
    for (const int different : {1, 4, 10, 17}) {
        const check::Note note(different, " bits differ");
        check_sums(with_copies(random, {2, 2},
                               [&](std::uint64_t) {
                                   const std::uint64_t end =
                                       random.below(std::uint64_t{1} << different);
                                   return crafted::key_with_hash(random, 2, shared_hash ^ end);
                               }),
                   8);
    }
}

TEST(order_of_keys_that_share_a_hash_and_first_words) {
    inputs::Random random(4);
    for (const std::size_t words : {3u, 8u}) {
        const check::Note note(words, " words");
        const Key first(words - 2, random.word());
        const RecordShape shape{static_cast<int>(words), static_cast<int>(words)};
        check_sums(with_copies(random, shape,
                               [&](std::uint64_t) {
                                   Key key = first;
                                   key.push_back(random.word());
                                   return ended(key, shared_hash);
                               }),
                   8);
    }
}

// The word that decides differs in few bits, at every place of it.
TEST(order_of_keys_that_share_a_hash_and_count_up) {
    inputs::Random random(5);
    for (const int shift : {0, 13, 20, 30, 46}) {
        const check::Note note("counting up by 2^", shift);
        check_sums(
            with_copies(random, {3, 3},
                        [&](std::uint64_t i) { return ended({7, i << shift}, shared_hash); }),
            8);
    }
}

// Groups around the size where ties are sorted in another way.
TEST(order_of_many_groups_that_share_a_hash) {
    inputs::Random random(6);
    for (const std::uint64_t group : {2u, 31u, 32u, 33u, 40u, 1000u}) {
        const check::Note note("groups of ", group);
        std::uint64_t hash = 0;
        check_sums(with_copies(random, {2, 2},
                               [&](std::uint64_t i) {
                                   if (i % group == 0) hash = random.word() >> 8;
                                   return crafted::key_with_hash(random, 2, hash);
                               }),
                   8);
    }
}

TEST(order_of_labels_of_keys_that_share_a_hash) {
    inputs::Random random(7);
    for (const std::uint64_t labels : {2u, 1000u, 200000u}) {
        const check::Note note(labels, " labels");
        // One key, and different keys with one hash.
        check_sums(with_copies(random, {2, 1},
                               [&](std::uint64_t) {
                                   Key key = ended({}, shared_hash);
                                   key.push_back(random.below(labels));
                                   return key;
                               }),
                   8);
        check_sums(with_copies(random, {3, 2},
                               [&](std::uint64_t) {
                                   Key key = ended({random.below(50)}, shared_hash);
                                   key.push_back(random.below(labels));
                                   return key;
                               }),
                   8);
    }
}
