#include "zbins/quantize.hpp"

#include "kernels/kernels.hpp"
#include "zbins/rows.hpp"

namespace zbins {

namespace {

// Calls use(first, n, keys, hashes, outside) for blocks of packed rows, on several threads.
template <class T, class Use>
void for_packed_blocks(const Grid<T>& grid, const Layout& layout, const MatrixView<T>& x,
                       const Context& context, Use&& use) {
    const std::int64_t block = rows_per_block<T>(x.cols);
    const int threads =
        threads_for(context, static_cast<double>(x.rows) * static_cast<double>(x.cols) * sizeof(T));
    const std::int64_t per_task = task_rows(rows_per_task<T>(x.cols), x.rows, threads);
    struct Scratch {
        RowReader<T> reader;
        std::vector<Word> keys;
        std::vector<std::uint64_t> hashes;
        std::vector<std::uint8_t> outside;
    };
    const auto rows = static_cast<std::size_t>(block);
    std::vector<Scratch> scratch(
        static_cast<std::size_t>(threads),
        Scratch{RowReader<T>(x), std::vector<Word>(rows * static_cast<std::size_t>(layout.words)),
                std::vector<std::uint64_t>(rows), std::vector<std::uint8_t>(rows)});
    parallel_for(
        context, threads, (x.rows + per_task - 1) / per_task, [&](std::int64_t task, int worker) {
            Scratch& mine = scratch[static_cast<std::size_t>(worker)];
            const std::int64_t end = std::min(x.rows, (task + 1) * per_task);
            for (std::int64_t i = task * per_task; i < end; i += block) {
                const std::int64_t n = std::min(block, end - i);
                const auto read = mine.reader.read(i, n);
                kernels::table<T>().quantize(read.rows, read.stride, n, grid.axes(), layout.bits,
                                             layout.words, false, mine.keys.data(),
                                             mine.hashes.data(), mine.outside.data());
                use(i, n, mine.keys.data(), mine.hashes.data(), mine.outside.data());
            }
        });
}

}  // namespace

template <class T, class Code>
void quantize(const Grid<T>& grid, const MatrixView<T>& x, Code* codes, const Context& context) {
    const Layout layout(grid.d(), grid.max_bins_of_a_dimension());
    for_packed_blocks(grid, layout, x, context,
                      [&](std::int64_t first, std::int64_t n, const Word* keys,
                          const std::uint64_t*, const std::uint8_t*) {
                          for (std::int64_t i = 0; i < n; ++i) {
                              Code* to = codes + (first + i) * layout.d;
                              const Word* key = keys + i * layout.words;
                              for (std::int64_t j = 0; j < layout.d; ++j)
                                  to[j] = static_cast<Code>(layout.code(key, j));
                          }
                      });
}

template <class T>
void find_bins(const Grid<T>& grid, const Pmf& pmf, const MatrixView<T>& x, std::int64_t* bins,
               const Context& context) {
    const Layout& layout = pmf.layout();
    for_packed_blocks(grid, layout, x, context,
                      [&](std::int64_t first, std::int64_t n, const Word* keys,
                          const std::uint64_t* hashes, const std::uint8_t* outside) {
                          for (std::int64_t i = 0; i < n; ++i) {
                              bins[first + i] = outside[i] != 0
                                                    ? -1
                                                    : pmf.find(keys + i * layout.words, hashes[i]);
                          }
                      });
}

#define ZBINS_INSTANTIATE(T)                                                                      \
    template void quantize(const Grid<T>&, const MatrixView<T>&, std::uint8_t*, const Context&);  \
    template void quantize(const Grid<T>&, const MatrixView<T>&, std::uint16_t*, const Context&); \
    template void quantize(const Grid<T>&, const MatrixView<T>&, std::int32_t*, const Context&);  \
    template void find_bins(const Grid<T>&, const Pmf&, const MatrixView<T>&, std::int64_t*,      \
                            const Context&);
ZBINS_INSTANTIATE(float)
ZBINS_INSTANTIATE(double)
#undef ZBINS_INSTANTIATE

}  // namespace zbins
