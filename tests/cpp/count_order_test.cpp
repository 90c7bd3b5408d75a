// Why: law 3. A model is a pure function of the grid and the multiset of rows: the same bits for
// any row order, chunking, number of threads and place in memory, also for crafted rows.
#include <numeric>

#include "check.hpp"
#include "crafted.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/bounds.hpp"
#include "zbins/count.hpp"
#include "zbins/quantize.hpp"

using inputs::Matrix;
using models::on_threads;

namespace {

template <class T>
Matrix<T> rounded(inputs::Random& random, std::int64_t n, std::int64_t d) {
    Matrix<T> x(n, d);
    for (T& value : x.values) value = static_cast<T>(random.below(3) * random.below(3)) / 3;
    for (std::int64_t i = 0; i < n; i += 2) x.at(i, d - 1) = random.unit<T>();
    return x;
}

template <class T>
zbins::Grid<T> unit_grid(std::int64_t d, std::int32_t k) {
    const auto n = static_cast<std::size_t>(d);
    return zbins::Grid<T>::from_bounds(std::vector<T>(n, 0), std::vector<T>(n, 1),
                                       std::vector<std::int32_t>(n, k));
}

std::vector<std::int64_t> shuffled(inputs::Random& random, std::int64_t n) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    random.shuffle(order);
    return order;
}

template <class T>
zbins::Pmf count_in_chunks(const zbins::Grid<T>& grid, const Matrix<T>& x, std::int64_t chunk,
                           int tables, const models::Labels& labels, zbins::Label classes) {
    zbins::Counter<T> counter(grid, tables, !labels.empty());
    for (std::int64_t i = 0; i < x.rows; i += chunk) {
        const std::int64_t n = std::min(chunk, x.rows - i);
        counter.add(x.view_of_rows(i, n), false, labels.empty() ? nullptr : labels.data() + i,
                    on_threads(1 + static_cast<int>(i / chunk) % 4));
    }
    return counter.finish(models::no_renaming(classes), on_threads(tables));
}

}  // namespace

TEST(models_do_not_depend_on_threads_chunks_or_row_order) {
    inputs::Random random(1);
    const Matrix<float> x = rounded<float>(random, 70000, 20);
    const auto grid = unit_grid<float>(20, 50);
    models::Labels labels;
    for (std::int64_t i = 0; i < x.rows; ++i)
        labels.push_back(static_cast<zbins::Label>(random.below(7)));
    const auto expected = models::count(grid, x.view(), 1, &labels, 7);
    CHECK(expected.total() < 70000 && expected.total() > 1000);  // some outside, some inside
    for (const int threads : {2, 3, 4, 7}) {
        const check::Note note(threads, " threads");
        CHECK(models::same_model(models::count(grid, x.view(), threads, &labels, 7), expected));
    }
    for (const std::int64_t chunk : {999, 30000}) {
        for (const int tables : {1, 4}) {
            const check::Note note("chunks of ", chunk, ", tables for ", tables, " threads");
            CHECK(models::same_model(count_in_chunks(grid, x, chunk, tables, labels, 7), expected));
        }
    }
    const auto order = shuffled(random, x.rows);
    models::Labels moved;
    for (const std::int64_t i : order) moved.push_back(labels[static_cast<std::size_t>(i)]);
    const Matrix<float> other = x.row_order(order);
    for (const int threads : {1, 4})
        CHECK(models::same_model(models::count(grid, other.view(), threads, &moved, 7), expected));
}

// Rows crafted to share one hash fill one table of many; the model must still be canonical.
TEST(models_of_crafted_rows_are_canonical) {
    inputs::Random random(2);
    const auto grid =
        zbins::Grid<double>::from_bounds(std::vector<double>(8, 0), std::vector<double>(8, 65536),
                                         std::vector<std::int32_t>(8, 65536));
    const zbins::Layout layout(8, 65536);
    Matrix<double> x(40000, 8);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto third = static_cast<std::uint64_t>(i % 3);
        const std::uint64_t hash = third == 0 ? random.word() : 0xfedcba9876543210ULL + third;
        const auto key = crafted::key_with_hash(random, 2, hash);
        for (std::int64_t j = 0; j < 8; ++j) x.at(i, j) = layout.code(key.data(), j) + 0.5;
    }
    const auto expected = models::count(grid, x.view());
    models::check_model(expected, models::reference_count(grid, x));
    CHECK_EQ(expected.size(), 40000);
    const Matrix<double> other = x.row_order(shuffled(random, x.rows));
    for (const int threads : {1, 2, 4})
        CHECK(models::same_model(models::count(grid, other.view(), threads), expected));
    // And each bin can be looked up among thousands of equal hashes.
    std::vector<std::int64_t> bins(static_cast<std::size_t>(x.rows));
    zbins::find_bins(grid, expected, x.view(), bins.data(), on_threads(1));
    for (const std::int64_t bin : bins) CHECK(bin >= 0);
}

template <class T>
void check_arrangements(std::int64_t n, std::int64_t d, std::int32_t k) {
    const check::Note note("n ", n, ", d ", d, ", k ", k);
    inputs::Random random(3);
    const Matrix<T> x = rounded<T>(random, n, d);
    const auto grid = unit_grid<T>(d, k);
    const auto bounds = zbins::find_bounds(x.view(), on_threads(1));
    const auto model = models::count(grid, x.view());
    const auto entries = static_cast<std::size_t>(n * d);
    std::vector<std::int32_t> codes(entries), expected_codes(entries);
    std::vector<std::int64_t> bins(static_cast<std::size_t>(n)), expected_bins(bins);
    zbins::quantize(grid, x.view(), expected_codes.data(), on_threads(1));
    zbins::find_bins(grid, model, x.view(), expected_bins.data(), on_threads(1));
    for (const auto& arranged : inputs::arrangements(x)) {
        for (const int threads : {1, 4}) {
            const check::Note how(arranged.name, ", ", threads, " threads");
            const auto found = zbins::find_bounds(arranged.view, on_threads(threads));
            CHECK(found.lower == bounds.lower);
            CHECK(found.upper == bounds.upper);
            CHECK(models::same_model(models::count(grid, arranged.view, threads), model));
            zbins::quantize(grid, arranged.view, codes.data(), on_threads(threads));
            CHECK(codes == expected_codes);
            zbins::find_bins(grid, model, arranged.view, bins.data(), on_threads(threads));
            CHECK(bins == expected_bins);
        }
    }
}

TEST(models_do_not_depend_on_the_place_in_memory) {
    check_arrangements<float>(3000, 7, 10);
    check_arrangements<double>(3000, 3, 300);
    check_arrangements<float>(2, 129, 4);
    check_arrangements<double>(1, 1, 2);
    check_arrangements<float>(70000, 20, 16);  // threads really run
}

// One row repeated by a row stride of zero, as NumPy's broadcast_to makes it.
TEST(models_of_a_broadcast_row) {
    Matrix<float> x(1, 4);
    x.values = {0.1f, 0.2f, 0.3f, 0.4f};
    auto view = x.view();
    view.rows = 400000;
    view.row_stride = 0;
    const auto grid = unit_grid<float>(4, 10);
    for (const int threads : {1, 4}) {
        const auto model = models::count(grid, view, threads);
        CHECK_EQ(model.size(), 1);
        CHECK_EQ(model.count(0), 400000);
        CHECK(zbins::find_bounds(view, on_threads(threads)).lower == x.values);
    }
}
