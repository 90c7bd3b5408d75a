#include "zbins/draw.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/kernels.hpp"
#include "zbins/layout.hpp"

namespace zbins {

namespace {

constexpr std::int64_t pick_ahead = 8;

// floor(word * n / 2^64): law 5, bias below n / 2^64.
std::uint64_t scale_to(std::uint64_t word, std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(word) * n) >> 64);
}

struct Scratch {
    std::vector<std::uint64_t> ranks, bins;
    std::vector<std::int32_t> raw;
    std::vector<std::uint8_t> unsettled;
};

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
            s.bins[k] = pmf.pick_within(label, scale_to(s.ranks[k], pmf.label_total(label)));
            if (labels_out != nullptr) labels_out[first + i] = label;
        }
        return;
    }
    for (auto& rank : std::span(s.ranks.data(), rows)) rank = scale_to(rank, pmf.total());
    for (std::size_t k = 0; k < rows; ++k) {
        if (k + pick_ahead < rows) pmf.prefetch_pick(s.ranks[k + pick_ahead]);
        s.bins[k] = pmf.pick(s.ranks[k]);
        __builtin_prefetch(pmf.key(s.bins[k]));
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
    const Axes<T> a = grid.axes();
    const std::int64_t row_bytes = a.d * static_cast<std::int64_t>(sizeof(T));
    const std::int64_t block = std::clamp<std::int64_t>((32 << 10) / row_bytes, 1, 256);
    const int threads =
        threads_for(context, static_cast<double>(range.n) * static_cast<double>(row_bytes));
    const std::int64_t per_task = task_rows(
        std::max<std::int64_t>(1, (1 << 20) / row_bytes / block) * block, range.n, threads);
    const auto rows = static_cast<std::size_t>(block);
    std::vector<Scratch> scratch(
        static_cast<std::size_t>(threads),
        Scratch{std::vector<std::uint64_t>(rows), std::vector<std::uint64_t>(rows),
                std::vector<std::int32_t>(rows * static_cast<std::size_t>(a.d)),
                std::vector<std::uint8_t>(rows)});
    parallel_for(
        context, threads, (range.n + per_task - 1) / per_task, [&](std::int64_t task, int worker) {
            Scratch& s = scratch[static_cast<std::size_t>(worker)];
            const std::int64_t end = std::min(range.n, (task + 1) * per_task);
            for (std::int64_t i = task * per_task; i < end; i += block) {
                const std::int64_t n = std::min(block, end - i);
                pick_bins(pmf, range, i, n, s, labels_out);
                for (std::int64_t k = 0; k < n; ++k) {
                    kernels::level().unpack(pmf.key(s.bins[static_cast<std::size_t>(k)]),
                                            pmf.layout().bits, pmf.layout().words, a.d, a.first,
                                            s.raw.data() + k * a.d);
                }
                T* to = out + i * stride;
                kernels::table<T>().draw(s.raw.data(), n, a, range.seed,
                                         range.first + static_cast<std::uint64_t>(i), to, stride,
                                         s.unsettled.data());
                for (std::int64_t k = 0; k < n; ++k) {
                    if (s.unsettled[static_cast<std::size_t>(k)] == 0) continue;
                    for (std::int64_t j = 0; j < a.d; ++j) {
                        T& x = to[k * stride + j];
                        x = clamp_into_bin(a, j, s.raw[static_cast<std::size_t>(k * a.d + j)], x);
                    }
                }
            }
        });
}

template void draw(const Grid<float>&, const Pmf&, const DrawRange&, float*, std::int64_t, Label*,
                   const Context&);
template void draw(const Grid<double>&, const Pmf&, const DrawRange&, double*, std::int64_t, Label*,
                   const Context&);

}  // namespace zbins
