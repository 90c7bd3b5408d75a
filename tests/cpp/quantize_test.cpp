// Why: codes are public, and find_bins decides what score_samples calls occupied; both must follow
// law 1, clip where the design says so, and never find a bin outside the grid.
#include "zbins/quantize.hpp"

#include <algorithm>
#include <map>

#include "check.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"

using inputs::Matrix;
using models::on_threads;

namespace {

template <class T, class Code>
void check_codes(const zbins::Grid<T>& grid, const Matrix<T>& x) {
    const std::vector<std::int64_t> expected = models::reference_codes(grid, x);
    for (const int threads : {1, 4}) {
        std::vector<Code> codes(x.values.size());
        zbins::quantize(grid, x.view(), codes.data(), on_threads(threads));
        for (std::size_t e = 0; e < codes.size(); ++e) {
            const std::int64_t last = grid.bins()[e % static_cast<std::size_t>(x.cols)] - 1;
            CHECK_EQ(codes[e], std::clamp<std::int64_t>(expected[e], 0, last));
        }
    }
}

template <class T>
void check_shapes() {
    inputs::Random random(1);
    for (const std::int32_t k : {1, 2, 4, 15, 256, 1000, 65536}) {
        for (const std::int64_t d : {1, 2, 5, 16, 33, 64, 127}) {
            const check::Note note("k ", k, ", d ", d);
            std::vector<grids::Range<T>> ranges;
            for (std::int64_t j = 0; j < d; ++j)
                ranges.push_back(
                    {T(-j), T(1) + T(j) / 7,
                     1 + static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(k)))});
            ranges[0].k = k;
            const auto grid = grids::make(ranges);
            for (const auto& each : {grid, grids::widened(grid, 3)}) {
                const Matrix<T> x = grids::values_around(random, each, 100);
                if (each.max_bins_of_a_dimension() <= 256) check_codes<T, std::uint8_t>(each, x);
                check_codes<T, std::uint16_t>(each, x);
                check_codes<T, std::int32_t>(each, x);
            }
        }
    }
}

template <class T>
void check_find_bins(const zbins::Grid<T>& grid, std::int64_t rows) {
    inputs::Random random(2);
    const Matrix<T> fitted = grids::values_around(random, grid, rows),
                    other = grids::values_around(random, grid, rows);
    const auto model = models::count(grid, fitted.view(), 2);
    std::map<models::Code, std::int64_t> bin_of;
    for (std::uint64_t bin = 0; bin < model.size(); ++bin)
        bin_of[models::code_of(model, bin)] = static_cast<std::int64_t>(bin);
    for (const Matrix<T>* x : {&fitted, &other}) {
        const auto codes = models::reference_codes(grid, *x);
        for (const int threads : {1, 4}) {
            std::vector<std::int64_t> bins(static_cast<std::size_t>(rows));
            zbins::find_bins(grid, model, x->view(), bins.data(), on_threads(threads));
            for (std::int64_t i = 0; i < rows; ++i) {
                // A code that was clipped is not in bin_of as it stands.
                const auto row = codes.begin() + i * x->cols;
                const auto found = bin_of.find(models::Code(row, row + x->cols));
                CHECK_EQ(bins[static_cast<std::size_t>(i)],
                         found == bin_of.end() ? -1 : found->second);
            }
        }
    }
}

}  // namespace

TEST(codes_follow_law_1_and_are_clipped_in_float32) {
    check_shapes<float>();
}
TEST(codes_follow_law_1_and_are_clipped_in_float64) {
    check_shapes<double>();
}

TEST(codes_follow_law_1_on_hard_grids) {
    inputs::Random random(3);
    const auto narrow = grids::make(grids::hard_ranges<float>());
    check_codes<float, std::int32_t>(narrow, grids::values_around(random, narrow, 300));
    const auto wide = grids::widened(grids::make(grids::hard_ranges<double>()), 100);
    check_codes<double, std::int32_t>(wide, grids::values_around(random, wide, 300));
}

// The promise that no value is outside changes the way and not the answer.
TEST(rows_known_to_be_inside_give_the_same_codes_and_bins) {
    inputs::Random random(4);
    const auto fitted = grids::make<float>({0, -1, 5}, {1, 1, 5}, {30, 300, 9});
    for (const auto& grid : {fitted, grids::widened(fitted, 2)}) {
        const Matrix<float> x = grids::values_inside(random, grid, 5000);
        const auto model = models::count(grid, x.view_of_rows(0, 2500));
        for (const auto& arranged : inputs::arrangements(x)) {
            const check::Note note(arranged.name);
            std::vector<std::uint16_t> codes(x.values.size()), codes_inside(x.values.size());
            std::vector<std::int64_t> bins(5000), bins_inside(5000);
            zbins::quantize(grid, arranged.view, codes.data(), on_threads(2));
            zbins::quantize(grid, arranged.view, codes_inside.data(), on_threads(2), true);
            CHECK(codes_inside == codes);
            zbins::find_bins(grid, model, arranged.view, bins.data(), on_threads(2));
            zbins::find_bins(grid, model, arranged.view, bins_inside.data(), on_threads(2), true);
            CHECK(bins_inside == bins);
        }
    }
}

TEST(find_bins_finds_what_was_counted_and_nothing_else) {
    check_find_bins(grids::make<float>({0, -1}, {1, 1}, {3, 3}), 2000);
    check_find_bins(grids::make<double>({0, -1, 5}, {1, 1, 5}, {30, 300, 9}), 2000);
    check_find_bins(grids::widened(grids::make<float>({0, -1}, {1, 1}, {3, 5}), 2), 2000);
    check_find_bins(grids::make<double>({0}, {1}, {65536}), 300000);  // threads really run
}

TEST(find_bins_in_a_model_without_rows_finds_none) {
    const auto grid = grids::make<float>({0}, {1}, {3});
    const auto model = models::count(grid, Matrix<float>(0, 1).view());
    Matrix<float> x(2, 1);
    x.values = {0.5f, 2};
    std::vector<std::int64_t> bins(2, 7);
    zbins::find_bins(grid, model, x.view(), bins.data(), on_threads(1));
    CHECK(bins == (std::vector<std::int64_t>{-1, -1}));
}
