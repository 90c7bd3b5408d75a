// Why: growing must move only the first bin and the number of bins, so that codes made before stay
// true (law 1); and what cannot be grown must be refused with row, column and value (law 8).
#include <cmath>
#include <stdexcept>

#include "check.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "zbins/grid.hpp"

using Extents = std::vector<std::int32_t>;

namespace {

template <class T>
void check_growth(const grids::Range<T>& range, inputs::Random& random) {
    const check::Note note(range);
    const auto grid = grids::make(range);
    auto grown = grid;
    for (int step = 0; step < 5; ++step) {
        const std::int32_t room = std::min(zbins::max_bins - grown.bins()[0], 1000);
        const std::int32_t first = grown.first()[0], last = first + grown.bins()[0] - 1;
        const auto extra = static_cast<std::int32_t>(random.between(0, room));
        // The raw bins of real values: beyond the largest of the type there are none.
        const T low = grid.first_value(0, first - extra);
        const T high = grid.last_value(0, last + room - extra);
        if (!std::isfinite(low) || !std::isfinite(high)) continue;
        const std::int32_t low_raw = grid.raw(0, low), high_raw = grid.raw(0, high);
        const auto next = grids::grown<T>(grown, {low}, {high});
        CHECK(next.same_lattice(grid));
        CHECK_EQ(next.axes().scale[0], grid.axes().scale[0]);
        CHECK_EQ(next.axes().width[0], grid.axes().width[0]);
        CHECK_EQ(next.first()[0], std::min(first, low_raw));
        CHECK_EQ(next.first()[0] + next.bins()[0] - 1, std::max(last, high_raw));
        CHECK_EQ(next.shift_from(grown)[0], grown.first()[0] - next.first()[0]);
        CHECK_EQ(next.shift_from(grid)[0], -next.first()[0]);
        CHECK(next.lower()[0] <= low && high <= next.upper()[0]);
        // Growing to what is covered changes nothing, and neither does the empty range.
        CHECK(grids::grown<T>(next, {low}, {high}) == next);
        constexpr T infinity = std::numeric_limits<T>::infinity();
        CHECK(grids::grown<T>(next, {infinity}, {-infinity}) == next);
        CHECK(grid.with_extents(next.first(), next.bins()) == next);
        grown = next;
    }
}

std::int64_t row_seven(void* asked, std::int64_t col, double value) {
    *static_cast<double*>(asked) = value;
    return col == 1 ? 7 : -1;
}

}  // namespace

TEST(growth_moves_only_the_extents) {
    inputs::Random random(1);
    for (const auto& range : grids::hard_ranges<float>()) check_growth(range, random);
    for (const auto& range : grids::hard_ranges<double>()) check_growth(range, random);
}

TEST(growth_is_the_same_in_any_order_of_chunks) {
    const auto grid = grids::make<float>({0, 10}, {1, 11}, {8, 100});
    const auto one_way =
        grids::grown<float>(grids::grown<float>(grid, {-3, 9}, {0, 10}), {2, 5}, {4, 14.5f});
    const auto other_way =
        grids::grown<float>(grids::grown<float>(grid, {2, 5}, {4, 14.5f}), {-3, 9}, {0, 10});
    CHECK(one_way == other_way);
    CHECK(one_way == grids::grown<float>(grid, {-3, 5}, {4, 14.5f}));
    CHECK(one_way.first() == (Extents{-24, -500}));
    CHECK(one_way.bins() == (Extents{24 + 33, 500 + 451}));
}

TEST(growth_gives_a_constant_dimension_its_width) {
    const auto grid = grids::make<double>({3, 0}, {3, 1}, {4, 4});
    CHECK(grids::grown<double>(grid, {3, 0}, {3, 1}) == grid);
    const auto above = grids::grown<double>(grid, {3, 0}, {5, 1});
    CHECK(above == grids::make<double>({3, 0}, {5, 1}, {4, 4}));
    CHECK(above.shift_from(grid) == (Extents{0, 0}));
    const auto below = grids::grown<double>(grid, {1, -0.5}, {2, 1});
    CHECK_EQ(below.origin()[0], 1.0);
    CHECK_EQ(below.top()[0], 3.0);
    CHECK_EQ(below.bins()[0], 4);
    CHECK_EQ(below.first()[0], 0);
    CHECK(below.shift_from(grid) == (Extents{3, 2}));  // 3.0 is the top now: the last bin
    // A constant chunk elsewhere makes it vary; an empty one does not.
    CHECK(!grids::grown<double>(grid, {4, 0}, {4, 1}).constant(0));
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(grids::grown<double>(grid, {infinity, infinity}, {-infinity, -infinity}) == grid);
    // And a grid grown after that still knows where the constant went.
    const auto further = grids::grown<double>(below, {-7, 0}, {2, 1});
    CHECK_EQ(further.shift_from(grid)[0], further.raw(0, 3.0) - further.first()[0]);
    // A width that cannot be is refused here as in a first chunk.
    const auto zero = grids::make<double>({0}, {0}, {4});
    CHECK_THROWS(grids::grown<double>(zero, {0}, {5e-324}), std::invalid_argument,
                 "column 0 has the range [0, 5e-324], which is too small for 4 bins");
}

TEST(growth_stops_at_65536_bins) {
    const auto grid = grids::make<double>({0, 0}, {1, 1}, {1, 16});
    // The last value that fits: 65,536 bins, then one too many.
    const double fits = std::nextafter(4096.0, 0.0);
    CHECK_EQ(grids::grown<double>(grid, {0, 0}, {1, fits}).bins()[1], 65536);
    double asked = 0;
    const std::vector<double> low{0, 0}, high{1, 4096};
    CHECK_THROWS(grid.grown(low, high, &row_seven, &asked), std::invalid_argument,
                 "X contains 4096 at row 7, column 1: growing the range [0, 1] to it would take "
                 "65537 bins");
    CHECK_EQ(asked, 4096.0);
    CHECK_THROWS(grids::grown<double>(grid, {0, -4096}, {1, 1}), std::invalid_argument,
                 "X contains -4096 at column 1");
    CHECK_THROWS(grids::grown<double>(grid, {0, 0}, {1, 1e300}), std::invalid_argument,
                 "would take far more bins");
    // Below zero the other way, and the further of two values is the one that is named.
    CHECK_THROWS(grids::grown<double>(grid, {0, -5000}, {1, 100}), std::invalid_argument, "-5000");
    CHECK_THROWS(grids::grown<double>(grid, {0, -100}, {1, 5000}), std::invalid_argument, "5000");
}

TEST(extents_that_no_growth_gives_are_refused) {
    const auto grid = grids::make<float>({0, 5}, {1, 5}, {10, 10});
    CHECK(grid.with_extents(Extents{-5, 0}, Extents{15, 1}).lower()[0] < 0);
    const Extents bad[][2] = {
        {{1, 0}, {10, 1}},           // after the origin
        {{0, 0}, {9, 1}},            // the last bin is gone
        {{-5, 0}, {14, 1}},          // the same, moved
        {{-65536, 0}, {65536, 1}},   // no bin of the lattice left
        {{0, 0}, {65537, 1}},        // too many
        {{-5, 0}, {-100, 1}},        // none
        {{-5, 0}, {2147483647, 1}},  //
        {{-2147483647 - 1, 0}, {2147483647, 1}},
        {{0, -1}, {10, 2}},  // a constant dimension has one bin
        {{0, 0}, {10, 2}},   //
        {{0}, {10}},         // a column is missing
    };
    for (const auto& extents : bad)
        CHECK_THROWS(grid.with_extents(extents[0], extents[1]), std::invalid_argument, "first_bin");
}
