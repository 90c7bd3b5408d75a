// Why: law 4. Sample number i under a seed is a pure function of (model, seed, i), on every machine
// and for ever; so the fast kernel must give the bits of the law written out in plain code.
#include "zbins/draw.hpp"

#include <algorithm>
#include <cmath>

#include "check.hpp"
#include "draws.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/bounds.hpp"

using draws::drawn;
using draws::range_of;
using inputs::Matrix;
using models::Labels;

namespace {

template <class T>
struct Fitted {
    zbins::Grid<T> grid;
    zbins::Pmf pmf;
    Labels labels;
};

// Different ranges and bins per dimension, some constant; labels 0 .. 2, rarer as they grow.
template <class T>
Fitted<T> fitted(std::int64_t d, std::int32_t k, std::int64_t rows, bool labelled = false) {
    inputs::Random random(static_cast<std::uint64_t>(d * 1000 + k));
    Matrix<T> x(rows, d);
    for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < d; ++j)
            x.at(i, j) = j % 7 == 5 ? T(j) : T(1 + j) * (random.unit<T>() - T(0.3));
    }
    const auto bounds = zbins::find_bounds(x.view(), models::on_threads(1));
    std::vector<std::int32_t> bins;
    for (std::int64_t j = 0; j < d; ++j)
        bins.push_back(1 + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(k))));
    const auto grid = zbins::Grid<T>::from_bounds(bounds.lower, bounds.upper, bins);
    Labels labels;
    if (labelled) {
        for (std::int64_t i = 0; i < rows; ++i)
            labels.push_back(static_cast<zbins::Label>(random.below(3) * random.below(2)));
    }
    return {grid, models::count(grid, x.view(), 1, labelled ? &labels : nullptr, labelled ? 3 : 0),
            labels};
}

template <class T>
void check_against_law_4(const Fitted<T>& f, std::uint64_t seed, std::uint64_t first,
                         std::int64_t n) {
    const check::Note note("d ", f.grid.d(), ", seed ", seed, ", samples ", first, " and on");
    const std::vector<T> samples = drawn(f.grid, f.pmf, range_of(seed, first, n));
    for (std::int64_t i = 0; i < n; ++i) {
        const std::uint64_t index = first + static_cast<std::uint64_t>(i);
        const std::uint64_t bin = draws::picked_bin(f.pmf, seed, index);
        const auto x = draws::sample_in(f.grid, draws::raw_of(f.grid, f.pmf, bin), seed, index);
        for (std::size_t j = 0; j < x.size(); ++j) {
            const T value = samples[static_cast<std::size_t>(i) * x.size() + j];
            CHECK_EQ(value, x[j]);
            CHECK(std::signbit(value) == std::signbit(x[j]));
        }
    }
}

template <class T>
void check_shapes() {
    inputs::Random random(1);
    for (const std::int64_t d :
         {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130}) {
        for (const std::int32_t k : {2, 16, 300}) {
            const Fitted<T> f = fitted<T>(d, k, 50);
            check_against_law_4(f, random.word(), random.word(), 40);
            check_against_law_4(f, 0, 0, 9);
        }
    }
    const Fitted<T> f = fitted<T>(5, 10, 2000);
    check_against_law_4(f, ~std::uint64_t{0}, (std::uint64_t{1} << 32) - 300, 600);
    check_against_law_4(f, 1, ~std::uint64_t{0} - 299, 300);
    check_against_law_4(fitted<T>(4096, 3, 3), 7, 0, 5);
}

// Samples 0, 1, 2 and 2^40 + 3 under seed 42.
template <class T>
void check_pins(const zbins::Grid<T>& grid, const zbins::Pmf& model,
                const std::vector<std::vector<T>>& expected) {
    const std::uint64_t numbers[] = {0, 1, 2, (std::uint64_t{1} << 40) + 3};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const check::Note note("sample ", numbers[i]);
        const auto x = drawn(grid, model, range_of(42, numbers[i], 1));
        for (std::size_t j = 0; j < x.size(); ++j) CHECK_EQ(x[j], expected[i][j]);
    }
}

}  // namespace

TEST(draws_follow_law_4_in_float32) {
    check_shapes<float>();
}
TEST(draws_follow_law_4_in_float64) {
    check_shapes<double>();
}

// Computed from the laws with whole numbers and NumPy. They change only with stream_version.
TEST(draws_are_pinned) {
    CHECK_EQ(zbins::stream_version, 1);
    Matrix<double> x(4, 3);
    x.values = {0, -5, 1e3, 1, 3, 2e3, 0.25, 0.5, 1100, 0.25, 0.5, 1100};
    const auto grid = grids::make<double>({0, -5, 1e3}, {1, 3, 2e3}, {4, 10, 16});
    const auto model = models::count(grid, x.view());
    check_pins(grid, model,
               {{0x1.028f489814998p-5, -0x1.1b90bfe0c0eb1p+2, 0x1.0220f4253ff9ap+10},
                {0x1.fba43b2841ff2p-3, -0x1.3471da3194310p+2, 0x1.07cdfa0804a87p+10},
                {0x1.1f70ab0736794p-2, 0x1.25587c9f3af40p-4, 0x1.0f2f3e0d14e4dp+10},
                {0x1.37fb77a2610a2p-4, -0x1.3a0324b7015b9p+2, 0x1.f9499df557c8bp+9}});
    Matrix<float> y(4, 3);
    y.values.assign(x.values.begin(), x.values.end());
    const auto narrow = grids::make<float>({0, -5, 1e3f}, {1, 3, 2e3f}, {4, 10, 16});
    const auto narrow_model = models::count(narrow, y.view());
    check_pins(narrow, narrow_model,
               {{0x1.499b80p-9f, -0x1.398938p+2f, 0x1.fb4088p+9f},
                {0x1.07fc88p-5f, -0x1.0d3c60p+2f, 0x1.f74d16p+9f},
                {0x1.367940p-2f, -0x1.a0c480p-4f, 0x1.107f76p+10f},
                {0x1.308518p-3f, -0x1.3066a0p+2f, 0x1.0935f0p+10f}});
}

TEST(draws_do_not_depend_on_threads_batches_or_start) {
    for (const std::int64_t d : {1, 3, 40}) {
        const check::Note note("d ", d);
        const Fitted<float> f = fitted<float>(d, 12, 3000, true);
        const std::int64_t n = 1300000 / d;  // above 4 MiB: four threads really run
        Labels labels, other_labels;
        const auto all = drawn(f.grid, f.pmf, range_of(11, 5, n), 1, &labels);
        for (const int threads : {2, 3, 4}) {
            CHECK(drawn(f.grid, f.pmf, range_of(11, 5, n), threads, &other_labels) == all);
            CHECK(other_labels == labels);
        }
        std::vector<float> batches;
        for (std::int64_t done = 0, size = 1; done < n; done += size, size = size * 3 + 1) {
            const auto part = drawn(
                f.grid, f.pmf,
                range_of(11, 5 + static_cast<std::uint64_t>(done), std::min(size, n - done)), 4);
            batches.insert(batches.end(), part.begin(), part.end());
        }
        CHECK(batches == all);
        CHECK(drawn(f.grid, f.pmf, range_of(12, 5, n)) != all);
    }
}

TEST(draws_leave_the_gaps_between_rows_alone) {
    const Fitted<double> f = fitted<double>(5, 9, 100);
    const auto expected = drawn(f.grid, f.pmf, range_of(1, 0, 500));
    std::vector<double> out(500 * 8, -77);
    zbins::draw(f.grid, f.pmf, range_of(1, 0, 500), out.data(), 8, nullptr, models::on_threads(1));
    for (std::size_t i = 0; i < 500; ++i) {
        for (std::size_t j = 0; j < 8; ++j)
            CHECK_EQ(out[i * 8 + j], j < 5 ? expected[i * 5 + j] : -77);
    }
}

TEST(no_draws_are_fine) {
    const Fitted<float> f = fitted<float>(3, 4, 10);
    CHECK(drawn(f.grid, f.pmf, range_of(1, 0, 0), 4).empty());
}

// Targeted: the rank is scaled to the rows of the label and finds the bin among these.
TEST(draws_of_a_label_follow_law_5) {
    const Fitted<float> f = fitted<float>(4, 6, 400, true);
    constexpr std::int64_t n = 2000;
    inputs::Random random(2);
    Labels asked;
    for (int i = 0; i < n; ++i) asked.push_back(static_cast<zbins::Label>(random.below(3)));
    zbins::DrawRange range = range_of(3, 17, n);
    range.labels = asked.data(), range.label_step = 1;
    Labels given;
    const auto samples = drawn(f.grid, f.pmf, range, 1, &given);
    CHECK(given == asked);
    const zbins::LabelCounts& l = f.pmf.labels();
    for (std::int64_t i = 0; i < n; ++i) {
        const zbins::Label label = asked[static_cast<std::size_t>(i)];
        const std::uint64_t index = 17 + static_cast<std::uint64_t>(i);
        zbins::Count rank = reference::rank(3, index, f.pmf.label_total(label));
        std::uint64_t bin = 0;
        for (std::uint64_t e = 0;; ++e) {  // entry by entry, in canonical order
            while (l.start[bin + 1] <= e) ++bin;
            if (l.label[e] != label) continue;
            if (rank < l.count[e]) break;
            rank -= l.count[e];
        }
        const auto x = draws::sample_in(f.grid, draws::raw_of(f.grid, f.pmf, bin), 3, index);
        CHECK(std::equal(x.begin(), x.end(), samples.begin() + i * 4));
    }
    // One label for all, by a step of zero.
    const zbins::Label one = 2;
    range.labels = &one, range.label_step = 0;
    drawn(f.grid, f.pmf, range, 1, &given);
    CHECK(given == Labels(static_cast<std::size_t>(n), 2));
}

TEST(draws_without_a_condition_give_labels_and_do_not_change) {
    const Fitted<float> f = fitted<float>(3, 5, 1000, true);
    const zbins::Pmf plain =
        models::make(f.pmf.layout(),
                     [&] {
                         models::KeyCounts entries;
                         for (std::uint64_t bin = 0; bin < f.pmf.size(); ++bin)
                             entries.push_back({{f.pmf.key(bin)[0]}, f.pmf.count(bin)});
                         return entries;
                     }())
            .on(f.grid);
    Labels labels;
    CHECK(drawn(f.grid, f.pmf, range_of(4, 0, 3000), 1, &labels) ==
          drawn(f.grid, plain, range_of(4, 0, 3000)));
    for (std::uint64_t i = 0; i < 3000; ++i) {
        const zbins::Count rank = reference::rank(4, i, f.pmf.total());
        const std::uint64_t bin = draws::picked_bin(f.pmf, 4, i);
        CHECK_EQ(labels[i],
                 f.pmf.categorical().pick_label(bin, rank - f.pmf.categorical().cumulative(bin)));
    }
}
