// What must hold of a model that comes from outside (a file, a pickle) before it may be drawn from.
#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "zbins/error.hpp"
#include "zbins/pmf.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

constexpr std::uint64_t table_bytes = 4 << 20;  // stays in the cache
constexpr std::uint64_t block_words = 1 << 15;  // of one task: they stay in the cache too

// Which codes occur in the columns [begin, end): one byte a code, 2^bits of them a column.
using Occurs = std::vector<std::atomic<std::uint8_t>>;

void find_codes(const Pmf& pmf, std::int64_t begin, std::int64_t end, Occurs& occurs,
                const Context& context) {
    const Layout& layout = pmf.layout();
    const auto words = static_cast<std::uint64_t>(layout.words);
    const Word mask = (Word{1} << layout.bits) - 1;
    const int per_word = layout.per_word();
    const std::uint64_t block = std::max<std::uint64_t>(1, block_words / words);
    const std::uint64_t m = pmf.size();
    const int threads = threads_for(context, static_cast<double>(m * words * sizeof(Word)));
    parallel_for(context, threads, static_cast<std::int64_t>((m + block - 1) / block),
                 [&](std::int64_t task, int) {
                     const std::uint64_t first = static_cast<std::uint64_t>(task) * block;
                     const std::uint64_t last = std::min(m, first + block);
                     for (std::int64_t j = begin; j < end; ++j) {
                         auto* of_column = occurs.data() + ((j - begin) << layout.bits);
                         // As Layout::code, but for the divisions in it.
                         const int shift = 64 - layout.bits * (static_cast<int>(j % per_word) + 1);
                         const Word* word = pmf.key(first) + j / per_word;
                         for (std::uint64_t bin = first; bin < last; ++bin, word += words) {
                             auto& found = of_column[*word >> shift & mask];
                             // Written once, so that threads do not take the line from each other.
                             if (found.load(std::memory_order_relaxed) == 0)
                                 found.store(1, std::memory_order_relaxed);
                         }
                     }
                 });
}

template <class T>
void check_codes(const Grid<T>& grid, const Pmf& pmf, const Context& context) {
    const StrictFloats strict;
    const Layout& layout = pmf.layout();
    if (!(layout == Layout(grid.d(), grid.max_bins_of_a_dimension())))
        throw_value_error("codes are not packed as the grid wants");
    InterruptCheck check(context);
    const std::int64_t at_once = std::clamp<std::int64_t>(table_bytes >> layout.bits, 1, layout.d);
    for (std::int64_t begin = 0; begin < layout.d; begin += at_once) {
        const std::int64_t end = std::min(layout.d, begin + at_once);
        Occurs occurs(static_cast<std::size_t>((end - begin) << layout.bits));
        find_codes(pmf, begin, end, occurs, context);
        for (std::int64_t j = begin; j < end; ++j) {
            check();
            const std::int32_t bins = grid.bins()[static_cast<std::size_t>(j)];
            const std::int32_t first = grid.first()[static_cast<std::size_t>(j)];
            const auto* of_column = occurs.data() + ((j - begin) << layout.bits);
            for (std::int32_t code = 0; code < 1 << layout.bits; ++code) {
                if (of_column[code].load(std::memory_order_relaxed) == 0) continue;
                const std::string column = " of column " + std::to_string(j);
                if (code >= bins)
                    throw_value_error("a code" + column + " is " + std::to_string(code) +
                                      ", outside its " + std::to_string(bins) + " bins");
                if (!grid.constant(j) && !grid.holds_a_value(j, code + first))
                    throw_value_error("bin " + std::to_string(code) + column +
                                      " is occupied but holds no value");
            }
        }
    }
}

}  // namespace

template <class T>
Pmf Pmf::on(const Grid<T>& grid, const Context& context) && {
    check_codes(grid, *this, context);
    frame_ = std::make_shared<const Frame>(grid);
    return std::move(*this);
}
template Pmf Pmf::on(const Grid<float>&, const Context&) &&;
template Pmf Pmf::on(const Grid<double>&, const Context&) &&;

}  // namespace zbins::inline v1
