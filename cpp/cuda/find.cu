#include "find.hpp"

#include <algorithm>

#include "bounds.hpp"
#include "kernel.cuh"
#include "quantize.hpp"
#include "zbins/find.hpp"

namespace zbins::cuda {

namespace {

__global__ void look_up(PmfView pmf, const std::uint64_t* starts, int shift, const Word* keys,
                        const std::uint8_t* outside, std::uint64_t n, std::int64_t* bins) {
    const std::uint64_t i = thread_number();
    if (i >= n) return;
    const int words = pmf.layout.words;
    const Word* key = keys + i * static_cast<std::uint64_t>(words);
    bins[i] = outside[i] != 0
                  ? -1
                  : find_bin(pmf.keys, words, starts, shift, key, fixed_hash(key, words));
}

__global__ void densities_of(const Count* cumulative, double log_total, double log_volume,
                             const std::int64_t* bins, std::uint64_t n, double* densities) {
    const std::uint64_t i = thread_number();
    if (i >= n) return;
    const std::int64_t bin = bins[i];
    densities[i] = bin < 0 ? -std::numeric_limits<double>::infinity()
                           : log(static_cast<double>(cumulative[bin + 1] - cumulative[bin])) -
                                 log_total - log_volume;
}

// Keys of so many rows at a time: memory does not follow the rows asked for.
constexpr std::uint64_t key_bytes_at_once = std::uint64_t{256} << 20;

}  // namespace

template <class T>
void find_bins(const Queue& queue, const Grid<T>& grid, const Pmf& pmf, const Rows& x,
               std::int64_t* bins) {
    if (x.rows == 0) return;
    const auto axes = pmf.axes(queue, grid);
    const Lookup& lookup = pmf.lookup(queue);
    const Layout& layout = pmf.layout();
    const auto words = static_cast<std::uint64_t>(layout.words);
    const auto rows = static_cast<std::uint64_t>(x.rows);
    const std::uint64_t at_once =
        std::min(rows, std::max<std::uint64_t>(1, key_bytes_at_once / (words * sizeof(Word))));
    Array<Word> keys(queue, at_once * words);
    Array<std::uint8_t> outside(queue, at_once);
    Array<std::uint64_t> not_finite(queue, 1);
    fill_bytes(queue, not_finite, 0xff);
    for (std::uint64_t begin = 0; begin < rows; begin += at_once) {
        Rows some = x;
        some.rows = static_cast<std::int64_t>(std::min(at_once, rows - begin));
        some.data = static_cast<const std::byte*>(x.data) +
                    static_cast<std::int64_t>(begin) * x.row_stride *
                        static_cast<std::int64_t>(bytes_of(x.type));
        fill_bytes(queue, outside, 0);
        pack(queue, *axes, layout, some, false, keys.data(), outside.data(), not_finite.data());
        launch_for(queue, static_cast<std::uint64_t>(some.rows), look_up, pmf.view(),
                   lookup.starts.data(), lookup.shift, keys.data(), outside.data(),
                   static_cast<std::uint64_t>(some.rows), bins + begin);
        // The place counts from the first of these rows: it is asked for before the next ones.
        const std::uint64_t place = downloaded(queue, not_finite.data());
        if (place != no_place)
            throw_not_finite_at(queue, x, place + begin * static_cast<std::uint64_t>(x.cols));
    }
}

void log_densities(const Queue& queue, const Pmf& pmf, double log_volume, const std::int64_t* bins,
                   std::int64_t n, double* densities) {
    const double log_total = std::log(static_cast<double>(std::max<Count>(1, pmf.total())));
    launch_for(queue, static_cast<std::uint64_t>(n), densities_of, pmf.view().cumulative, log_total,
               log_volume, bins, static_cast<std::uint64_t>(n), densities);
}

template void find_bins(const Queue&, const Grid<float>&, const Pmf&, const Rows&, std::int64_t*);
template void find_bins(const Queue&, const Grid<double>&, const Pmf&, const Rows&, std::int64_t*);

}  // namespace zbins::cuda
