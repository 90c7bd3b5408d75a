#include "zbins/count.hpp"

#include <algorithm>
#include <bit>
#include <mutex>

#include "kernels/kernels.hpp"
#include "zbins/rows.hpp"

namespace zbins {

namespace {

constexpr int ranges_per_thread = 4;  // so that uneven ranges still even out
constexpr std::int64_t slot_ahead = 16;
constexpr std::int64_t record_ahead = 8;

}  // namespace

// Keys and hashes of a run of rows, and which of them are to be skipped.
template <class T>
struct Counter<T>::Scratch {
    Scratch(std::int64_t rows, int words)
        : keys(static_cast<std::uint64_t>(rows * words)),
          hashes(static_cast<std::uint64_t>(rows)),
          outside(static_cast<std::uint64_t>(rows)) {}

    void quantize(RowReader<T>& reader, std::int64_t first, std::int64_t n, std::int64_t at,
                  const Grid<T>& grid, const Layout& layout, bool inside) {
        const auto block = reader.read(first, n);
        kernels::table<T>().quantize(block.rows, block.stride, n, grid.axes(), layout.bits,
                                     layout.words, inside, keys.data() + at * layout.words,
                                     hashes.data() + at, outside.data() + at);
        if (inside) std::fill_n(outside.data() + at, n, std::uint8_t{0});
    }

    Buffer<Word> keys;
    Buffer<std::uint64_t> hashes;
    Buffer<std::uint8_t> outside;
};

template <class T>
Counter<T>::Counter(const Grid<T>& grid, int threads, bool labelled)
    : grid_(grid), layout_(grid.d(), grid.max_bins_of_a_dimension()), labelled_(labelled) {
    if (threads > 1) {
        const auto ranges = static_cast<unsigned>(std::min(threads * ranges_per_thread, 256));
        range_bits_ = floor_log2(std::bit_ceil(ranges));
    }
    ranges_.reserve(std::size_t{1} << range_bits_);
    for (int r = 0; r < (1 << range_bits_); ++r) {
        ranges_.push_back({Table(layout_.words, range_bits_), Table(2)});
    }
}

template <class T>
std::int64_t Counter<T>::add(const MatrixView<T>& x, bool inside, const Label* labels,
                             const Context& context) {
    std::int64_t skipped = 0;
    const int threads =
        threads_for(context, static_cast<double>(x.rows) * static_cast<double>(x.cols) * sizeof(T));
    if (ranges_.size() == 1) {
        add_alone(x, inside, labels, skipped, context);
    } else {
        add_together(x, inside, labels, skipped, threads, context);
    }
    return skipped;
}

// Adds n rows whose keys and hashes are in `from`; row_of(i) is the i-th of them, counted from the
// first row of `from`.
template <class T>
template <class RowOf>
void Counter<T>::insert(Range& range, const Scratch& from, std::int64_t n, const Label* labels,
                        RowOf&& row_of) {
    for (std::int64_t i = 0; i < std::min(slot_ahead, n); ++i) {
        range.bins.prefetch_slot(from.hashes[static_cast<std::uint64_t>(row_of(i))]);
    }
    for (std::int64_t i = 0; i < n; ++i) {
        if (i + slot_ahead < n) {
            range.bins.prefetch_slot(
                from.hashes[static_cast<std::uint64_t>(row_of(i + slot_ahead))]);
        }
        if (i + record_ahead < n) {
            range.bins.prefetch_record(
                from.hashes[static_cast<std::uint64_t>(row_of(i + record_ahead))]);
        }
        const auto row = static_cast<std::uint64_t>(row_of(i));
        if (from.outside[row] != 0) continue;
        const std::uint64_t record = range.bins.add(
            from.keys.data() + row * static_cast<std::uint64_t>(layout_.words), from.hashes[row]);
        if (labels != nullptr) {
            const Word pair[2] = {record, static_cast<Word>(labels[row])};
            range.pairs.add(pair, fixed_hash(pair, 2));
        }
    }
}

template <class T>
void Counter<T>::add_alone(const MatrixView<T>& x, bool inside, const Label* labels,
                           std::int64_t& skipped, const Context& context) {
    InterruptCheck check(context);
    const std::int64_t block =
        std::min(std::max<std::int64_t>(x.rows, 1), rows_per_block<T>(x.cols));
    RowReader<T> reader(x);
    Scratch scratch(block, layout_.words);
    for (std::int64_t i = 0; i < x.rows; i += block) {
        const std::int64_t n = std::min(block, x.rows - i);
        scratch.quantize(reader, i, n, 0, grid_, layout_, inside);
        if (!inside) skipped += std::count(scratch.outside.data(), scratch.outside.data() + n, 1);
        insert(ranges_[0], scratch, n, labels == nullptr ? nullptr : labels + i,
               [](std::int64_t k) { return k; });
        check();
    }
}

// Round by round: threads quantize slices of rows and sort the row numbers of each slice by range;
// then each range is taken by one thread, which inserts its rows of all slices.
template <class T>
void Counter<T>::add_together(const MatrixView<T>& x, bool inside, const Label* labels,
                              std::int64_t& skipped, int threads, const Context& context) {
    const std::int64_t block = rows_per_block<T>(x.cols);
    const std::int64_t bytes_per_row = (layout_.words + 1) * 8 + 5;
    const std::int64_t slice_rows = task_rows(
        std::max<std::int64_t>(1, (1 << 19) / bytes_per_row / block) * block, x.rows, threads);
    const std::int64_t slices_per_round = std::int64_t{threads} * 8;
    const std::int64_t round_rows = std::min(x.rows, slice_rows * slices_per_round);
    const auto ranges = static_cast<std::int64_t>(ranges_.size());

    Scratch scratch(round_rows, layout_.words);
    Buffer<std::uint32_t> by_range(static_cast<std::uint64_t>(round_rows));
    std::vector<std::uint32_t> begins(static_cast<std::size_t>(slices_per_round * (ranges + 1)));
    std::vector<RowReader<T>> readers(static_cast<std::size_t>(threads), RowReader<T>(x));

    for (std::int64_t first = 0; first < x.rows; first += round_rows) {
        const std::int64_t rows = std::min(round_rows, x.rows - first);
        const std::int64_t slices = (rows + slice_rows - 1) / slice_rows;
        parallel_for(context, threads, slices, [&](std::int64_t slice, int worker) {
            const std::int64_t begin = slice * slice_rows, end = std::min(rows, begin + slice_rows);
            for (std::int64_t i = begin; i < end; i += block) {
                scratch.quantize(readers[static_cast<std::size_t>(worker)], first + i,
                                 std::min(block, end - i), i, grid_, layout_, inside);
            }
            std::uint32_t* at = begins.data() + slice * (ranges + 1);
            std::fill(at, at + ranges + 1, 0u);
            const auto range_of = [&](std::int64_t i) {
                return static_cast<std::size_t>(scratch.hashes[static_cast<std::uint64_t>(i)] >>
                                                (64 - range_bits_));
            };
            for (std::int64_t i = begin; i < end; ++i) ++at[range_of(i) + 1];
            for (std::int64_t r = 0; r < ranges; ++r) at[r + 1] += at[r];
            std::vector<std::uint32_t> next(at, at + ranges);
            for (std::int64_t i = begin; i < end; ++i) {
                by_range[static_cast<std::uint64_t>(begin) + next[range_of(i)]++] =
                    static_cast<std::uint32_t>(i);
            }
        });
        if (!inside)
            skipped += std::count(scratch.outside.data(), scratch.outside.data() + rows, 1);
        parallel_for(context, threads, ranges, [&](std::int64_t r, int) {
            for (std::int64_t slice = 0; slice < slices; ++slice) {
                const std::uint32_t* at = begins.data() + slice * (ranges + 1) + r;
                const std::uint32_t* ids = by_range.data() + slice * slice_rows + at[0];
                insert(ranges_[static_cast<std::size_t>(r)], scratch, at[1] - at[0],
                       labels == nullptr ? nullptr : labels + first,
                       [&](std::int64_t k) { return std::int64_t{ids[k]}; });
            }
        });
    }
}

template <class T>
Pmf Counter<T>::finish(std::span<const Label> label_rank, const Context& context) {
    std::vector<std::vector<std::uint64_t>> orders(ranges_.size());
    const int threads = static_cast<int>(std::min<std::size_t>(
        static_cast<std::size_t>(std::max(1, context.threads)), ranges_.size()));
    std::vector<std::uint64_t> begins(ranges_.size() + 1, 0);
    for (std::size_t r = 0; r < ranges_.size(); ++r) {
        begins[r + 1] = begins[r] + ranges_[r].bins.size();
    }
    const std::uint64_t m = begins.back();
    const auto words = static_cast<std::uint64_t>(layout_.words);
    Buffer<Word> keys(m * words);
    Buffer<Count> counts(m);
    parallel_for(context, threads, static_cast<std::int64_t>(ranges_.size()),
                 [&](std::int64_t range, int) {
                     const auto r = static_cast<std::size_t>(range);
                     orders[r] = ranges_[r].bins.drain_order();
                     const Arena& arena = ranges_[r].bins.arena();
                     const auto& order = orders[r];
                     for (std::uint64_t i = 0; i < order.size(); ++i) {
                         if (i + 16 < order.size()) __builtin_prefetch(arena.key(order[i + 16]));
                         const Word* key = arena.key(order[i]);
                         std::copy(key, key + words, keys.data() + (begins[r] + i) * words);
                         counts[begins[r] + i] = arena.count(order[i]);
                     }
                     if (labelled_) return;
                     // Given back range by range: the output grows as the tables shrink.
                     std::vector<std::uint64_t>().swap(orders[r]);
                     ranges_[r].bins = Table(1);
                 });
    std::optional<LabelCounts> labels;
    if (labelled_) labels = collect_labels(orders, label_rank, m);
    ranges_.clear();
    return {layout_, std::move(keys), std::move(counts), std::move(labels)};
}

// The (record, label) counts of every range, in the order of bins and then of sorted labels.
template <class T>
LabelCounts Counter<T>::collect_labels(const std::vector<std::vector<std::uint64_t>>& orders,
                                       std::span<const Label> label_rank, std::uint64_t bins) {
    std::uint64_t entries = 0;
    for (const Range& range : ranges_) entries += range.pairs.size();
    LabelCounts labels{static_cast<Label>(label_rank.size()), Buffer<std::uint64_t>(bins + 1),
                       Buffer<Label>(entries), Buffer<Count>(entries)};
    struct Entry {
        std::uint64_t bin;
        Label label;
        Count count;
    };
    std::uint64_t bin = 0, at = 0;
    labels.start[0] = 0;
    for (std::size_t r = 0; r < ranges_.size(); ++r) {
        std::vector<std::uint64_t> place(orders[r].size());
        for (std::uint64_t i = 0; i < orders[r].size(); ++i) place[orders[r][i]] = i;
        const Arena& pairs = ranges_[r].pairs.arena();
        std::vector<Entry> sorted;
        sorted.reserve(pairs.size());
        for (std::uint64_t e = 0; e < pairs.size(); ++e) {
            const Word* key = pairs.key(e);
            sorted.push_back({place[key[0]], label_rank[key[1]], pairs.count(e)});
        }
        std::sort(sorted.begin(), sorted.end(), [](const Entry& x, const Entry& y) {
            return x.bin != y.bin ? x.bin < y.bin : x.label < y.label;
        });
        std::size_t e = 0;
        for (std::uint64_t i = 0; i < orders[r].size(); ++i) {
            for (; e < sorted.size() && sorted[e].bin == i; ++e, ++at) {
                labels.label[at] = sorted[e].label;
                labels.count[at] = sorted[e].count;
            }
            labels.start[++bin] = at;
        }
    }
    return labels;
}

template <class T>
Outside find_outside(const Grid<T>& grid, const MatrixView<T>& x, const Context& context) {
    const int threads =
        threads_for(context, static_cast<double>(x.rows) * static_cast<double>(x.cols) * sizeof(T));
    const std::int64_t per_task = task_rows(rows_per_task<T>(x.cols), x.rows, threads);
    const Axes<T> a = grid.axes();
    std::mutex found_mutex;
    Outside found;
    parallel_for(context, threads, (x.rows + per_task - 1) / per_task, [&](std::int64_t task, int) {
        RowReader<T> reader(x);
        const std::int64_t end = std::min(x.rows, (task + 1) * per_task);
        for (std::int64_t i = task * per_task; i < end; ++i) {
            const T* z = reader.read(i, 1).rows;
            for (std::int64_t j = 0; j < a.d; ++j) {
                const std::int32_t code = grid.raw(j, z[j]) - a.first[j];
                if (code >= 0 && code < a.bins[j]) continue;
                const std::lock_guard<std::mutex> lock(found_mutex);
                if (found.row < 0 || i < found.row) found = {i, j};
                return;
            }
        }
    });
    return found;
}

template Outside find_outside(const Grid<float>&, const MatrixView<float>&, const Context&);
template Outside find_outside(const Grid<double>&, const MatrixView<double>&, const Context&);
template class Counter<float>;
template class Counter<double>;

}  // namespace zbins
