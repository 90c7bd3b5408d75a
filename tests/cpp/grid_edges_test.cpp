// Why: law 6 clamps samples to the first and last value of their bin. Edges computed as origin +
// raw * width can be hundreds of ulp off, so the exact ones are searched; they must be exact.
#include <algorithm>
#include <cmath>
#include <set>

#include "check.hpp"
#include "clamp.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "zbins/grid.hpp"

namespace {

// Bins worth a look: all of a small grid, otherwise both ends and some between.
template <class T>
std::vector<std::int32_t> bins_of(const zbins::Grid<T>& grid, inputs::Random& random) {
    const std::int32_t first = grid.first()[0], last = first + grid.bins()[0] - 1;
    std::set<std::int32_t> bins;
    for (std::int32_t i = 0; i < 12; ++i) {
        bins.insert({std::min(first + i, last), std::max(last - i, first)});
        bins.insert(static_cast<std::int32_t>(random.between(first, last)));
    }
    for (std::int32_t raw = -3; raw < 3; ++raw) {  // around the pinned edges of a grown grid
        for (const std::int32_t bin : {raw, grid.k()[0] + raw}) {
            if (first <= bin && bin <= last) bins.insert(bin);
        }
    }
    return {bins.begin(), bins.end()};
}

template <class T>
void check_edges(const zbins::Grid<T>& grid, std::int32_t raw) {
    const check::Note note("raw bin ", raw);
    constexpr T max = std::numeric_limits<T>::max();
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const T first = grid.first_value(0, raw), last = grid.last_value(0, raw);
    const bool holds = std::isfinite(first) && grid.raw(0, first) == raw;
    CHECK_EQ(grid.holds_a_value(0, raw), holds);
    if (!holds) {
        // The two neighbours meet: no value lies between them.
        CHECK_EQ(std::nextafter(last, infinity), first);
        return;
    }
    CHECK_EQ(grid.raw(0, last), raw);
    CHECK(first <= last);
    CHECK(std::isfinite(last));
    if (first > -max) CHECK(grid.raw(0, std::nextafter(first, -infinity)) < raw);
    if (last < max) CHECK(grid.raw(0, std::nextafter(last, infinity)) > raw);
}

template <class T>
void check_clamp(const zbins::Grid<T>& grid, std::int32_t raw, inputs::Random& random) {
    if (!grid.holds_a_value(0, raw)) return;
    const check::Note note("raw bin ", raw);
    using L = std::numeric_limits<T>;
    const T first = grid.first_value(0, raw), last = grid.last_value(0, raw);
    std::vector<T> values{first,         last,           0,        L::max(),        L::lowest(),
                          L::infinity(), -L::infinity(), L::min(), L::denorm_min(), -L::min()};
    for (int i = 0; i < 40; ++i) {
        values.push_back(random.uniform(grid.origin()[0], grid.top()[0]));
        values.push_back(random.uniform(L::lowest(), L::max()));
        values.push_back(random.uniform(first, last));
    }
    for (const T edge : {first, last}) {
        T below = edge, above = edge;
        for (int step = 0; step < 10; ++step) {
            values.push_back(below = std::nextafter(below, -L::infinity()));
            values.push_back(above = std::nextafter(above, L::infinity()));
        }
    }
    for (const T x : values) {
        const check::Note at("x ", x);
        CHECK_EQ(zbins::clamp_into_bin(grid.axes(), 0, raw, x), std::clamp(x, first, last));
    }
}

template <class T>
void check_all(std::uint64_t seed) {
    inputs::Random random(seed);
    for (const auto& range : grids::hard_ranges<T>()) {
        const check::Note note(range);
        const auto grid = grids::make(range);
        for (const auto& each : {grid, grids::widened(grid, 9)}) {
            for (const std::int32_t raw : bins_of(each, random)) {
                check_edges(each, raw);
                check_clamp(each, raw, random);
            }
        }
    }
}

// Every value of the range one by one, where that can be done.
template <class T>
void check_by_enumeration(const grids::Range<T>& range, std::size_t values) {
    const check::Note note(range);
    const auto grid = grids::make(range);
    std::set<std::int32_t> occupied;
    std::size_t seen = 0;
    for (T z = range.lower; z <= range.upper;
         z = std::nextafter(z, std::numeric_limits<T>::max()), ++seen)
        occupied.insert(grid.raw(0, z));
    CHECK_EQ(seen, values);
    for (std::int32_t raw = 0; raw < range.k; ++raw)
        CHECK_EQ(grid.holds_a_value(0, raw), occupied.contains(raw));
}

}  // namespace

TEST(edges_are_exact_in_float32) {
    check_all<float>(1);
}
TEST(edges_are_exact_in_float64) {
    check_all<double>(2);
}

TEST(bins_without_a_value_are_known) {
    check_by_enumeration<float>({1e8f, 1e8f + 64, 65536}, 9);
    check_by_enumeration<float>({1e8f, 1e8f + 64, 5}, 9);
    check_by_enumeration<float>({16777216, 16777216 + 2000, 1000}, 1001);
    check_by_enumeration<double>({1e17, 1e17 + 16384, 65536}, 1025);
    check_by_enumeration<double>({1e17, 1e17 + 16384, 1000}, 1025);
}

TEST(edges_of_the_whole_grid_are_its_outer_values) {
    inputs::Random random(3);
    for (const auto& range : grids::hard_ranges<float>()) {
        const check::Note note(range);
        const auto grid = grids::make(range);
        CHECK_EQ(grid.lower()[0], range.lower);
        CHECK_EQ(grid.upper()[0], range.upper);
        const auto wide = grids::widened(grid, 9);
        const std::int32_t last = wide.first()[0] + wide.bins()[0] - 1;
        CHECK_EQ(wide.lower()[0], wide.first_value(0, wide.first()[0]));
        CHECK_EQ(wide.upper()[0], wide.last_value(0, last));
    }
}
