// Why: laws 2 and 3. Runs are merged in place, from the back; an overwritten record or a gap left
// open would be rows lost in the middle of a stream.
#include "count/run.hpp"

#include <algorithm>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"
#include "recorded.hpp"

using recorded::Key;
using recorded::Set;
using zbins::Count;
using zbins::Records;
using zbins::RecordShape;
using zbins::Run;
using zbins::Word;

namespace {

constexpr RecordShape shapes[] = {{1, 1}, {2, 2}, {5, 5}, {2, 1}, {6, 5}};

// Some of the keys, each with a count, in canonical order.
Set some_of(inputs::Random& random, RecordShape shape, const std::vector<Key>& keys, double share) {
    Set set(shape);
    for (const Key& key : keys) {
        if (static_cast<double>(random.below(1000)) < 1000 * share)
            set.add(key, 1 + random.below(1000));
    }
    set.words = recorded::expected(set);
    return set;
}

Records records_of(const Set& set) {
    Records records(set.shape.words, std::max<std::uint64_t>(1, set.size()));
    for (std::uint64_t i = 0; i < set.size(); ++i)
        records.append(set.record(i), set.record(i)[set.shape.words], set.shape.words);
    return records;
}

std::vector<Word> words_of(const Run& run, RecordShape shape) {
    std::vector<Word> words;
    for (std::uint64_t i = 0; i < run.size(); ++i)
        words.insert(words.end(), run[i], run[i] + shape.stride());
    return words;
}

// Merges such shares of the keys one after the other, and compares with a plain sort of all.
void check_merges(inputs::Random& random, RecordShape shape, const std::vector<Key>& keys,
                  const std::vector<double>& shares) {
    Run run;
    zbins::MergeScratch scratch;
    Set all(shape);
    for (std::size_t step = 0; step < shares.size(); ++step) {
        const check::Note note("step ", step, ", ", shares[step], " of the keys");
        const Set fresh = some_of(random, shape, keys, shares[step]);
        run.merge(records_of(fresh), shape, scratch);
        all.words.insert(all.words.end(), fresh.words.begin(), fresh.words.end());
        CHECK(words_of(run, shape) == recorded::expected(all));
    }
}

}  // namespace

TEST(merged_runs_are_those_of_a_sort) {
    inputs::Random random(1);
    for (const RecordShape& shape : shapes) {
        for (const std::uint64_t distinct : {1u, 2u, 30u, 1000u, 20000u}) {
            const check::Note note(shape.words, " words, ", distinct, " keys");
            std::vector<Key> keys;
            for (std::uint64_t i = 0; i < distinct; ++i)
                keys.push_back(recorded::key_of(random, shape, random.word()));
            for (const auto& shares : {std::vector<double>{1, 1, 1},
                                       {0.5, 0.01, 0.5, 1},
                                       {0.1, 0, 0.1, 0.1, 0.9},
                                       {0.001, 0.002, 0.01, 0.1, 0.1}})
                check_merges(random, shape, keys, shares);
        }
    }
}

// Keys that share their hash are in order of their words.
TEST(merged_runs_of_one_hash_are_in_order) {
    inputs::Random random(2);
    for (const RecordShape& shape : {RecordShape{2, 2}, RecordShape{5, 5}, RecordShape{6, 5}}) {
        std::vector<Key> keys;
        const std::uint64_t hashes[] = {random.word(), random.word(), random.word()};
        for (int i = 0; i < 300; ++i)
            keys.push_back(recorded::key_of(random, shape, hashes[random.below(3)]));
        for (int round = 0; round < 20; ++round)
            check_merges(random, shape, keys, {0.3, 0.3, 0.02, 0.5});
    }
}

TEST(a_run_of_a_part_of_records_is_that_part) {
    inputs::Random random(3);
    for (const RecordShape& shape : shapes) {
        std::vector<Key> keys;
        for (int i = 0; i < 100; ++i)
            keys.push_back(recorded::key_of(random, shape, random.word()));
        const Set set = some_of(random, shape, keys, 1);
        const Run run(set.record(10), 50, shape);
        const auto at = [&](std::uint64_t i) {
            return set.words.begin() + static_cast<std::ptrdiff_t>(i * shape.stride());
        };
        CHECK(words_of(run, shape) == std::vector<Word>(at(10), at(60)));
    }
}
