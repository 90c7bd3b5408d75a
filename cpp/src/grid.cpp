#include "zbins/grid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "clamp.hpp"
#include "zbins/error.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

template <class T>
std::size_t at(T j) {
    return static_cast<std::size_t>(j);
}

template <class T>
void check_bounds(std::int64_t j, T lower, T upper) {
    if (std::isfinite(lower) && std::isfinite(upper) && lower <= upper) return;
    throw_value_error("the bounds of column " + std::to_string(j) + " are [" + number(lower) +
                      ", " + number(upper) +
                      "]; they must be finite, and the lower at most the upper");
}

}  // namespace

template <class T>
void Grid<T>::check_dimension(std::int64_t j) const {
    if (j < 0 || j >= d())
        throw_value_error("there is no column " + std::to_string(j) + "; the grid has " +
                          std::to_string(d()));
}

template <class T>
std::int32_t Grid<T>::raw(std::int64_t j, T z) const {
    check_dimension(j);
    const StrictFloats strict;
    return StrictFloats::settled(raw_at(axes(), j, z));
}

template <class T>
void Grid<T>::set_dimension(std::int64_t j, T lower, T upper, std::int32_t k) {
    const std::string column = "column " + std::to_string(j);
    if (k < 1 || k > max_bins) {
        throw_value_error("n_bins of " + column + " is " + std::to_string(k) +
                          "; accepted are whole numbers from 1 to " + std::to_string(max_bins));
    }
    check_bounds(j, lower, upper);
    // -0.0 is +0.0.
    origin_[at(j)] = lower + T(0);
    top_[at(j)] = upper + T(0);
    k_[at(j)] = k;
    last_[at(j)] = k - 1;
    first_[at(j)] = 0;
    if (lower == upper) {
        scale_[at(j)] = width_[at(j)] = 0;
        bins_[at(j)] = 1;
        return;
    }
    const double range = static_cast<double>(upper) - static_cast<double>(lower);
    const T scale = static_cast<T>(k / range);
    const T width = static_cast<T>(range / k);
    const bool range_fits = std::isfinite(static_cast<T>(range)) && std::isfinite(range);
    if (!range_fits || !std::isfinite(scale) || !(scale > 0) || !(width > 0)) {
        throw_value_error(column + " has the range [" + number(lower) + ", " + number(upper) +
                          "], which " + (range_fits ? "is too small" : "is too large") + " for " +
                          std::to_string(k) + " bins in " +
                          (sizeof(T) == 4 ? "float32" : "float64") + "; rescale the column" +
                          (sizeof(T) == 4 ? " or use float64" : "") + ", or give bounds=");
    }
    scale_[at(j)] = scale;
    width_[at(j)] = width;
    bins_[at(j)] = k;
}

template <class T>
Grid<T> Grid<T>::from_bounds(std::span<const T> lower, std::span<const T> upper,
                             std::span<const std::int32_t> k) {
    if (lower.size() != upper.size() || lower.size() != k.size() || lower.empty()) {
        throw_value_error("lower, upper and n_bins have " + std::to_string(lower.size()) + ", " +
                          std::to_string(upper.size()) + " and " + std::to_string(k.size()) +
                          " entries; they must have one per column, and at least one");
    }
    const StrictFloats strict;
    Grid grid;
    const std::size_t d = lower.size();
    for (auto* v : {&grid.origin_, &grid.top_, &grid.scale_, &grid.width_}) v->resize(d);
    for (auto* v : {&grid.k_, &grid.last_, &grid.first_, &grid.bins_}) v->resize(d);
    for (std::size_t j = 0; j < d; ++j) {
        grid.set_dimension(static_cast<std::int64_t>(j), lower[j], upper[j], k[j]);
    }
    return grid;
}

template <class T>
Grid<T> Grid<T>::with_extents(std::span<const std::int32_t> first,
                              std::span<const std::int32_t> bins) const {
    Grid grid = *this;
    if (first.size() != k_.size() || bins.size() != k_.size()) {
        throw_value_error("first_bin and n_bins must have one entry per column");
    }
    for (std::size_t j = 0; j < k_.size(); ++j) {
        const bool is_constant = constant(static_cast<std::int64_t>(j));
        const std::int64_t end = std::int64_t{first[j]} + bins[j];
        const bool grown =
            first[j] <= 0 && first[j] > -max_bins && bins[j] <= max_bins && end >= k_[j];
        if (is_constant ? (first[j] != 0 || bins[j] != 1) : !grown) {
            throw_value_error("column " + std::to_string(j) + " has first_bin " +
                              std::to_string(first[j]) + " and n_bins " + std::to_string(bins[j]) +
                              ", which no growth of " + std::to_string(k_[j]) + " bins gives");
        }
        grid.first_[j] = first[j];
        grid.bins_[j] = bins[j];
    }
    return grid;
}

template <class T>
Grid<T> Grid<T>::grown(std::span<const T> lower, std::span<const T> upper,
                       std::int64_t (*find_row)(void*, std::int64_t, T), void* user) const {
    if (lower.size() != k_.size() || upper.size() != k_.size()) {
        throw_value_error("lower and upper must have one entry per column");
    }
    const StrictFloats strict;
    Grid grid = *this;
    const Axes<T> a = axes();
    for (std::int64_t j = 0; j < d(); ++j) {
        const T low = lower[at(j)], high = upper[at(j)];
        constexpr T infinity = std::numeric_limits<T>::infinity();
        if (low == infinity && high == -infinity) continue;  // of no rows
        check_bounds(j, low, high);
        if (constant(j)) {
            if (low == origin_[at(j)] && high == top_[at(j)]) continue;
            grid.set_dimension(j, std::min(low, origin_[at(j)]), std::max(high, top_[at(j)]),
                               k_[at(j)]);
            continue;
        }
        const std::int32_t old_first = first_[at(j)];
        const std::int32_t old_last = old_first + bins_[at(j)] - 1;
        const std::int32_t first = std::min(old_first, raw_at(a, j, low));
        const std::int32_t last = std::max(old_last, raw_at(a, j, high));
        const std::int64_t bins = std::int64_t{last} - first + 1;
        if (bins > max_bins) {
            // Name the value that is further out; both may be.
            const T value = old_first - first > last - old_last ? low : high;
            const bool saturated = first <= -raw_limit || last >= raw_limit;
            throw_too_many_bins(value, find_row ? find_row(user, j, value) : -1, j,
                                saturated ? -1 : bins, first_value(j, old_first),
                                last_value(j, old_last));
        }
        grid.first_[at(j)] = first;
        grid.bins_[at(j)] = static_cast<std::int32_t>(bins);
    }
    return grid;
}

template <class T>
bool Grid<T>::grown_from(const Grid& older) const {
    if (older.d() != d() || older.k_ != k_) return false;
    for (std::int64_t j = 0; j < d(); ++j) {
        const std::size_t i = at(j);
        const std::int32_t end = first_[i] + bins_[i];
        if (older.constant(j)) {
            const std::int32_t code = raw(j, older.origin_[i]) - first_[i];
            if (code < 0 || code >= bins_[i]) return false;
            if (constant(j) && !same_value(origin_[i], older.origin_[i])) return false;
        } else if (!same_value(origin_[i], older.origin_[i]) ||
                   !same_value(top_[i], older.top_[i]) || first_[i] > older.first_[i] ||
                   end < older.first_[i] + older.bins_[i]) {
            return false;
        }
    }
    return true;
}

template <class T>
std::int32_t Grid<T>::shift_of(std::int64_t j, const Grid& older) const {
    const std::size_t i = at(j);
    const bool widened = older.constant(j) && !constant(j);
    return (widened ? raw(j, older.origin_[i]) : older.first_[i]) - first_[i];
}

template <class T>
std::vector<std::int32_t> Grid<T>::shift_from(const Grid& older) const {
    if (!grown_from(older)) throw_value_error("the grid did not grow from the other one");
    std::vector<std::int32_t> shift(k_.size());
    for (std::int64_t j = 0; j < d(); ++j) shift[at(j)] = shift_of(j, older);
    return shift;
}

template <class T>
bool Grid<T>::same_codes(const Grid& older) const {
    if (older.d() != d()) return false;
    for (std::int64_t j = 0; j < d(); ++j) {
        if (shift_of(j, older) != 0) return false;
    }
    return true;
}

template <class T>
T Grid<T>::first_value(std::int64_t j, std::int32_t raw) const {
    check_dimension(j);
    const StrictFloats strict;
    const Axes<T> a = axes();
    const T max = std::numeric_limits<T>::max();
    if (raw_at(a, j, -max) >= raw) return -max;
    const Ordinal<T> first = bisect(a, j, raw, to_ordinal(-max), to_ordinal(max) + 1);
    return StrictFloats::settled(from_ordinal<T>(first) + T(0));
}

template <class T>
T Grid<T>::last_value(std::int64_t j, std::int32_t raw) const {
    check_dimension(j);
    const StrictFloats strict;
    const Axes<T> a = axes();
    const T max = std::numeric_limits<T>::max();
    if (raw_at(a, j, max) <= raw) return max;
    const Ordinal<T> next = bisect(a, j, raw + 1, to_ordinal(-max), to_ordinal(max));
    return StrictFloats::settled(from_ordinal<T>(next - 1) + T(0));
}

template <class T>
bool Grid<T>::holds_a_value(std::int64_t j, std::int32_t raw) const {
    check_dimension(j);
    const StrictFloats strict;
    const std::size_t i = at(j);
    const T middle = origin_[i] + (static_cast<T>(raw) + T(0.5)) * width_[i];
    if (this->raw(j, middle) == raw && std::isfinite(middle)) return true;
    const T first = first_value(j, raw);
    return std::isfinite(first) && this->raw(j, first) == raw;
}

template <class T>
std::vector<T> Grid<T>::lower() const {
    std::vector<T> values(origin_);
    for (std::int64_t j = 0; j < d(); ++j) {
        if (first_[at(j)] < 0) values[at(j)] = first_value(j, first_[at(j)]);
    }
    return values;
}

template <class T>
std::vector<T> Grid<T>::upper() const {
    std::vector<T> values(top_);
    for (std::int64_t j = 0; j < d(); ++j) {
        const std::int32_t last = first_[at(j)] + bins_[at(j)] - 1;
        if (last >= k_[at(j)]) values[at(j)] = last_value(j, last);
    }
    return values;
}

template <class T>
double Grid<T>::log_bin_volume() const {
    const StrictFloats strict;
    double sum = 0;
    for (std::int64_t j = 0; j < d(); ++j) {
        if (constant(j)) continue;
        sum += std::log((static_cast<double>(top_[at(j)]) - static_cast<double>(origin_[at(j)])) /
                        k_[at(j)]);
    }
    return StrictFloats::settled(sum);
}

template <class T>
std::int32_t Grid<T>::max_bins_of_a_dimension() const {
    return bins_.empty() ? 1 : *std::max_element(bins_.begin(), bins_.end());
}

template class Grid<float>;
template class Grid<double>;

}  // namespace zbins::inline v1
