#include "zbins/draw.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "clamp.hpp"
#include "kernels/dispatch.hpp"
#include "margin.hpp"
#include "zbins/canonical.hpp"
#include "zbins/error.hpp"
#include "zbins/layout.hpp"
#include "zbins/lookup.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

constexpr std::size_t guide_ahead = 24, sums_ahead = 12;
constexpr std::int64_t past_cache_bytes = 16 << 20;

struct Scratch {
    explicit Scratch(std::size_t rows) : ranks(rows), bins(rows), keys(rows), unsettled(rows) {}
    std::vector<std::uint64_t> ranks, bins;
    std::vector<const Word*> keys;
    std::vector<std::uint8_t> unsettled;
};

// Refuses what there is nothing to draw for.
void check_range(const Pmf& pmf, const DrawRange& range, bool wants_labels) {
    if (range.n > std::int64_t{1} << 62)
        throw_value_error(std::to_string(range.n) + " samples at once are too many");
    if (range.n < 0) throw_value_error(std::to_string(range.n) + " samples cannot be drawn");
    if (range.n > 0 && pmf.total() == 0) throw_value_error("the model has no rows to draw from");
    if (!pmf.labelled() && (range.labels != nullptr || wants_labels))
        throw_value_error("the model has no labels to draw for");
}

// The bins (and labels) of samples first .. first + n of the range.
void pick_bins(const Pmf& pmf, const DrawRange& range, std::int64_t first, std::int64_t n,
               Scratch& s, Label* labels_out) {
    const auto rows = static_cast<std::size_t>(n);
    kernels::level().rank_words(range.seed, range.first + static_cast<std::uint64_t>(first), n,
                                s.ranks.data());
    if (range.labels != nullptr) {
        for (std::int64_t i = 0; i < n; ++i) {
            const auto k = static_cast<std::size_t>(i);
            const Label label = range.labels[(first + i) * range.label_step];
            const Count of_label = pmf.label_total(label);
            if (of_label == 0) throw_value_error("label " + std::to_string(label) + " has no rows");
            s.bins[k] = pmf.pick_within(label, scale_to(s.ranks[k], of_label));
            s.keys[k] = pmf.key(s.bins[k]);
            if (labels_out != nullptr) labels_out[first + i] = label;
        }
        return;
    }
    for (auto& rank : std::span(s.ranks.data(), rows)) rank = scale_to(rank, pmf.total());
    for (std::size_t k = 0; k < rows; ++k) {
        if (k + guide_ahead < rows) pmf.prefetch_guide(s.ranks[k + guide_ahead]);
        if (k + sums_ahead < rows) pmf.prefetch_sums(s.ranks[k + sums_ahead]);
        s.bins[k] = pmf.pick(s.ranks[k]);
        s.keys[k] = pmf.key(s.bins[k]);
        prefetch_words(s.keys[k], pmf.layout().words);
        if (labels_out != nullptr) {
            labels_out[first + static_cast<std::int64_t>(k)] =
                pmf.pick_label(s.bins[k], s.ranks[k] - pmf.cumulative(s.bins[k]));
        }
    }
}

}  // namespace

template <class T>
void draw(const Grid<T>& grid, const Pmf& pmf, const DrawRange& range, T* out, std::int64_t stride,
          Label* labels_out, const Context& context) {
    pmf.check_grid(grid);
    check_range(pmf, range, labels_out != nullptr);
    if (range.n > 0 && out == nullptr) throw_value_error("there is no room for the samples");
    if (range.n > 1 && stride < grid.d())
        throw_value_error("samples of " + std::to_string(grid.d()) + " values cannot lie " +
                          std::to_string(stride) + " apart");
    if (range.n == 0) return;
    const StrictFloats strict;
    const Axes<T> a = grid.axes();
    const std::int64_t row_bytes = a.d * static_cast<std::int64_t>(sizeof(T));
    const std::int64_t block = std::clamp<std::int64_t>((32 << 10) / row_bytes, 1, 256);
    const int threads =
        threads_for(context, static_cast<double>(range.n) * static_cast<double>(row_bytes));
    const std::int64_t per_task = task_rows(
        std::max<std::int64_t>(1, (1 << 20) / row_bytes / block) * block, range.n, threads);
    const T margin = safe_margin(a);
    // Samples larger than a cache are drawn into a block of their own first: stores then go past
    // the cache, which would read every line of the target before it is overwritten.
    const bool past_cache = stride == a.d && range.n * row_bytes >= past_cache_bytes;
    const auto values = static_cast<std::size_t>(past_cache ? block * a.d : 0);
    std::vector<Scratch> scratch(static_cast<std::size_t>(threads),
                                 Scratch(static_cast<std::size_t>(block)));
    std::vector<std::vector<T>> drawn(static_cast<std::size_t>(threads), std::vector<T>(values));
    parallel_for(
        context, threads, (range.n + per_task - 1) / per_task, [&](std::int64_t task, int worker) {
            Scratch& s = scratch[static_cast<std::size_t>(worker)];
            const std::int64_t end = std::min(range.n, (task + 1) * per_task);
            for (std::int64_t i = task * per_task; i < end; i += block) {
                const std::int64_t n = std::min(block, end - i);
                pick_bins(pmf, range, i, n, s, labels_out);
                T* to =
                    past_cache ? drawn[static_cast<std::size_t>(worker)].data() : out + i * stride;
                kernels::level().of<T>().draw(s.keys.data(), n, a, pmf.layout().bits, range.seed,
                                              range.first + static_cast<std::uint64_t>(i), margin,
                                              to, stride, s.unsettled.data());
                for (std::int64_t k = 0; k < n; ++k) {
                    const auto row = static_cast<std::size_t>(k);
                    if (s.unsettled[row] == 0) continue;
                    for (std::int64_t j = 0; j < a.d; ++j) {
                        T& x = to[k * stride + j];
                        x = clamp_into_bin(a, j, pmf.layout().code(s.keys[row], j) + a.first[j], x);
                    }
                }
                if (past_cache)
                    kernels::level().copy_past_cache(out + i * stride, to, n * row_bytes);
            }
        });
}

template void draw(const Grid<float>&, const Pmf&, const DrawRange&, float*, std::int64_t, Label*,
                   const Context&);
template void draw(const Grid<double>&, const Pmf&, const DrawRange&, double*, std::int64_t, Label*,
                   const Context&);

}  // namespace zbins::inline v1
