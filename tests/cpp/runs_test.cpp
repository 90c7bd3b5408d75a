// Why: law 3. A stream is put in order piece by piece, by any number of threads, in ranges that
// become finer on the way; the model must be the one that a plain sort of all records gives.
#include "count/runs.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/hash.hpp"

using crafted::Key;
using models::Labels;
using models::on_threads;
using zbins::Count;
using zbins::Layout;
using zbins::Pending;
using zbins::Pmf;
using zbins::Runs;

namespace {

struct Row {
    Key key;
    zbins::Label label;
    Count count;
};

// Rows with 16 bits a dimension, as many words as asked, from a pool of keys. Of `crafted_of` keys
// one has a hash that many others have too.
std::vector<Row> random_rows(inputs::Random& random, int words, std::uint64_t n,
                             std::uint64_t distinct, std::uint64_t crafted_of) {
    std::vector<Key> keys;
    for (std::uint64_t i = 0; i < distinct; ++i) {
        const bool share = words > 1 && random.below(crafted_of) == 0;
        keys.push_back(crafted::key_with_hash(random, words, share ? 77 : random.word()));
    }
    std::vector<Row> rows;
    for (std::uint64_t i = 0; i < n; ++i) {
        rows.push_back({keys[random.below(distinct)], static_cast<zbins::Label>(random.below(5)),
                        1 + random.below(9)});
    }
    return rows;
}

Pmf by_plain_sort(const Layout& layout, const std::vector<Row>& rows, const Labels* rank) {
    std::map<Key, std::map<zbins::Label, Count>> counted;
    for (const Row& row : rows)
        counted[row.key][rank ? (*rank)[static_cast<std::size_t>(row.label)] : 0] += row.count;
    models::KeyCounts entries;
    for (const auto& [key, labels] : counted) {
        entries.push_back({key, 0});
        for (const auto& [label, count] : labels) entries.back().second += count;
    }
    if (rank == nullptr) return models::make(layout, entries);
    models::sort_canonically(entries);
    std::vector<zbins::Word> keys;
    std::vector<Count> counts, label_counts;
    std::vector<std::uint64_t> start{0};
    Labels label;
    for (const auto& [key, count] : entries) {
        keys.insert(keys.end(), key.begin(), key.end());
        counts.push_back(count);
        for (const auto& [l, c] : counted[key]) label.push_back(l), label_counts.push_back(c);
        start.push_back(label.size());
    }
    zbins::LabelCounts labels{static_cast<zbins::Label>(rank->size()), models::buffer(start),
                              models::buffer(label), models::buffer(label_counts)};
    return Pmf::checked(layout, models::buffer(keys), models::buffer(counts), std::move(labels));
}

// How a stream is cut: into so many pieces, the ranges at each of them.
struct Plan {
    std::vector<int> range_bits;
    bool last_waits;  // what was added last is taken by finish
};

Pmf by_runs(const Layout& layout, const std::vector<Row>& rows, const Labels* rank,
            const Plan& plan, int threads, std::uint64_t records) {
    Runs runs(layout, rank != nullptr, plan.range_bits.front());
    const auto pieces = plan.range_bits.size();
    std::vector<Pending> waiting;
    for (std::size_t piece = 0; piece < pieces; ++piece) {
        if (plan.range_bits[piece] != runs.range_bits()) runs.split(plan.range_bits[piece]);
        CHECK_EQ(runs.range_bits(), plan.range_bits[piece]);
        waiting.clear();
        for (int worker = 0; worker < threads; ++worker)
            waiting.emplace_back(runs.shape().words, runs.range_bits(), rows.size() / pieces,
                                 16 << 10);
        const std::size_t end = (piece + 1) * rows.size() / pieces;
        for (std::size_t i = piece * rows.size() / pieces; i < end; ++i) {
            Key key = rows[i].key;
            const std::uint64_t hash = zbins::fixed_hash(key.data(), layout.words);
            if (rank) key.push_back(static_cast<zbins::Word>(rows[i].label));
            waiting[i * 7 % waiting.size()].add(key.data(), hash, rows[i].count);
        }
        if (piece + 1 == pieces && plan.last_waits) break;
        runs.take(waiting, on_threads(threads), threads);
        for (const Pending& each : waiting) CHECK_EQ(each.size(), 0);
    }
    if (!plan.last_waits) CHECK_EQ(runs.size(), records);
    return runs.finish(std::move(waiting), rank ? *rank : Labels(), on_threads(threads), threads);
}

const Plan plans[] = {
    {{0}, true},           {{0}, false},       {{3}, true},
    {{8}, false},          {{0, 0, 0}, true},  {{2, 2, 2, 2, 2}, false},
    {{0, 1, 4, 8}, true},  {{0, 8, 8}, false}, {{1, 1, 5, 5, 6, 8, 8}, true},
    {{3, 4, 4, 7}, false},
};

void check_rows(int words, const std::vector<Row>& rows) {
    const Layout layout(4 * words, 65536);
    const Labels ranks{3, 1, 4, 0, 2};
    for (const Labels* rank : {static_cast<const Labels*>(nullptr), &ranks}) {
        const Pmf expected = by_plain_sort(layout, rows, rank);
        const std::uint64_t records = rank ? expected.labels().label.size() : expected.size();
        for (const Plan& plan : plans) {
            for (const int threads : {1, 2, 4}) {
                const check::Note note(words, " words, ", rows.size(), " rows, ",
                                       plan.range_bits.size(), " pieces, first of 2^",
                                       plan.range_bits.front(), " ranges, ", threads, " threads, ",
                                       rank ? "labels" : "no labels");
                const Pmf model = by_runs(layout, rows, rank, plan, threads, records);
                CHECK(models::same_model(model, expected));
            }
        }
    }
}

}  // namespace

TEST(runs_taken_piece_by_piece_are_the_model) {
    inputs::Random random(1);
    for (const int words : {1, 2, 5}) {
        for (const std::uint64_t n : {1u, 2u, 40u, 3000u}) {
            check_rows(words, random_rows(random, words, n, n, 1000));
            check_rows(words, random_rows(random, words, n, n / 10 + 1, 1000));
        }
    }
    check_rows(1, random_rows(random, 1, 20000, 15000, 1000));
    check_rows(2, random_rows(random, 2, 20000, 50, 1000));
}

TEST(runs_of_crafted_rows_are_the_model) {
    inputs::Random random(2);
    for (const std::uint64_t crafted_of : {1u, 2u, 20u})
        check_rows(2, random_rows(random, 2, 5000, 4000, crafted_of));
}

TEST(runs_of_nothing_are_an_empty_model) {
    for (const int words : {1, 3}) check_rows(words, {});
}

// More than one slab waits in one range, so that what waits must be put together first.
TEST(runs_of_many_slabs_are_the_model) {
    inputs::Random random(3);
    const Layout layout(4, 65536);
    const auto rows = random_rows(random, 1, 600000, 200000, 1000);
    const Pmf expected = by_plain_sort(layout, rows, nullptr);
    for (const int threads : {1, 2}) {
        for (const Plan& plan : {Plan{{0}, true}, Plan{{0, 2}, true}}) {
            const Pmf model = by_runs(layout, rows, nullptr, plan, threads, expected.size());
            CHECK(models::same_model(model, expected));
        }
    }
}

// As if rows had been counted one by one.
TEST(runs_add_up_large_counts) {
    inputs::Random random(4);
    const Layout layout(4, 65536);
    Runs runs(layout, false, 0);
    const Key key = random_rows(random, 1, 1, 1, 1)[0].key;
    const std::uint64_t hash = zbins::fixed_hash(key.data(), 1);
    std::vector<Pending> waiting;
    waiting.emplace_back(1, 0, 10, 16 << 10);
    for (int i = 0; i < 3; ++i) {
        waiting[0].add(key.data(), hash, Count{1} << 60);
        waiting[0].add(key.data(), hash, Count{1} << 60);
        runs.take(waiting, on_threads(1), 1);
    }
    waiting[0].add(key.data(), hash, (Count{1} << 60) + 3);
    const Pmf model = runs.finish(std::move(waiting), {}, on_threads(1), 1);
    CHECK_EQ(model.size(), 1);
    CHECK_EQ(model.count(0), 7 * (Count{1} << 60) + 3);
}
