// Why: law 6. The bin of a sample is always the bin that was picked, at any magnitude: on the
// wrong side of an edge there may be an empty bin, or nothing at all.
#include <cmath>

#include "check.hpp"
#include "draws.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/quantize.hpp"

using inputs::Matrix;

namespace {

template <class T>
void check_closure(const zbins::Grid<T>& grid, std::int64_t rows, std::int64_t n) {
    const auto model = models::count(grid, draws::rows_on_edges(grid, rows).view());
    CHECK_EQ(model.total(), rows);
    Matrix<T> samples(n, grid.d());
    samples.values = draws::drawn(grid, model, draws::range_of(5, 0, n));
    std::vector<std::int64_t> bins(static_cast<std::size_t>(n));
    zbins::find_bins(grid, model, samples.view(), bins.data(), models::on_threads(1));
    const auto codes = models::reference_codes(grid, samples);
    const std::vector<T> lower = grid.lower(), upper = grid.upper();
    for (std::int64_t i = 0; i < n; ++i) {
        const std::uint64_t picked = draws::picked_bin(model, 5, static_cast<std::uint64_t>(i));
        CHECK_EQ(bins[static_cast<std::size_t>(i)], picked);
        const auto code = models::code_of(model, picked);
        for (std::int64_t j = 0; j < samples.cols; ++j) {
            const auto c = static_cast<std::size_t>(j);
            const check::Note at("column ", j, ", origin ", grid.origin()[c], ", top ",
                                 grid.top()[c], ", k ", grid.k()[c], ", value ", samples.at(i, j));
            CHECK(std::isfinite(samples.at(i, j)));
            CHECK_EQ(codes[static_cast<std::size_t>(i * samples.cols + j)], code[c]);
            CHECK(lower[c] <= samples.at(i, j) && samples.at(i, j) <= upper[c]);
        }
    }
}

template <class T>
zbins::Grid<T> repeated(const grids::Range<T>& range, std::size_t d) {
    return grids::make(std::vector<grids::Range<T>>(d, range));
}

}  // namespace

TEST(samples_stay_in_their_bins_on_hard_float32_grids) {
    const auto grid = grids::make(grids::hard_ranges<float>());
    check_closure(grid, 300, 600);
    check_closure(grids::widened(grid, 1), 300, 300);
    check_closure(grids::widened(grid, 500), 300, 300);
}
TEST(samples_stay_in_their_bins_on_hard_float64_grids) {
    const auto grid = grids::make(grids::hard_ranges<double>());
    check_closure(grid, 300, 600);
    check_closure(grids::widened(grid, 1), 300, 300);
    check_closure(grids::widened(grid, 500), 300, 300);
}

// raw + u rounds up to the next bin once in 2^9 draws here, and origin + raw * width is far off.
TEST(samples_stay_in_their_bins_where_rounding_is_worst) {
    check_closure(repeated<float>({0, 1, 65536}, 8), 5000, 20000);
    check_closure(repeated<float>({1e8f, 1e8f + 65536, 65536}, 8), 5000, 5000);
    check_closure(repeated<float>({-1e8f, 1, 65535}, 8), 5000, 5000);
    check_closure(repeated<double>({1e16, 1e16 + 65536, 40000}, 8), 5000, 5000);
}

// There raw + u rounds up to k, and origin + k * width may lie above the top.
TEST(samples_of_the_last_bin_stay_below_the_top) {
    inputs::Random random(2);
    std::vector<grids::Range<float>> ranges;
    for (int j = 0; j < 64; ++j)
        ranges.push_back({-random.unit<float>(), random.unit<float>() + 0.01f, 65536});
    const auto grid = grids::make(ranges);
    Matrix<float> x(1, 64);
    x.values = grid.top();
    const auto model = models::count(grid, x.view());
    const auto samples = draws::drawn(grid, model, draws::range_of(6, 0, 2000));
    std::int64_t at_the_top = 0;
    for (std::size_t e = 0; e < samples.size(); ++e) {
        CHECK_EQ(grid.raw(static_cast<std::int64_t>(e % 64), samples[e]), 65535);
        at_the_top += samples[e] == grid.top()[e % 64];
    }
    CHECK(at_the_top > 10);
}

TEST(samples_of_a_constant_dimension_are_the_constant) {
    const auto grid =
        grids::make<float>({0, 0.1f, -3e38f, -0.0f}, {1, 0.1f, -3e38f, 0.0f}, {5, 5, 1, 9});
    Matrix<float> x(1, 4);
    x.values = {0.5f, 0.1f, -3e38f, -0.0f};
    const auto samples =
        draws::drawn(grid, models::count(grid, x.view()), draws::range_of(1, 0, 100));
    for (std::size_t i = 0; i < 100; ++i) {
        CHECK_EQ(samples[4 * i + 1], 0.1f);
        CHECK_EQ(samples[4 * i + 2], -3e38f);
        CHECK_EQ(samples[4 * i + 3], 0.0f);
        CHECK(!std::signbit(samples[4 * i + 3]));
    }
}
