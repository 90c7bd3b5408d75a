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
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

constexpr std::int64_t past_cache_bytes = 16 << 20;

struct Scratch {
    explicit Scratch(std::size_t rows) : ranks(rows), keys(rows), unsettled(rows) {}
    std::vector<std::uint64_t> ranks;
    std::vector<const Word*> keys;
    std::vector<std::uint8_t> unsettled;
};

// The keys (and labels) of samples first .. first + n of the range.
void pick_keys(const Pmf& pmf, const DrawRange& range, std::int64_t first, std::int64_t n,
               Scratch& s, Label* labels_out) {
    const std::span ranks(s.ranks.data(), static_cast<std::size_t>(n));
    kernels::level().rank_words(range.seed, range.first + static_cast<std::uint64_t>(first), n,
                                ranks.data());
    pmf.categorical().pick(range, first, ranks, labels_out, [&](std::size_t i, std::uint64_t bin) {
        s.keys[i] = pmf.key(bin);
        prefetch_words(s.keys[i], pmf.layout().words);
    });
}

}  // namespace

template <class T>
void draw(const Grid<T>& grid, const Pmf& pmf, const DrawRange& range, T* out, std::int64_t stride,
          Label* labels_out, const Context& context) {
    pmf.check_grid(grid);
    pmf.categorical().check(range, labels_out != nullptr);
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
                pick_keys(pmf, range, i, n, s, labels_out);
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
