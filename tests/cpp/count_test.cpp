// Why: law 2. Counts must equal a plain std::map's exactly, at every packing, width, number of
// threads and extent of the grid, with rows outside skipped.
#include "zbins/count.hpp"

#include <limits>

#include "check.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/bounds.hpp"

using inputs::Matrix;
using models::on_threads;

namespace {

// Rows around `centres` points, so that bins repeat but not all rows share one.
template <class T>
Matrix<T> clustered(inputs::Random& random, std::int64_t n, std::int64_t d, std::uint64_t centres) {
    Matrix<T> points =
        inputs::uniform_matrix<T>(random, static_cast<std::int64_t>(centres), d, -2, 3);
    Matrix<T> x(n, d);
    for (std::int64_t i = 0; i < n; ++i) {
        const auto centre = static_cast<std::int64_t>(random.below(centres));
        const std::int64_t moved = random.between(0, 4 * d);  // mostly none
        for (std::int64_t j = 0; j < d; ++j)
            x.at(i, j) = points.at(centre, j) + (j == moved ? random.unit<T>() : T(0));
    }
    return x;
}

template <class T>
zbins::Grid<T> fitted_grid(const Matrix<T>& x, std::int32_t k) {
    const auto bounds = zbins::find_bounds(x.view(), on_threads(1));
    return zbins::Grid<T>::from_bounds(
        bounds.lower, bounds.upper, std::vector<std::int32_t>(static_cast<std::size_t>(x.cols), k));
}

template <class T>
zbins::Pmf counted(const zbins::Grid<T>& grid, const Matrix<T>& x, int threads, bool inside,
                   std::int64_t skipped) {
    zbins::Counter<T> counter(grid, threads, false);
    CHECK_EQ(counter.add(x.view(), inside, nullptr, on_threads(threads)), skipped);
    return counter.finish({}, on_threads(threads));
}

// The grid of these rows (the fast path), and a smaller one that skips many.
template <class T>
void check_counts(const Matrix<T>& x, std::int32_t k, std::initializer_list<int> threads_tried) {
    const check::Note note("n ", x.rows, ", d ", x.cols, ", k ", k);
    const auto grid = fitted_grid(x, k);
    const auto all = models::reference_count(grid, x);
    CHECK_EQ(all.skipped, 0);
    std::vector<T> upper = grid.top();
    upper[0] -= (upper[0] - grid.origin()[0]) / 3;
    const auto small = zbins::Grid<T>::from_bounds(grid.origin(), upper, grid.k());
    const auto some = models::reference_count(small, x);
    for (const int threads : threads_tried) {
        const check::Note on(threads, " threads");
        models::check_model(counted(grid, x, threads, true, 0), all);
        models::check_model(counted(grid, x, threads, false, 0), all);
        models::check_model(counted(small, x, threads, false, some.skipped), some);
    }
}

template <class T>
void check_packings() {
    inputs::Random random(1);
    for (const std::int32_t k : {1, 2, 3, 10, 16, 200, 300, 65536}) {
        for (const std::int64_t d : {1, 3, 8, 17, 32, 65, 200})
            check_counts(clustered<T>(random, 400, d, 50), k, {1, 3});
    }
}

}  // namespace

TEST(counts_are_exact_at_every_packing_in_float32) {
    check_packings<float>();
}
TEST(counts_are_exact_at_every_packing_in_float64) {
    check_packings<double>();
}

// Above 4 MiB, so that four threads really work, in several rounds.
TEST(counts_are_exact_on_many_threads) {
    inputs::Random random(2);
    check_counts(clustered<float>(random, 50000, 32, 3000), 8, {1, 2, 3, 4});
    check_counts(clustered<float>(random, 40000, 32, 40000), 100, {4});  // nearly all distinct
    check_counts(clustered<double>(random, 600000, 1, 2000), 65536, {2, 4});
    check_counts(clustered<double>(random, 5000, 130, 5), 2, {4});
    check_counts(clustered<float>(random, 300, 4096, 20), 65536, {1, 4});  // a key has 1,024 words
}

TEST(counts_are_exact_on_a_grown_grid) {
    inputs::Random random(3);
    Matrix<float> x = inputs::uniform_matrix<float>(random, 4000, 5, -3, 3);
    for (const std::int32_t k : {2, 10, 5000}) {
        const check::Note note("k ", k);
        const auto grid = grids::make<float>({-1, -1, 0, -2, -2}, {1, 0, 1, 3, 2}, {k, k, k, k, 1});
        const auto bounds = zbins::find_bounds(x.view(), on_threads(1));
        const auto grown = grids::grown(grid, bounds.lower, bounds.upper);
        const auto all = models::reference_count(grown, x);
        CHECK_EQ(all.skipped, 0);
        models::check_model(counted(grown, x, 1, false, 0), all);
        models::check_model(counted(grown, x, 4, false, 0), all);
        CHECK_EQ(zbins::find_outside(grown, x.view(), on_threads(1)).row, -1);
        // The fast path too, for rows that lie within the first bounds.
        Matrix<float> within = inputs::uniform_matrix<float>(random, 500, 5, 0, 1);
        for (std::int64_t i = 0; i < within.rows; ++i) within.at(i, 1) -= 1;
        models::check_model(counted(grown, within, 2, true, 0),
                            models::reference_count(grown, within));
    }
}

TEST(counts_with_constant_dimensions) {
    inputs::Random random(4);
    Matrix<double> x = inputs::uniform_matrix<double>(random, 3000, 6, -1, 1);
    for (std::int64_t i = 0; i < x.rows; ++i) x.at(i, 0) = 7.5, x.at(i, 5) = (i % 2) ? 0.0 : -0.0;
    const auto grid = fitted_grid(x, 10);
    CHECK_EQ(grid.bins()[0], 1);
    CHECK_EQ(grid.bins()[5], 1);
    models::check_model(counted(grid, x, 1, true, 0), models::reference_count(grid, x));
    // A row that leaves the constant is outside.
    x.at(11, 0) = 7.6, x.at(12, 5) = -1, x.at(13, 0) = 7.4;
    models::check_model(counted(grid, x, 1, false, 3), models::reference_count(grid, x));
}

TEST(counts_on_hard_grids) {
    inputs::Random random(5);
    const auto ranges = grids::hard_ranges<float>();
    const auto grid = grids::make(ranges);
    Matrix<float> x(2000, grid.d());
    for (std::int64_t i = 0; i < x.rows; ++i) {
        for (std::int64_t j = 0; j < x.cols; ++j) {
            const auto& r = ranges[static_cast<std::size_t>(j)];
            x.at(i, j) = i % 9 == 0   ? r.upper
                         : i % 9 == 1 ? r.lower
                                      : random.uniform(r.lower, r.upper);
        }
    }
    const auto all = models::reference_count(grid, x);
    models::check_model(counted(grid, x, 1, true, 0), all);
    models::check_model(counted(grid, x, 4, false, 0), all);
}

TEST(counts_of_no_rows_and_of_one_row) {
    inputs::Random random(6);
    const auto grid = grids::make<float>({0, 0}, {1, 1}, {4, 4});
    for (const int threads : {1, 4}) {
        const auto none = counted(grid, Matrix<float>(0, 2), threads, false, 0);
        CHECK_EQ(none.size(), 0);
        CHECK_EQ(none.total(), 0);
        Matrix<float> one(1, 2);
        one.values = {0.5f, 1.0f};
        const auto single = counted(grid, one, threads, false, 0);
        CHECK_EQ(single.size(), 1);
        CHECK(models::code_of(single, 0) == (models::Code{2, 3}));
        one.values = {0.5f, 1.5f};
        CHECK_EQ(counted(grid, one, threads, false, 1).size(), 0);
    }
}

TEST(find_outside_names_the_first_value_outside) {
    inputs::Random random(7);
    const auto grid = grids::make<float>({0, 0, 2}, {1, 1, 2}, {4, 4, 4});
    Matrix<float> x(9000, 3);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        x.at(i, 0) = random.unit<float>(), x.at(i, 1) = 1, x.at(i, 2) = 2;
    }
    CHECK_EQ(zbins::find_outside(grid, x.view(), on_threads(1)).row, -1);
    const std::int64_t places[][2] = {{8999, 2}, {8999, 1}, {4000, 2}, {4000, 0}, {0, 1}};
    for (const auto& [row, col] : places) {
        x.at(row, col) = col == 2 ? 2.5f : -1e-30f;
        for (const auto& arranged : inputs::arrangements(x)) {
            const check::Note note(arranged.name);
            const auto outside = zbins::find_outside(grid, arranged.view, on_threads(1));
            CHECK_EQ(outside.row, row);
            CHECK_EQ(outside.col, col);
        }
    }
}
