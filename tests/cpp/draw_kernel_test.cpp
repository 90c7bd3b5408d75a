// Why: laws 4 and 6. A draw takes the short way where its offset lies away from the edges of the
// bin; how far away is far enough is a matter of proof, so here every sample is also drawn with the
// second look at all of them, at every instruction set, and compared with the law written out.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"
#include "clamp.hpp"
#include "draws.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "kernels/dispatch.hpp"
#include "models.hpp"

namespace {

constexpr std::uint64_t seed = 0x123456789abcdefULL;

// Between rows that do not touch.
template <class T>
constexpr T untouched = T(-777);

// What draw() does, at one instruction set and with a given margin.
template <class T>
std::vector<T> drawn_at(const zbins::kernels::Level& level, const zbins::Grid<T>& grid,
                        const zbins::Pmf& pmf, std::uint64_t first, std::int64_t n, T margin,
                        std::int64_t stride) {
    const auto rows = static_cast<std::size_t>(n);
    std::vector<std::uint64_t> words(rows);
    level.rank_words(seed, first, n, words.data());
    std::vector<const zbins::Word*> keys;
    for (std::size_t i = 0; i < rows; ++i) {
        const reference::Block block = reference::philox(seed, first + i, 0);
        CHECK_EQ(words[i], reference::pair(block[0], block[1]));
        keys.push_back(pmf.key(draws::picked_bin(pmf, seed, first + i)));
    }
    const std::int64_t d = grid.d();
    std::vector<T> out(static_cast<std::size_t>((n - 1) * stride + d), untouched<T>);
    std::vector<std::uint8_t> unsettled(rows, 9);
    const auto axes = grid.axes();
    level.of<T>().draw(keys.data(), n, axes, pmf.layout().bits, seed, first, margin, out.data(),
                       stride, unsettled.data());
    for (std::int64_t i = 0; i < n; ++i) {
        if (unsettled[static_cast<std::size_t>(i)] == 0) continue;
        for (std::int64_t j = 0; j < d; ++j) {
            const auto c = static_cast<std::size_t>(j);
            const std::int32_t raw =
                pmf.layout().code(keys[static_cast<std::size_t>(i)], j) + grid.first()[c];
            T& x = out[static_cast<std::size_t>(i * stride + j)];
            x = zbins::clamp_into_bin(axes, j, raw, x);
        }
    }
    return out;
}

template <class T>
std::vector<T> by_the_law(const zbins::Grid<T>& grid, const zbins::Pmf& pmf, std::uint64_t first,
                          std::int64_t n, std::int64_t stride) {
    std::vector<T> out(static_cast<std::size_t>((n - 1) * stride + grid.d()), untouched<T>);
    for (std::int64_t i = 0; i < n; ++i) {
        const std::uint64_t index = first + static_cast<std::uint64_t>(i);
        const std::uint64_t bin = draws::picked_bin(pmf, seed, index);
        const auto x = draws::sample_in(grid, draws::raw_of(grid, pmf, bin), seed, index);
        std::copy(x.begin(), x.end(), out.begin() + i * stride);
    }
    return out;
}

template <class T>
void check_same(const std::vector<T>& found, const std::vector<T>& expected) {
    CHECK_EQ(found.size(), expected.size());
    std::uint64_t wrong = 0;  // -0 is not +0 here
    for (std::size_t i = 0; i < found.size(); ++i)
        wrong += found[i] != expected[i] || std::signbit(found[i]) != std::signbit(expected[i]);
    CHECK_EQ(wrong, 0);
}

// Samples of a model with so many rows.
template <class T>
void check_draws(const zbins::Grid<T>& grid, std::int64_t rows, std::int64_t n, std::int64_t gap) {
    const auto pmf = models::count(grid, draws::rows_on_edges(grid, rows).view());
    const std::int64_t stride = grid.d() + gap;
    const std::uint64_t first = (std::uint64_t{1} << 32) - 5;
    const std::vector<T> expected = by_the_law(grid, pmf, first, n, stride);
    const check::Note note("d ", grid.d(), ", rows ", gap, " apart, ", pmf.layout().bits, " bits");
    std::vector<T> out(expected.size(), untouched<T>);
    for (const int threads : {1, 3}) {
        zbins::draw(grid, pmf, draws::range_of(seed, first, n), out.data(), stride, nullptr,
                    models::on_threads(threads));
        check_same(out, expected);
    }
    for (const auto* level : zbins::kernels::available()) {
        for (const T margin : {T(1), T(0.5)}) {
            const check::Note how(level->name, ", margin ", margin);
            check_same(drawn_at(*level, grid, pmf, first, n, margin, stride), expected);
        }
    }
}

template <class T>
zbins::Grid<T> repeated(const std::vector<grids::Range<T>>& ranges, std::int64_t d) {
    std::vector<grids::Range<T>> columns;
    for (std::int64_t j = 0; j < d; ++j)
        columns.push_back(ranges[static_cast<std::size_t>(j) % ranges.size()]);
    return grids::make(columns);
}

// Each number of bits, the last with a constant column and the hardest ranges.
template <class T>
std::vector<std::vector<grids::Range<T>>> shapes_of_columns() {
    const T min = std::numeric_limits<T>::min();
    return {{{0, 1, 2}},
            {{T(-1.5), 3, 4}, {2, 3, 3}},
            {{T(0.1), T(0.3), 16}, {5, 5, 9}},
            {{-100, 7, 200}, {T(1e8), T(1e8) + 65536, 256}},
            {{T(-1e38), T(2e38), 65536}, {0, 1, 65536}},
            {{0, T(1e8), 65536}, {T(1e8), T(1e8) + 65536, 40000}, {-2, -2, 1}, {0, 3 * min, 10}}};
}

template <class T>
void check_widths() {
    for (const auto& columns : shapes_of_columns<T>()) {
        for (const std::int64_t d : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 63, 64, 65}) {
            check_draws(repeated(columns, d), 40, 70, d % 3);
            check_draws(grids::widened(repeated(columns, d), 2), 40, 40, d % 2);
        }
        for (const std::int64_t d : {1023, 1024, 1025, 1030, 2050})
            check_draws(repeated(columns, d), 4, 7, d % 2);
        check_draws(grids::widened(repeated(columns, 1030), 2), 4, 7, 1);
    }
}

template <class T>
void check_hard_ranges() {
    for (const auto& range : grids::hard_ranges<T>()) {
        const check::Note note("range ", range);
        const auto grid = repeated<T>({range}, 5);
        check_draws(grid, 60, 100, 0);
        check_draws(grids::widened(grid, 50), 60, 40, 0);
    }
}

// Many samples in the short way against the second look at all of them, which the tests above
// compare with the law.
template <class T>
void check_margin(const grids::Range<T>& range, std::int64_t n) {
    if (!grids::fits(range.lower, range.upper, range.k)) return;
    const check::Note note("range ", range);
    const auto grid = repeated<T>({range}, 8);
    const auto pmf = models::count(grid, draws::rows_on_edges(grid, 500).view());
    const auto& best = *zbins::kernels::available().back();
    check_same(draws::drawn(grid, pmf, draws::range_of(seed, 0, n)),
               drawn_at(best, grid, pmf, 0, n, T(1), grid.d()));
}

// From grids where hardly any offset is near an edge to those where all are.
template <class T>
void check_margins() {
    for (const auto& range : grids::hard_ranges<T>()) check_margin(range, 3000);
    for (int power = 0; power <= std::numeric_limits<T>::digits + 2; ++power) {
        const T origin = std::ldexp(T(1), power);
        check_margin<T>({origin, origin + 1000, 1000}, 6000);
        check_margin<T>({-origin - 1000, -origin, 1000}, 3000);
        check_margin<T>({origin * T(1.1), origin * T(1.1) + T(77.7), 65536}, 6000);
        check_margin<T>({-origin / 3, origin * T(0.7), 65535}, 6000);
    }
}

}  // namespace

TEST(kernels_draw_float32_rows_of_any_width) {
    check_widths<float>();
}
TEST(kernels_draw_float64_rows_of_any_width) {
    check_widths<double>();
}
TEST(kernels_draw_on_hard_float32_ranges) {
    check_hard_ranges<float>();
}
TEST(kernels_draw_on_hard_float64_ranges) {
    check_hard_ranges<double>();
}
TEST(draws_settled_by_their_float32_offset_are_in_the_bin) {
    check_margins<float>();
}
TEST(draws_settled_by_their_float64_offset_are_in_the_bin) {
    check_margins<double>();
}
