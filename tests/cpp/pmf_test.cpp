// Why: law 5. The pick through the guide table must be the bin a linear search finds, for every
// rank, however uneven the counts and however near 2^63 their sum.
#include "zbins/pmf.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "models.hpp"

using models::KeyCounts;
using zbins::Count;
using zbins::Pmf;
using zbins::Word;

namespace {

const zbins::Layout four_columns(4, 65536);

std::uint64_t linear_search(const Pmf& pmf, Count rank) {
    std::uint64_t bin = 0;
    while (rank >= pmf.count(bin)) rank -= pmf.count(bin++);
    return bin;
}

template <class CountOf>
Pmf make(std::uint64_t bins, CountOf&& count_of) {
    KeyCounts entries;
    for (std::uint64_t i = 0; i < bins; ++i)
        entries.push_back({{i * 0x10001}, static_cast<Count>(count_of(i))});
    return models::make(four_columns, entries);
}

// The first and last rank of every bin, and random ones.
void check_picks(const Pmf& pmf) {
    inputs::Random random(1);
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        CHECK_EQ(pmf.categorical().pick(pmf.categorical().cumulative(bin)), bin);
        CHECK_EQ(pmf.categorical().pick(pmf.categorical().cumulative(bin + 1) - 1), bin);
        const Count rank = pmf.categorical().cumulative(bin) + random.below(pmf.count(bin));
        CHECK_EQ(pmf.categorical().pick(rank), bin);
    }
    for (int i = 0; i < 500; ++i) {
        const Count rank = random.below(pmf.total());
        CHECK_EQ(pmf.categorical().pick(rank), linear_search(pmf, rank));
    }
}

}  // namespace

TEST(pick_of_every_rank_is_the_linear_search) {
    inputs::Random random(2);
    for (std::uint64_t bins = 1; bins < 60; ++bins) {
        for (const std::uint64_t most : {1u, 2u, 9u, 300u}) {
            const Pmf pmf = make(bins, [&](std::uint64_t) { return 1 + random.below(most); });
            for (Count rank = 0; rank < pmf.total(); ++rank)
                CHECK_EQ(pmf.categorical().pick(rank), linear_search(pmf, rank));
        }
    }
}

TEST(pick_with_very_uneven_counts) {
    inputs::Random random(3);
    constexpr Count huge = Count{1} << 62;
    check_picks(make(1, [](std::uint64_t) { return huge; }));
    check_picks(make(1, [](std::uint64_t) { return (Count{1} << 63) - 1; }));
    check_picks(make(2, [](std::uint64_t i) { return i == 0 ? huge : huge - 1; }));
    for (const std::uint64_t at : {0u, 1u, 2500u, 4999u})  // one huge among ones
        check_picks(make(5000, [&](std::uint64_t i) { return i == at ? huge : Count{1}; }));
    check_picks(make(62, [](std::uint64_t i) { return Count{1} << i; }));
    check_picks(
        make(20000, [&](std::uint64_t) { return 1 + (random.word() >> random.between(16, 63)); }));
    check_picks(make(20000, [](std::uint64_t) { return Count{1} << 48; }));
}

TEST(find_gives_the_bin_of_a_key) {
    inputs::Random random(4);
    for (const std::uint64_t bins : {1u, 2u, 3u, 10u, 3000u}) {
        const Pmf pmf = make(bins, [](std::uint64_t) { return 1; });
        for (std::uint64_t bin = 0; bin < bins; ++bin)
            CHECK_EQ(pmf.find(pmf.key(bin), zbins::fixed_hash(pmf.key(bin), 1)), bin);
        for (int i = 0; i < 3000; ++i) {
            const Word key = random.word() | 0xffff;  // 0x10001 i, i < 3000, ends otherwise
            CHECK_EQ(pmf.find(&key, zbins::fixed_hash(&key, 1)), -1);
        }
    }
}

TEST(find_among_crafted_keys) {
    inputs::Random random(5);
    const zbins::Layout layout(8, 65536);
    for (const std::uint64_t hash :
         {std::uint64_t{0}, std::uint64_t{0x1234567}, ~std::uint64_t{0}}) {
        KeyCounts entries, absent;
        for (int i = 0; i < 2000; ++i) {
            entries.push_back({crafted::key_with_hash(random, 2, hash), 1});
            absent.push_back({crafted::key_with_hash(random, 2, hash), 1});
            entries.push_back({crafted::key_with_hash(random, 2, hash ^ random.below(8)), 2});
        }
        const Pmf pmf = models::make(layout, entries);
        for (std::uint64_t bin = 0; bin < pmf.size(); ++bin)
            CHECK_EQ(pmf.find(pmf.key(bin), zbins::fixed_hash(pmf.key(bin), 2)), bin);
        for (const auto& [key, count] : absent) CHECK_EQ(pmf.find(key.data(), hash), -1);
    }
}

// The table for lookups is made by the first who looks; several may come first.
TEST(find_from_many_threads) {
    const Pmf pmf = make(20000, [](std::uint64_t) { return 1; });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (std::uint64_t bin = 0; bin < pmf.size(); ++bin)
                CHECK_EQ(pmf.find(pmf.key(bin), zbins::fixed_hash(pmf.key(bin), 1)), bin);
        });
    }
    for (std::thread& thread : threads) thread.join();
}

TEST(more_than_2_to_63_minus_1_rows_are_refused) {
    const auto build = [](Count a, Count b) {
        return zbins::Pmf(four_columns, models::buffer<Word>({1, 2}),
                          models::buffer<Count>({0, a, b}), std::nullopt)
            .total();
    };
    constexpr Count most = (Count{1} << 63) - 1;
    CHECK_EQ(build(most - 1, 1), most);
    for (const auto& pair : {std::pair<Count, Count>{most, 1},
                             {1, most},
                             {most, most},
                             {~Count{0}, 1},
                             {1, ~Count{0}}})
        CHECK_THROWS(build(pair.first, pair.second), std::invalid_argument,
                     "more than 2^63 - 1 rows");
}

// Sums are made block by block, on several threads; the first count is only room.
TEST(sums_do_not_depend_on_threads) {
    inputs::Random random(7);
    for (const std::uint64_t bins : {1u, 16383u, 16384u, 16385u, 100000u}) {
        const check::Note note(bins, " bins");
        std::vector<Word> keys(bins);
        std::vector<Count> counts{random.word()}, sums{0};
        for (Word& key : keys) key = counts.size(), counts.push_back(1 + random.below(1000));
        for (std::uint64_t bin = 0; bin < bins; ++bin) sums.push_back(sums[bin] + counts[bin + 1]);
        for (const int threads : {1, 2, 5}) {
            const Pmf pmf(four_columns, models::buffer(keys), models::buffer(counts), std::nullopt,
                          models::on_threads(threads), threads);
            CHECK_EQ(pmf.size(), bins);
            CHECK(std::equal(sums.begin(), sums.end(), pmf.categorical().cumulative_data()));
            for (int i = 0; i < 1000; ++i) {
                const Count rank = random.below(pmf.total());
                const auto after = std::upper_bound(sums.begin(), sums.end(), rank);
                CHECK_EQ(pmf.categorical().pick(rank), after - sums.begin() - 1);
            }
        }
    }
}

// Within one block, and only by the sum of several.
TEST(sums_that_wrap_are_refused_in_any_block) {
    constexpr Count most = (Count{1} << 63) - 1;
    const std::pair<std::size_t, std::size_t> places[] = {{1, 2}, {1, 40000}, {16384, 16385}};
    for (const auto& [a, b] : places) {
        for (const int threads : {1, 3}) {
            std::vector<Count> counts(40001, 0);
            counts[a] = most - 5, counts[b] = 5;
            const auto build = [&] {
                return Pmf(four_columns, zbins::Buffer<Word>(40000), models::buffer(counts),
                           std::nullopt, models::on_threads(threads), threads)
                    .total();
            };
            CHECK_EQ(build(), most);
            counts[b] = 6;
            CHECK_THROWS(build(), std::invalid_argument, "more than 2^63 - 1 rows");
        }
    }
}

// What is left of the rank inside its bin decides the label; a rank within a label decides the bin.
TEST(labels_are_picked_by_their_counts) {
    inputs::Random random(6);
    const auto grid = zbins::Grid<float>::from_bounds(
        std::vector<float>{0, 0}, std::vector<float>{1, 1}, std::vector<std::int32_t>{5, 4});
    const auto x = inputs::uniform_matrix<float>(random, 3000, 2, 0, 1);
    models::Labels labels;
    for (int i = 0; i < 3000; ++i) labels.push_back(static_cast<zbins::Label>(random.below(4) + 1));
    const Pmf pmf = models::count(grid, x.view(), 1, &labels, 6);
    const zbins::LabelCounts& l = pmf.labels();
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        Count remainder = 0;
        for (std::uint64_t e = l.start[bin]; e < l.start[bin + 1]; ++e) {
            for (Count c = 0; c < l.count[e]; ++c)
                CHECK_EQ(pmf.categorical().pick_label(bin, remainder++), l.label[e]);
        }
        CHECK_EQ(remainder, pmf.count(bin));
    }
    Count all = 0;
    for (zbins::Label label = 0; label < 6; ++label) {
        Count rank = 0;
        for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
            for (std::uint64_t e = l.start[bin]; e < l.start[bin + 1]; ++e) {
                if (l.label[e] != label) continue;
                for (Count c = 0; c < l.count[e]; ++c)
                    CHECK_EQ(pmf.categorical().pick_within(label, rank++), bin);
            }
        }
        CHECK_EQ(pmf.label_total(label), rank);
        all += rank;
    }
    CHECK_EQ(all, 3000);
}
