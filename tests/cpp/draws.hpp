// Laws 4 and 5 written down once more: samples one value at a time.
#pragma once

#include <algorithm>
#include <vector>

#include "inputs.hpp"
#include "models.hpp"
#include "reference.hpp"
#include "zbins/draw.hpp"
#include "zbins/grid.hpp"
#include "zbins/pmf.hpp"

namespace draws {

inline std::uint64_t picked_bin(const zbins::Pmf& pmf, std::uint64_t seed, std::uint64_t index) {
    const zbins::Count rank = reference::rank(seed, index, pmf.total());
    const zbins::Count* begin = pmf.categorical().cumulative_data();
    return static_cast<std::uint64_t>(std::upper_bound(begin, begin + pmf.size() + 1, rank) -
                                      begin - 1);
}

// A bin's place in the grid: its raw bins.
template <class T>
std::vector<std::int32_t> raw_of(const zbins::Grid<T>& grid, const zbins::Pmf& pmf,
                                 std::uint64_t bin) {
    std::vector<std::int32_t> raw = models::code_of(pmf, bin);
    for (std::size_t j = 0; j < raw.size(); ++j) raw[j] += grid.first()[j];
    return raw;
}

// Sample number `index`, which lies in the bin `raw`.
template <class T>
std::vector<T> sample_in(const zbins::Grid<T>& grid, const std::vector<std::int32_t>& raw,
                         std::uint64_t seed, std::uint64_t index) {
    std::vector<T> x(raw.size());
    for (std::size_t j = 0; j < x.size(); ++j) {
        const T origin = grid.origin()[j];
        if (grid.constant(static_cast<std::int64_t>(j))) {
            x[j] = origin;
            continue;
        }
        const T width = reference::width(origin, grid.top()[j], grid.k()[j]);
        const T u = reference::offset(seed, index, static_cast<std::uint32_t>(j), T());
        const T steps = static_cast<T>(raw[j]) + u;
        const T distance = steps * width;
        const auto column = static_cast<std::int64_t>(j);
        x[j] = std::clamp(origin + distance, grid.first_value(column, raw[j]),
                          grid.last_value(column, raw[j]));
    }
    return x;
}

template <class T>
std::vector<T> drawn(const zbins::Grid<T>& grid, const zbins::Pmf& pmf,
                     const zbins::DrawRange& range, int threads = 1,
                     models::Labels* labels_out = nullptr) {
    std::vector<T> out(static_cast<std::size_t>(range.n * grid.d()));
    if (labels_out) labels_out->resize(static_cast<std::size_t>(range.n));
    zbins::draw(grid, pmf, range, out.data(), grid.d(), labels_out ? labels_out->data() : nullptr,
                models::on_threads(threads));
    return out;
}

inline zbins::DrawRange range_of(std::uint64_t seed, std::uint64_t first, std::int64_t n) {
    zbins::DrawRange range;
    range.seed = seed, range.first = first, range.n = n;
    return range;
}

// Rows in random bins of every dimension, the outermost ones often, at either end of the bin.
template <class T>
inputs::Matrix<T> rows_on_edges(const zbins::Grid<T>& grid, std::int64_t n) {
    inputs::Random random(1);
    inputs::Matrix<T> x(n, grid.d());
    const std::vector<T> lower = grid.lower(), upper = grid.upper();
    for (std::int64_t j = 0; j < x.cols; ++j) {
        const auto c = static_cast<std::size_t>(j);
        const std::int32_t first = grid.first()[c], last = first + grid.bins()[c] - 1;
        for (std::int64_t i = 0; i < n; ++i) {
            const std::uint64_t kind = random.below(6);
            const std::int32_t raw = kind == 0 ? first
                                     : kind == 1
                                         ? last
                                         : static_cast<std::int32_t>(random.between(first, last));
            // Where a bin holds no value this is one of the next.
            const T value = kind % 2 == 0 ? grid.first_value(j, raw) : grid.last_value(j, raw);
            x.at(i, j) = std::clamp(value, lower[c], upper[c]);
        }
    }
    return x;
}

}  // namespace draws
