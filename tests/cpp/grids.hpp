// Grids that are hard on floating point: large offsets, subnormal widths, ranges near the largest
// value, more bins than values.
#pragma once

#include <cmath>
#include <limits>
#include <ostream>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"
#include "zbins/grid.hpp"

namespace grids {

template <class T>
struct Range {
    T lower, upper;
    std::int32_t k;
};

// True where law 1 can be kept: range and scale finite and positive in T.
template <class T>
bool fits(T lower, T upper, std::int32_t k) {
    const double range = static_cast<double>(upper) - static_cast<double>(lower);
    const double largest = static_cast<double>(std::numeric_limits<T>::max());
    const double smallest = static_cast<double>(std::numeric_limits<T>::denorm_min());
    return std::isfinite(range) && range <= largest && k / range <= largest &&
           k / range >= smallest && range / k >= smallest;
}

template <class T>
std::vector<Range<T>> hard_ranges() {
    using L = std::numeric_limits<T>;
    const T max = L::max(), min = L::min(), big = T(1e8);
    const T ends[][2] = {
        {0, 1},
        {T(-19), T(5.7)},
        {T(0.1), T(0.3)},
        {T(-3), T(1e-30)},
        {T(-1e-30), T(1e30)},
        {big, big + 64},
        {-big - 64, -big},
        {big, std::nextafter(big, max)},
        {T(1), T(1) + 100 * L::epsilon()},
        {T(-65536), T(65536)},
        {T(1) / 3, T(1e5) / 3},
        {0, min},
        {0, min * T(0.9)},
        {-min / 2, min / 2},
        {min, 3 * min},
        {0, max},
        {-max / 2, max * T(0.49)},
        {max * T(0.9), max},
        {-max, -max * T(0.9)},
        {-max, -max * T(0.1)},
        {-T(0), T(1e-20)},
    };
    std::vector<Range<T>> ranges;
    for (const auto& [lower, upper] : ends) {
        for (const std::int32_t k : {1, 2, 3, 10, 255, 65536}) {
            if (fits(lower, upper, k)) ranges.push_back({lower, upper, k});
        }
    }
    return ranges;
}

template <class T>
std::ostream& operator<<(std::ostream& out, const Range<T>& range) {
    return out << "[" << check::show(range.lower) << ", " << check::show(range.upper) << "], k "
               << range.k;
}

template <class T>
zbins::Grid<T> make(const std::vector<T>& lower, const std::vector<T>& upper,
                    const std::vector<std::int32_t>& k) {
    return zbins::Grid<T>::from_bounds(lower, upper, k);
}

// One dimension a range.
template <class T>
zbins::Grid<T> make(const std::vector<Range<T>>& ranges) {
    std::vector<T> lower, upper;
    std::vector<std::int32_t> k;
    for (const Range<T>& range : ranges) {
        lower.push_back(range.lower);
        upper.push_back(range.upper);
        k.push_back(range.k);
    }
    return make(lower, upper, k);
}

template <class T>
zbins::Grid<T> make(const Range<T>& range) {
    return make(std::vector<Range<T>>{range});
}

template <class T>
zbins::Grid<T> grown(const zbins::Grid<T>& grid, const std::vector<T>& lower,
                     const std::vector<T>& upper) {
    return grid.grown(lower, upper, nullptr, nullptr);
}

// Grown by up to `bins` bins on each side, where the type has values there.
template <class T>
zbins::Grid<T> widened(const zbins::Grid<T>& grid, std::int32_t bins) {
    std::vector<T> lower, upper;
    for (std::int64_t j = 0; j < grid.d(); ++j) {
        const auto i = static_cast<std::size_t>(j);
        const std::int32_t extra = std::min(bins, (zbins::max_bins - grid.bins()[i]) / 2);
        const std::int32_t first = grid.first()[i], last = first + grid.bins()[i] - 1;
        const T low = grid.first_value(j, first - extra), high = grid.last_value(j, last + extra);
        lower.push_back(grid.constant(j) ? grid.origin()[i] : low);
        upper.push_back(grid.constant(j) ? grid.top()[i] : high);
    }
    return grown(grid, lower, upper);
}

// Values inside and outside, on both ends, and far away.
template <class T>
inputs::Matrix<T> values_around(inputs::Random& random, const zbins::Grid<T>& grid,
                                std::int64_t n) {
    inputs::Matrix<T> x(n, grid.d());
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < x.cols; ++j) {
            const auto c = static_cast<std::size_t>(j);
            const T low = grid.origin()[c], high = grid.top()[c];
            const std::uint64_t kind = random.below(12);
            x.at(i, j) = kind == 0   ? low
                         : kind == 1 ? high
                         : kind == 2 ? random.uniform(std::numeric_limits<T>::lowest(),
                                                      std::numeric_limits<T>::max())
                         : kind == 3 ? low - random.unit<T>()
                                     : random.uniform(low, high);
        }
    }
    return x;
}

// Values within [origin, top], both ends among them.
template <class T>
inputs::Matrix<T> values_inside(inputs::Random& random, const zbins::Grid<T>& grid,
                                std::int64_t n) {
    inputs::Matrix<T> x(n, grid.d());
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < x.cols; ++j) {
            const auto c = static_cast<std::size_t>(j);
            const T low = grid.origin()[c], high = grid.top()[c];
            const std::uint64_t kind = random.below(10);
            x.at(i, j) = kind == 0 ? low : kind == 1 ? high : random.uniform(low, high);
        }
    }
    return x;
}

}  // namespace grids
