// Bounds and wanted bins -> the grid of law 1. Its lattice (origin, top, k) never changes; growing
// it moves only the first bin and the number of bins. Codes, raw bins and exact edges come from
// one function, `raw_bin`, so that they cannot disagree.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "zbins/axes.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

template <class T>
class ZBINS_API Grid {
public:
    // lower[j] <= upper[j], all finite; equal bounds make a dimension that is constant so far.
    // Throws std::invalid_argument naming the column where a range or scale is not finite and
    // positive in T, or k is outside [1, max_bins].
    static Grid from_bounds(std::span<const T> lower, std::span<const T> upper,
                            std::span<const std::int32_t> k);

    // The same lattice with other extents: first in (-max_bins, 0], first + bins >= the lattice's
    // last bin + 1. Throws std::invalid_argument where they are not those of a grown grid.
    Grid with_extents(std::span<const std::int32_t> first,
                      std::span<const std::int32_t> bins) const;

    // The smallest grid on this lattice that also covers [lower[j], upper[j]]; dimensions constant
    // so far get their width here. Throws std::invalid_argument past max_bins, naming column and
    // value; `find_row` (may be null) is asked for the row of the offending value.
    Grid grown(std::span<const T> lower, std::span<const T> upper,
               std::int64_t (*find_row)(void*, std::int64_t col, T value), void* user) const;

    // Whether this grid is `older`, or one that `grown` makes of it.
    bool grown_from(const Grid& older) const;
    // What to add to a code of `older` (a grid this one was grown from) to get the code here.
    // Throws std::invalid_argument where it was not.
    std::vector<std::int32_t> shift_from(const Grid& older) const;
    // Whether there is nothing to add. `older` must be a grid that this one was grown from.
    bool same_codes(const Grid& older) const;

    std::int64_t d() const { return static_cast<std::int64_t>(origin_.size()); }
    // Law 1 for one value of dimension j.
    std::int32_t raw(std::int64_t j, T z) const;
    bool constant(std::int64_t j) const {
        if (j < 0 || j >= d()) check_dimension(j);
        const auto i = static_cast<std::size_t>(j);
        return same_value(origin_[i], top_[i]);
    }

    // The smallest and the largest finite value whose raw bin is `raw` (where it holds any value).
    T first_value(std::int64_t j, std::int32_t raw) const;
    T last_value(std::int64_t j, std::int32_t raw) const;
    bool holds_a_value(std::int64_t j, std::int32_t raw) const;

    std::vector<T> lower() const;   // lower_: the smallest value inside the grid, per dimension
    std::vector<T> upper() const;   // upper_: the largest
    double log_bin_volume() const;  // sum of log widths, constant dimensions left out
    std::int32_t max_bins_of_a_dimension() const;

    Axes<T> axes() const {
        return {d(),       origin_.data(), top_.data(),   scale_.data(), width_.data(),
                k_.data(), last_.data(),   first_.data(), bins_.data()};
    }
    const std::vector<T>& origin() const { return origin_; }
    const std::vector<T>& top() const { return top_; }
    const std::vector<std::int32_t>& k() const { return k_; }
    const std::vector<std::int32_t>& first() const { return first_; }
    const std::vector<std::int32_t>& bins() const { return bins_; }
    bool same_lattice(const Grid& other) const {
        return same_values(origin_, other.origin_) && same_values(top_, other.top_) &&
               k_ == other.k_;
    }
    bool operator==(const Grid& other) const {
        return same_lattice(other) && first_ == other.first_ && bins_ == other.bins_;
    }

private:
    Grid() = default;  // without dimensions, to be filled
    // By their bits, since a mode of the caller's may take all subnormal values for zero; there is
    // no NaN here and no -0.0.
    static bool same_value(T a, T b) {
        using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
        return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b);
    }
    static bool same_values(const std::vector<T>& a, const std::vector<T>& b) {
        return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
    }
    void check_dimension(std::int64_t j) const;
    std::int32_t shift_of(std::int64_t j, const Grid& older) const;
    void set_dimension(std::int64_t j, T lower, T upper, std::int32_t k);

    std::vector<T> origin_, top_, scale_, width_;
    std::vector<std::int32_t> k_, last_, first_, bins_;
};

extern template class Grid<float>;
extern template class Grid<double>;

}  // namespace zbins::inline v1
