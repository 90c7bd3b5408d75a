#include "count/runs.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <utility>

#include "merger.hpp"

namespace zbins::inline v1 {

namespace {

constexpr int most_range_bits = 8;
constexpr std::uint64_t range_bytes = 256 << 10;  // of one range: what is sorted stays in cache
// More ranges than that only where one of them would keep a thread too long from seeing Ctrl-C.
constexpr std::uint64_t most_range_bytes = 16 << 20;
constexpr int ranges_per_thread = 4;  // so that uneven ranges still even out

std::uint64_t total(std::span<const Pending> waiting, std::size_t range) {
    std::uint64_t n = 0;
    for (const Pending& pending : waiting) n += pending.size(range);
    return n;
}

// A run and what comes to it; take(key, count, words) for every distinct key.
template <class Take>
void merge_runs(const Run& a, const Records& b, const RecordShape& shape, MergeScratch& scratch,
                Take&& take) {
    const auto count = [&](const Word* record) { return record[shape.words]; };
    const auto walked = merge_ordered<From::front>(
        scratch.a.of(a[0], a.size(), shape), scratch.b.of(b.data(), b.size(), shape), shape.words,
        [&](std::uint64_t i, std::uint64_t j, bool in_a, bool in_b) {
            const Count of_a = count(a[i]), of_b = count(b[j]);
            take(in_a ? a[i] : b[j], (in_a ? of_a : 0) + (in_b ? of_b : 0), shape.words);
        });
    for (std::uint64_t i = walked.a; i < a.size(); ++i) take(a[i], count(a[i]), shape.words);
    for (std::uint64_t j = walked.b; j < b.size(); ++j) take(b[j], count(b[j]), shape.words);
}

}  // namespace

int range_bits_for(std::uint64_t bytes, int threads) {
    const auto bits = [](std::uint64_t ranges) { return static_cast<int>(std::bit_width(ranges)); };
    const std::uint64_t for_threads =
        threads > 1 ? static_cast<unsigned>(threads * ranges_per_thread) : 1;
    const int wanted = bits(std::max((bytes + range_bytes - 1) / range_bytes, for_threads) - 1);
    return std::max(std::min(wanted, most_range_bits), bits(bytes / most_range_bytes));
}

Runs::Runs(const Layout& layout, bool labelled, int range_bits)
    : layout_(layout),
      labelled_(labelled),
      shape_{layout.words + (labelled ? 1 : 0), layout.words},
      range_bits_(range_bits),
      runs_(ranges()) {}

// Calls take_record(key, count, words) in canonical order for what waits in a range.
template <class Take>
void Runs::sum_up(std::span<const Pending> waiting, std::size_t range, Scratch& scratch,
                  Take&& take_record) const {
    scratch.pieces.clear();
    int log2_piece = 0;
    for (const Pending& pending : waiting) {
        pending.append_pieces(range, scratch.pieces);
        log2_piece = std::max(log2_piece, pending.log2_chunk());
    }
    if (scratch.pieces.empty()) return;
    scratch.orderer.sum_up(scratch.pieces, log2_piece, range_bits_, take_record);
}

Records Runs::ordered(std::span<const Pending> waiting, std::size_t range, Scratch& scratch) const {
    Records run(shape_.words, total(waiting, range));
    sum_up(waiting, range, scratch,
           [&](const Word* key, Count count, int words) { run.append(key, count, words); });
    return run;
}

std::vector<Runs::Scratch> Runs::scratch_for(int threads) const {
    std::vector<Scratch> scratch;
    for (int worker = 0; worker < std::max(1, threads); ++worker) scratch.emplace_back(shape_);
    return scratch;
}

void Runs::take(std::span<Pending> waiting, const Context& context, int threads) {
    std::vector<Scratch> scratch = scratch_for(threads);
    std::atomic<std::uint64_t> size{0};
    parallel_for(context, threads, static_cast<std::int64_t>(ranges()),
                 [&](std::int64_t range, int worker) {
                     const auto r = static_cast<std::size_t>(range);
                     Scratch& mine = scratch[static_cast<std::size_t>(worker)];
                     if (total(waiting, r) > 0)
                         runs_[r].merge(ordered(waiting, r, mine), shape_, mine.merge);
                     size += runs_[r].size();
                 });
    for (Pending& pending : waiting) pending.clear();
    size_ = size;
}

void Runs::split(int range_bits, const Context& context) {
    InterruptCheck check(context);
    std::vector<Run> finer(std::size_t{1} << range_bits);
    Hashes hashes;
    for (Run& run : runs_) {
        const OrderedKeys keys = hashes.of(run[0], run.size(), shape_);
        const auto range_of = [&](std::uint64_t i) {
            return static_cast<std::size_t>(keys.hashes[i] >> (64 - range_bits));
        };
        for (std::uint64_t begin = 0; begin < run.size();) {
            const std::size_t range = range_of(begin);
            std::uint64_t end = begin;
            while (end < run.size() && range_of(end) == range) ++end;
            finer[range] = Run(run[begin], end - begin, shape_);
            begin = end;
            check();
        }
        run = Run();
    }
    runs_ = std::move(finer);
    range_bits_ = range_bits;
}

// The arrays of the model. Every range writes where its bins would begin if no two records were
// equal; where some were, the gaps are closed afterwards.
class Runs::Output {
public:
    struct Entry {
        Label label;
        Count count;
    };
    struct Range {
        std::uint64_t offset = 0;  // of its first bin, in the arrays as allocated
        std::uint64_t size = 0;    // bins
        std::vector<std::uint64_t> starts;
        std::vector<Entry> entries;
    };

    Output(int words, bool labelled, const std::vector<std::uint64_t>& most)
        : words_(static_cast<std::uint64_t>(words)), labelled_(labelled), ranges_(most.size()) {
        for (std::size_t r = 0; r < most.size(); ++r) {
            ranges_[r].offset = capacity_;
            capacity_ += most[r];
        }
        keys_ = Buffer<Word>(capacity_ * words_);
        sums_ = Buffer<Count>(capacity_ + 1);
    }

    // Gives `produce` a function that takes the records of one range in order.
    template <class Produce>
    void write(std::size_t range, Produce&& produce) {
        Range& r = ranges_[range];
        Word* key_to = key_at(r.offset);
        Count* const begin = sums_.data() + r.offset + 1;
        Count* count_to = begin;
        const auto write_bin = [&](const Word* key, Count count, int words) {
            copy_words(key_to, key, words);
            key_to += words;
            *count_to++ = count;
        };
        if (!labelled_) {
            produce(write_bin);
        } else {
            const auto words = static_cast<int>(words_);
            produce([&](const Word* key, Count count, int) {
                const bool same_bin = count_to > begin && same_words(key, key_to - words, words);
                if (same_bin) {
                    count_to[-1] += count;
                } else {
                    r.starts.push_back(r.entries.size());
                    write_bin(key, count, words);
                }
                r.entries.push_back({static_cast<Label>(key[words]), count});
            });
        }
        r.size = static_cast<std::uint64_t>(count_to - begin);
    }

    Pmf finish(const Layout& layout, std::span<const Label> label_rank, const Context& context,
               int threads);

private:
    Word* key_at(std::uint64_t bin) { return keys_.data() + bin * words_; }
    void close_gaps(const std::vector<std::uint64_t>& begins, const Context& context, int threads);
    LabelCounts labels(std::span<const Label> label_rank, std::uint64_t bins,
                       const Context& context) const;

    std::uint64_t words_;
    bool labelled_;
    std::uint64_t capacity_ = 0;
    std::vector<Range> ranges_;
    Buffer<Word> keys_;
    Buffer<Count> sums_;  // the count of bin b at b + 1, as cumulative sums will have it
};

void Runs::Output::close_gaps(const std::vector<std::uint64_t>& begins, const Context& context,
                              int threads) {
    const std::uint64_t bins = begins.back();
    if (bins == capacity_) return;
    if (ranges_.size() == 1 && bins > capacity_ / 8 * 7) {  // not worth a copy
        keys_.truncate(bins * words_);
        sums_.truncate(bins + 1);
        return;
    }
    Buffer<Word> keys(bins * words_);
    Buffer<Count> sums(bins + 1);
    parallel_for(
        context, threads, static_cast<std::int64_t>(ranges_.size()), [&](std::int64_t range, int) {
            const auto r = static_cast<std::size_t>(range);
            const Range& from = ranges_[r];
            std::copy_n(key_at(from.offset), from.size * words_, keys.data() + begins[r] * words_);
            std::copy_n(sums_.data() + from.offset + 1, from.size, sums.data() + begins[r] + 1);
        });
    keys_ = std::move(keys);
    sums_ = std::move(sums);
}

// The (bin, label) counts, in the order of bins and then of sorted labels.
LabelCounts Runs::Output::labels(std::span<const Label> label_rank, std::uint64_t bins,
                                 const Context& context) const {
    InterruptCheck check(context);
    std::uint64_t entries = 0;
    for (const Range& range : ranges_) entries += range.entries.size();
    LabelCounts labels = LabelCounts::room(static_cast<Label>(label_rank.size()), bins, entries);
    std::uint64_t bin = 0, at = 0;
    std::vector<Entry> of_bin;
    for (const Range& range : ranges_) {
        for (std::size_t b = 0; b < range.starts.size(); ++b) {
            const std::uint64_t end =
                b + 1 < range.starts.size() ? range.starts[b + 1] : range.entries.size();
            of_bin.assign(range.entries.begin() + static_cast<std::ptrdiff_t>(range.starts[b]),
                          range.entries.begin() + static_cast<std::ptrdiff_t>(end));
            for (Entry& e : of_bin) e.label = label_rank[static_cast<std::size_t>(e.label)];
            std::sort(of_bin.begin(), of_bin.end(),
                      [](const Entry& x, const Entry& y) { return x.label < y.label; });
            for (const Entry& e : of_bin) {
                labels.label[at] = e.label;
                labels.count[at++] = e.count;
            }
            labels.start[++bin] = at;
            if (bin % (1 << 14) == 0) check();
        }
    }
    return labels;
}

Pmf Runs::Output::finish(const Layout& layout, std::span<const Label> label_rank,
                         const Context& context, int threads) {
    std::vector<std::uint64_t> begins{0};
    for (const Range& range : ranges_) begins.push_back(begins.back() + range.size);
    close_gaps(begins, context, threads);
    std::optional<LabelCounts> counts_of_labels;
    if (labelled_) counts_of_labels = labels(label_rank, begins.back(), context);
    return {layout,  std::move(keys_), std::move(sums_), std::move(counts_of_labels),
            context, threads};
}

Pmf Runs::finish(std::vector<Pending> waiting, std::span<const Label> label_rank,
                 const Context& context, int threads) {
    std::vector<std::uint64_t> most;
    for (std::size_t r = 0; r < ranges(); ++r) most.push_back(runs_[r].size() + total(waiting, r));
    Output output(layout_.words, labelled_, most);
    std::vector<Scratch> scratch = scratch_for(threads);
    parallel_for(
        context, threads, static_cast<std::int64_t>(ranges()), [&](std::int64_t range, int worker) {
            const auto r = static_cast<std::size_t>(range);
            Scratch& mine = scratch[static_cast<std::size_t>(worker)];
            const Run run = std::move(runs_[r]);
            output.write(r, [&](auto&& take_record) {
                if (run.size() == 0) {
                    sum_up(waiting, r, mine, take_record);
                } else {
                    merge_runs(run, ordered(waiting, r, mine), shape_, mine.merge, take_record);
                }
            });
        });
    waiting.clear();
    return output.finish(layout_, label_rank, context, threads);
}

}  // namespace zbins::inline v1
