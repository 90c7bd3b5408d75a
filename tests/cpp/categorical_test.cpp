// Why: law 5. What is drawn by counts (bins, cells, anything) must be what a linear search finds,
// for every rank, however uneven the counts and however near 2^63 their sum; labels likewise.
#include "zbins/categorical.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"
#include "models.hpp"

using models::on_threads;
using zbins::Categorical;
using zbins::Count;
using zbins::Label;
using Counts = std::vector<Count>;

namespace {

constexpr Count most = (Count{1} << 63) - 1;

// Counts with the room for a zero in front.
Categorical make(const Counts& counts, int threads = 1) {
    zbins::Buffer<Count> buffer(counts.size() + 1);
    std::copy(counts.begin(), counts.end(), buffer.begin() + 1);
    return Categorical(std::move(buffer), std::nullopt, on_threads(threads), threads);
}

template <class CountOf>
Counts counts_of(std::uint64_t categories, CountOf&& count_of) {
    Counts counts;
    for (std::uint64_t c = 0; c < categories; ++c)
        counts.push_back(static_cast<Count>(count_of(c)));
    return counts;
}

std::uint64_t linear_search(const Counts& counts, Count rank) {
    std::uint64_t category = 0;
    while (rank >= counts[category]) rank -= counts[category++];
    return category;
}

// The first and last rank of every category, and random ones.
void check_picks(const Counts& counts) {
    inputs::Random random(1);
    const Categorical categorical = make(counts);
    Count before = 0;
    for (std::uint64_t c = 0; c < counts.size(); ++c) {
        CHECK_EQ(categorical.count(c), counts[c]);
        CHECK_EQ(categorical.cumulative(c), before);
        CHECK_EQ(categorical.pick(before), c);
        CHECK_EQ(categorical.pick(before + counts[c] - 1), c);
        CHECK_EQ(categorical.pick(before + random.below(counts[c])), c);
        before += counts[c];
    }
    CHECK_EQ(categorical.total(), before);
    for (int i = 0; i < 500; ++i) {
        const Count rank = random.below(before);
        CHECK_EQ(categorical.pick(rank), linear_search(counts, rank));
    }
}

// Counts per (category, label), as rows of a table; every category may lack any label.
using Labelled = std::vector<Counts>;

Labelled random_labelled(inputs::Random& random, std::uint64_t categories, Label classes) {
    Labelled rows;
    for (std::uint64_t c = 0; c < categories; ++c) {
        rows.push_back(counts_of(static_cast<std::uint64_t>(classes), [&](std::uint64_t) {
            return random.below(3) == 0 ? 1 + random.below(9) : 0;
        }));
    }
    return rows;
}

Categorical make(const Labelled& rows, Label classes) {
    Counts counts{0};
    std::vector<std::uint64_t> start{0};
    std::vector<Label> label;
    Counts of_label;
    for (const Counts& row : rows) {
        counts.push_back(0);
        for (Label l = 0; l < classes; ++l) {
            const Count count = row[static_cast<std::size_t>(l)];
            if (count == 0) continue;
            counts.back() += count;
            label.push_back(l), of_label.push_back(count);
        }
        start.push_back(label.size());
    }
    zbins::LabelCounts labels;
    labels.classes = classes;
    labels.start = models::buffer(start);
    labels.label = models::buffer(label);
    labels.count = models::buffer(of_label);
    return Categorical(models::buffer(counts), std::move(labels));
}

// One entry for every row, in the order of ranks.
struct Row {
    std::uint64_t category;
    Label label;
};
std::vector<Row> rows_of(const Labelled& rows) {
    std::vector<Row> all;
    for (std::uint64_t c = 0; c < rows.size(); ++c) {
        for (std::size_t l = 0; l < rows[c].size(); ++l)
            all.insert(all.end(), rows[c][l], {c, static_cast<Label>(l)});
    }
    return all;
}

// floor(word * n / 2^64), by long division of the halves.
std::uint64_t scaled(std::uint64_t word, std::uint64_t n) {
    const std::uint64_t high = word >> 32, low = word & 0xffffffff;
    return (high * n + (low * n >> 32)) >> 32;  // n below 2^32
}

}  // namespace

TEST(pick_of_every_rank_is_the_linear_search) {
    inputs::Random random(2);
    for (std::uint64_t categories = 1; categories < 60; ++categories) {
        for (const std::uint64_t largest : {1u, 2u, 9u, 300u}) {
            const Counts counts =
                counts_of(categories, [&](std::uint64_t) { return 1 + random.below(largest); });
            const Categorical categorical = make(counts);
            for (Count rank = 0; rank < categorical.total(); ++rank)
                CHECK_EQ(categorical.pick(rank), linear_search(counts, rank));
        }
    }
}

// Bins always have rows; cells of a codebook need not.
TEST(categories_without_rows_are_never_picked) {
    inputs::Random random(3);
    for (std::uint64_t categories = 1; categories < 60; ++categories) {
        const Counts counts = counts_of(
            categories, [&](std::uint64_t) { return random.below(3) == 0 ? random.below(50) : 0; });
        const Categorical categorical = make(counts);
        for (Count rank = 0; rank < categorical.total(); ++rank)
            CHECK_EQ(categorical.pick(rank), linear_search(counts, rank));
    }
    CHECK_EQ(make(Counts(5, 0)).total(), 0);
    CHECK_EQ(make(Counts()).total(), 0);
    CHECK_EQ(Categorical().size(), 0);
    CHECK_EQ(Categorical().total(), 0);
}

TEST(pick_with_very_uneven_counts) {
    inputs::Random random(4);
    constexpr Count huge = Count{1} << 62;
    check_picks({huge});
    check_picks({most});
    check_picks({huge, huge - 1});
    for (const std::uint64_t at : {0u, 1u, 2500u, 4999u})  // one huge among ones
        check_picks(counts_of(5000, [&](std::uint64_t i) { return i == at ? huge : Count{1}; }));
    check_picks(counts_of(62, [](std::uint64_t i) { return Count{1} << i; }));
    check_picks(counts_of(
        20000, [&](std::uint64_t) { return 1 + (random.word() >> random.between(16, 63)); }));
    check_picks(counts_of(20000, [](std::uint64_t) { return Count{1} << 48; }));
}

// Sums are made block by block, on several threads; the first count is only room.
TEST(sums_do_not_depend_on_threads) {
    inputs::Random random(5);
    for (const std::uint64_t categories : {1u, 16383u, 16384u, 16385u, 100000u}) {
        const check::Note note(categories, " categories");
        Counts counts{random.word()}, sums{0};
        for (std::uint64_t c = 0; c < categories; ++c) {
            counts.push_back(1 + random.below(1000));
            sums.push_back(sums[c] + counts[c + 1]);
        }
        for (const int threads : {1, 2, 5}) {
            const Categorical categorical(models::buffer(counts), std::nullopt, on_threads(threads),
                                          threads);
            CHECK_EQ(categorical.size(), categories);
            CHECK(std::equal(sums.begin(), sums.end(), categorical.cumulative_data()));
            for (int i = 0; i < 1000; ++i) {
                const Count rank = random.below(categorical.total());
                const auto after = std::upper_bound(sums.begin(), sums.end(), rank);
                CHECK_EQ(categorical.pick(rank), after - sums.begin() - 1);
            }
        }
    }
}

// Within one block, and only by the sum of several.
TEST(sums_that_wrap_are_refused_in_any_block) {
    const std::pair<std::size_t, std::size_t> places[] = {{0, 1}, {0, 39999}, {16383, 16384}};
    for (const auto& [a, b] : places) {
        for (const int threads : {1, 3}) {
            Counts counts(40000, 0);
            counts[a] = most - 5, counts[b] = 5;
            CHECK_EQ(make(counts, threads).total(), most);
            counts[b] = 6;
            CHECK_THROWS(make(counts, threads), std::invalid_argument, "more than 2^63 - 1 rows");
        }
    }
}

TEST(counts_without_room_are_refused) {
    CHECK_THROWS(Categorical(zbins::Buffer<Count>()), std::invalid_argument, "room for a zero");
}

// What is left of the rank inside its category decides the label; a rank within a label decides the
// category.
TEST(labels_are_picked_by_their_counts) {
    inputs::Random random(6);
    for (const std::uint64_t categories : {1u, 7u, 300u}) {
        for (const Label classes : {1, 6}) {
            const Labelled table = random_labelled(random, categories, classes);
            const Categorical categorical = make(table, classes);
            const std::vector<Row> rows = rows_of(table);
            CHECK(categorical.labelled());
            CHECK_EQ(categorical.total(), rows.size());
            std::vector<Count> seen(static_cast<std::size_t>(classes), 0);
            for (Count rank = 0; rank < rows.size(); ++rank) {
                const auto [category, label] = rows[rank];
                CHECK_EQ(categorical.pick(rank), category);
                CHECK_EQ(categorical.pick_label(category, rank - categorical.cumulative(category)),
                         label);
                CHECK_EQ(categorical.pick_within(label, seen[static_cast<std::size_t>(label)]++),
                         category);
            }
            for (Label label = 0; label < classes; ++label)
                CHECK_EQ(categorical.label_total(label), seen[static_cast<std::size_t>(label)]);
            CHECK_EQ(categorical.label_total(-1), 0);
            CHECK_EQ(categorical.label_total(classes), 0);
        }
    }
}

// What any sampler does whose model is not a Pmf: its own random words, and categories from them.
TEST(draws_of_a_range_are_those_of_single_ranks) {
    inputs::Random random(7);
    for (const std::uint64_t categories : {1u, 2u, 50u, 4000u}) {
        const Labelled table = random_labelled(random, categories + 1, 4);
        const Categorical categorical = make(table, 4);
        const std::vector<Row> rows = rows_of(table);
        if (rows.empty()) continue;
        constexpr std::int64_t n = 500;
        std::vector<std::uint64_t> words;
        models::Labels wanted;
        for (std::int64_t i = 0; i < n; ++i) {
            words.push_back(random.below(20) == 0 ? ~std::uint64_t{0} : random.word());
            wanted.push_back(rows[random.below(rows.size())].label);
        }
        zbins::DrawRange plain, conditioned;
        plain.n = conditioned.n = n;
        conditioned.labels = wanted.data();
        conditioned.label_step = 1;
        for (const std::int64_t batch : {std::int64_t{1}, std::int64_t{7}, n}) {
            std::vector<std::uint64_t> picked(n), within(n);
            models::Labels labels(n, -1), same(n, -1);
            for (std::int64_t first = 0; first < n; first += batch) {
                const std::int64_t size = std::min(batch, n - first);
                const auto draw = [&](const zbins::DrawRange& range, Label* labels_out,
                                      std::vector<std::uint64_t>& to) {
                    std::vector<std::uint64_t> mine(words.begin() + first,
                                                    words.begin() + first + size);
                    std::size_t turn = 0;
                    categorical.pick(range, first, mine, labels_out,
                                     [&](std::size_t i, std::uint64_t category) {
                                         CHECK_EQ(i, turn++);
                                         to[static_cast<std::size_t>(first) + i] = category;
                                     });
                    CHECK_EQ(turn, size);
                };
                draw(plain, labels.data(), picked);
                draw(conditioned, same.data(), within);
            }
            CHECK(same == wanted);
            for (std::size_t i = 0; i < n; ++i) {
                const Row& row = rows[scaled(words[i], rows.size())];
                CHECK_EQ(picked[i], row.category);
                CHECK_EQ(labels[i], row.label);
                std::vector<std::uint64_t> of_label;
                for (const Row& each : rows) {
                    if (each.label == wanted[i]) of_label.push_back(each.category);
                }
                CHECK_EQ(within[i], of_label[scaled(words[i], of_label.size())]);
            }
        }
    }
}

TEST(draws_of_what_is_not_there_are_refused) {
    const Categorical none = make(Counts{0, 0}), plain = make(Counts{1, 2});
    const Categorical labelled = make(Labelled{{1, 0}, {2, 0}}, 2);
    const Label wanted = 1;
    const auto range = [&](std::int64_t n, const Label* labels = nullptr) {
        zbins::DrawRange asked;
        asked.n = n;
        asked.labels = labels;
        return asked;
    };
    none.check(range(0), false);
    labelled.check(range(3, &wanted), true);
    using Refused = std::invalid_argument;
    CHECK_THROWS((none.check(range(1), false), 0), Refused, "no rows to draw from");
    CHECK_THROWS((plain.check(range(-1), false), 0), Refused, "-1 samples");
    CHECK_THROWS((plain.check(range((std::int64_t{1} << 62) + 1), false), 0), Refused, "too many");
    CHECK_THROWS((plain.check(range(1), true), 0), Refused, "no labels");
    CHECK_THROWS((plain.check(range(1, &wanted), false), 0), Refused, "no labels");
    std::uint64_t word = 0;
    CHECK_THROWS((labelled.pick(range(1, &wanted), 0, {&word, 1}, nullptr,
                                [](std::size_t, std::uint64_t) {}),
                  0),
                 Refused, "label 1 has no rows");
}

// What was moved from has nothing.
TEST(a_categorical_that_was_moved_from_is_empty) {
    Categorical labelled = make(Labelled{{1, 2}, {0, 3}}, 2);
    const Categorical other = std::move(labelled);
    CHECK_EQ(other.total(), 6);
    CHECK_EQ(other.label_total(1), 5);
    CHECK_EQ(labelled.size(), 0);
    CHECK_EQ(labelled.total(), 0);
    CHECK(!labelled.labelled());
    CHECK_EQ(labelled.label_total(1), 0);
}
