#include "zbins/quantize.hpp"

#include <limits>
#include <string>

#include "kernels/dispatch.hpp"
#include "rows.hpp"
#include "zbins/error.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

// Calls use(worker, first, n, rows) for blocks of rows, on several threads.
template <class T, class Use>
void for_blocks(const MatrixView<T>& x, const Context& context, int threads, Use&& use) {
    const std::int64_t block = rows_per_block<T>(x.cols);
    const std::int64_t per_task = task_rows(rows_per_task<T>(x.cols), x.rows, threads);
    std::vector<RowReader<T>> readers(static_cast<std::size_t>(threads), RowReader<T>(x));
    parallel_for(context, threads, (x.rows + per_task - 1) / per_task,
                 [&](std::int64_t task, int worker) {
                     const std::int64_t end = std::min(x.rows, (task + 1) * per_task);
                     for (std::int64_t i = task * per_task; i < end; i += block) {
                         const std::int64_t n = std::min(block, end - i);
                         const auto w = static_cast<std::size_t>(worker);
                         use(w, i, n, readers[w].read(i, n));
                     }
                 });
}

template <class T>
int threads_for_rows(const MatrixView<T>& x, const Context& context) {
    return threads_for(context,
                       static_cast<double>(x.rows) * static_cast<double>(x.cols) * sizeof(T));
}

}  // namespace

template <class T, class Code>
void quantize(const Grid<T>& grid, const MatrixView<T>& x, Code* codes, const Context& context,
              bool inside) {
    check_view(x, grid.d());
    if (grid.max_bins_of_a_dimension() - 1 > std::int64_t{std::numeric_limits<Code>::max()})
        throw_value_error("codes of " + std::to_string(sizeof(Code)) + " bytes cannot hold " +
                          std::to_string(grid.max_bins_of_a_dimension()) + " bins");
    if (x.rows > 0 && codes == nullptr) throw_value_error("there is no room for the codes");
    const StrictFloats strict;
    for_blocks(x, context, threads_for_rows(x, context),
               [&](std::size_t, std::int64_t first, std::int64_t n, const auto& rows) {
                   kernels::level().of<T>().codes(rows.rows, rows.stride, n, grid.axes(), inside,
                                                  sizeof(Code), codes + first * x.cols);
               });
}

template <class T>
void find_bins(const Grid<T>& grid, const Pmf& pmf, const MatrixView<T>& x, std::int64_t* bins,
               const Context& context, bool inside) {
    check_view(x, grid.d());
    pmf.check_grid(grid);
    if (x.rows > 0 && bins == nullptr) throw_value_error("there is no room for the bins");
    const StrictFloats strict;
    const Layout& layout = pmf.layout();
    const int threads = threads_for_rows(x, context);
    pmf.prepare_lookup(context, threads_for(context, 64.0 * static_cast<double>(pmf.size())));
    struct Scratch {
        Scratch(std::size_t rows, int words)
            : keys(rows * static_cast<std::size_t>(words)), hashes(rows), outside(rows) {}
        std::vector<Word> keys;
        std::vector<std::uint64_t> hashes;
        std::vector<std::uint8_t> outside;
    };
    const auto block = static_cast<std::size_t>(rows_per_block<T>(x.cols));
    std::vector<Scratch> scratch(static_cast<std::size_t>(threads), Scratch(block, layout.words));
    for_blocks(
        x, context, threads,
        [&](std::size_t worker, std::int64_t first, std::int64_t n, const auto& rows) {
            Scratch& s = scratch[worker];
            kernels::level().of<T>().quantize(rows.rows, rows.stride, n, grid.axes(), layout.bits,
                                              layout.words, inside, s.keys.data(), s.hashes.data(),
                                              s.outside.data());
            pmf.find(s.keys.data(), s.hashes.data(), static_cast<std::uint64_t>(n), bins + first);
            for (std::int64_t i = 0; i < n && !inside; ++i) {
                if (s.outside[static_cast<std::size_t>(i)] != 0) bins[first + i] = -1;
            }
        });
}

#define ZBINS_INSTANTIATE(T)                                                                     \
    template void quantize(const Grid<T>&, const MatrixView<T>&, std::uint8_t*, const Context&,  \
                           bool);                                                                \
    template void quantize(const Grid<T>&, const MatrixView<T>&, std::uint16_t*, const Context&, \
                           bool);                                                                \
    template void quantize(const Grid<T>&, const MatrixView<T>&, std::int32_t*, const Context&,  \
                           bool);                                                                \
    template void find_bins(const Grid<T>&, const Pmf&, const MatrixView<T>&, std::int64_t*,     \
                            const Context&, bool);
ZBINS_INSTANTIATE(float)
ZBINS_INSTANTIATE(double)
#undef ZBINS_INSTANTIATE

}  // namespace zbins::inline v1
