// Why: law 1. Every value's bin is fixed by one subtraction, one multiplication and floor, with
// both edges pinned; all codes, files and samples hang on it.
#include "zbins/grid.hpp"

#include <cmath>
#include <stdexcept>

#include "check.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "reference.hpp"

namespace {

// Values that are likely to break the rule: ends and edges and their neighbours, and values far
// inside, far outside and of any exponent.
template <class T>
std::vector<T> probes(const grids::Range<T>& range, inputs::Random& random) {
    using L = std::numeric_limits<T>;
    std::vector<T> values{range.lower, range.upper, 0,         -T(0),          L::max(),
                          L::lowest(), L::min(),    -L::min(), L::denorm_min()};
    const double width =
        (static_cast<double>(range.upper) - static_cast<double>(range.lower)) / range.k;
    for (int i = 0; i < 300; ++i) {
        values.push_back(random.uniform(range.lower, range.upper));
        const std::int64_t edge = random.between(-20, range.k + 20);
        values.push_back(
            static_cast<T>(static_cast<double>(range.lower) + static_cast<double>(edge) * width));
        values.push_back(random.uniform(L::lowest(), L::max()));
        values.push_back(static_cast<T>(
            std::ldexp(random.unit<double>() - 0.5,
                       static_cast<int>(random.between(L::min_exponent - 20, L::max_exponent)))));
    }
    const std::size_t n = values.size();
    for (std::size_t i = 0; i < n; ++i) {
        values.push_back(std::nextafter(values[i], L::infinity()));
        values.push_back(std::nextafter(values[i], -L::infinity()));
    }
    std::erase_if(values, [](T value) { return !std::isfinite(value); });
    return values;
}

template <class T>
void check_law_1() {
    inputs::Random random(1);
    for (const auto& range : grids::hard_ranges<T>()) {
        const check::Note note(range);
        const auto grid = grids::make(range);
        const T scale = reference::scale(range.lower, range.upper, range.k);
        CHECK_EQ(grid.axes().scale[0], scale);
        CHECK_EQ(grid.axes().width[0], reference::width(range.lower, range.upper, range.k));
        CHECK_EQ(grid.raw(0, range.lower), 0);
        CHECK_EQ(grid.raw(0, range.upper), range.k - 1);
        for (const T z : probes(range, random)) {
            const check::Note at("z ", z);
            const std::int64_t raw = grid.raw(0, z);
            CHECK_EQ(raw, reference::raw_bin(z, range.lower, range.upper, scale, range.k));
            CHECK(z > range.upper ? raw >= range.k : z < range.lower ? raw < 0 : raw >= 0);
        }
    }
}

template <class T>
void check_monotone() {
    inputs::Random random(2);
    for (const auto& range : grids::hard_ranges<T>()) {
        const check::Note note(range);
        const auto grid = grids::make(range);
        std::vector<T> values = probes(range, random);
        std::sort(values.begin(), values.end());
        for (std::size_t i = 1; i < values.size(); ++i)
            CHECK(grid.raw(0, values[i - 1]) <= grid.raw(0, values[i]));
    }
}

}  // namespace

TEST(grid_gives_the_example_of_appendix_a) {
    const auto grid = grids::make<double>({-19, -5, 0}, {5.7, 3, 20}, {10, 10, 10});
    CHECK_EQ(grid.raw(0, 1.5), 8);
    CHECK_EQ(grid.raw(1, 2.6), 9);
    CHECK_EQ(grid.raw(2, 8.0), 4);
    const auto narrow = grids::make<float>({-19, -5, 0}, {5.7f, 3, 20}, {10, 10, 10});
    CHECK_EQ(narrow.raw(0, 1.5f), 8);
    CHECK_EQ(narrow.raw(1, 2.6f), 9);
    CHECK_EQ(narrow.raw(2, 8.0f), 4);
}

TEST(raw_bins_follow_law_1_in_float32) {
    check_law_1<float>();
}
TEST(raw_bins_follow_law_1_in_float64) {
    check_law_1<double>();
}
TEST(raw_bins_never_fall_as_values_rise) {
    check_monotone<float>();
    check_monotone<double>();
}

TEST(grid_of_a_constant_dimension_has_one_bin) {
    const auto grid = grids::make<float>({2.5f, 0}, {2.5f, 1}, {10, 10});
    CHECK(grid.constant(0));
    CHECK(!grid.constant(1));
    CHECK_EQ(grid.bins()[0], 1);
    CHECK_EQ(grid.raw(0, 2.5f), 0);
    CHECK(grid.raw(0, std::nextafter(2.5f, 3.0f)) > 0);
    CHECK(grid.raw(0, std::nextafter(2.5f, 2.0f)) < 0);
    CHECK_EQ(grid.lower()[0], 2.5f);
    CHECK_EQ(grid.upper()[0], 2.5f);
    CHECK_EQ(grid.first_value(0, 0), 2.5f);
    CHECK_EQ(grid.last_value(0, 0), 2.5f);
    // The density leaves it out.
    CHECK_EQ(grid.log_bin_volume(), std::log(1.0 / 10));
}

TEST(grid_takes_minus_zero_as_zero) {
    const auto grid = grids::make<double>({-0.0, -0.0, -1}, {1, -0.0, -0.0}, {4, 4, 4});
    CHECK(grid == grids::make<double>({0, 0, -1}, {1, 0, 0}, {4, 4, 4}));
    for (const double value : {grid.origin()[0], grid.origin()[1], grid.top()[1], grid.top()[2]})
        CHECK(!std::signbit(value));
    CHECK_EQ(grid.raw(0, -0.0), 0);
    CHECK_EQ(grid.raw(1, -0.0), 0);
    CHECK_EQ(grid.raw(2, -0.0), 3);
}

TEST(grid_refuses_what_law_1_cannot_hold) {
    using F = std::vector<float>;
    using D = std::vector<double>;
    constexpr float max = std::numeric_limits<float>::max();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    using Error = std::invalid_argument;
    CHECK_THROWS(grids::make<float>({0, -max}, {1, max}, {10, 10}), Error,
                 "column 1 has the range [-3.4028235e+38, 3.4028235e+38], which is too large");
    CHECK_THROWS(grids::make<float>({0}, {1e-40f}, {10}), Error,
                 "too small for 10 bins in float32");
    CHECK_THROWS(grids::make<double>({0}, {5e-324}, {1}), Error, "too small for 1 bins in float64");
    CHECK_THROWS(grids::make<double>({-1e308}, {1e308}, {1}), Error, "too large");
    CHECK_THROWS(grids::make<double>({0, nan}, {1, 1}, {2, 2}), Error, "the bounds of column 1");
    CHECK_THROWS(grids::make<double>({2}, {1}, {2}), Error, "the lower at most the upper");
    CHECK_THROWS(grids::make<double>({0}, {1}, {0}), Error, "n_bins of column 0 is 0");
    CHECK_THROWS(grids::make<double>({0}, {1}, {65537}), Error, "from 1 to 65536");
    CHECK_THROWS(grids::make<double>({0}, {0}, {-1}), Error, "n_bins of column 0 is -1");
    CHECK_THROWS(grids::make<double>(D{}, D{}, {}), Error, "at least one");
    CHECK_THROWS(grids::make<float>(F{0, 0}, F{1}, {1, 1}), Error, "2, 1 and 2 entries");
}
