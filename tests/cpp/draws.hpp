// Laws 4 and 5 written down once more: samples one value at a time.
#pragma once

#include <algorithm>
#include <vector>

#include "models.hpp"
#include "reference.hpp"
#include "zbins/draw.hpp"
#include "zbins/grid.hpp"
#include "zbins/pmf.hpp"

namespace draws {

inline std::uint64_t picked_bin(const zbins::Pmf& pmf, std::uint64_t seed, std::uint64_t index) {
    const zbins::Count rank = reference::rank(seed, index, pmf.total());
    const zbins::Count* begin = pmf.cumulative_data();
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

}  // namespace draws
