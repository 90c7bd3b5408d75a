// One model, moved to the codes of a grid that grew.
#include <algorithm>
#include <vector>

#include "count/order.hpp"
#include "count/pending.hpp"
#include "count/runs.hpp"
#include "zbins/error.hpp"
#include "zbins/hash.hpp"
#include "zbins/pmf.hpp"

namespace zbins::inline v1 {

namespace {

constexpr std::uint64_t block_bins = 1 << 12;  // of one task

// visit(begin, end, worker) for every block of bins.
template <class Visit>
void for_blocks(const Context& context, int threads, std::uint64_t bins, Visit&& visit) {
    parallel_for(context, threads, static_cast<std::int64_t>((bins + block_bins - 1) / block_bins),
                 [&](std::int64_t block, int worker) {
                     const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_bins;
                     visit(begin, std::min(bins, begin + block_bins),
                           static_cast<std::size_t>(worker));
                 });
}

// The label counts of a model whose bin b was bin from[b] of this one.
LabelCounts moved_labels(const LabelCounts& l, const Buffer<std::uint64_t>& from,
                         const Context& context, int threads) {
    LabelCounts labels = LabelCounts::room(l.classes, from.size(), l.label.size());
    InterruptCheck check(context);
    for (std::uint64_t bin = 0; bin < from.size(); ++bin) {
        if (bin % block_bins == 0) check();
        labels.start[bin + 1] = labels.start[bin] + l.start[from[bin] + 1] - l.start[from[bin]];
    }
    for_blocks(context, threads, from.size(),
               [&](std::uint64_t begin, std::uint64_t end, std::size_t) {
                   for (std::uint64_t bin = begin; bin < end; ++bin) {
                       const std::uint64_t first = l.start[from[bin]], to = labels.start[bin];
                       const std::uint64_t size = labels.start[bin + 1] - to;
                       std::copy_n(l.label.data() + first, size, labels.label.data() + to);
                       std::copy_n(l.count.data() + first, size, labels.count.data() + to);
                   }
               });
    return labels;
}

// The same counts in another layout, `shift[j]` added to every code of dimension j. Moved keys are
// put in order as those of rows are, each with its old bin in the place of a count: no two bins
// become one, so nothing is added up.
Pmf shifted(const Pmf& pmf, Layout layout, std::span<const std::int32_t> shift,
            const Context& context) {
    const Layout& old = pmf.layout();
    const RecordShape shape{layout.words, layout.words};
    const auto words = static_cast<std::uint64_t>(layout.words);
    // Moved codes fit the layout, so whole words can be added: no bit is carried from one to
    // another.
    std::vector<Word> moved_by(words, 0);
    for (std::int64_t j = 0; j < layout.d; ++j)
        layout.set(moved_by.data(), j, shift[static_cast<std::size_t>(j)]);
    const std::uint64_t m = pmf.size(), bytes = m * shape.stride() * sizeof(Word);
    const int threads = threads_for(context, static_cast<double>(bytes));
    const int range_bits = range_bits_for(bytes, threads);
    std::vector<Pending> waiting;  // one for each thread, as are the orderers
    std::vector<Orderer> orderers;
    for (int worker = 0; worker < threads; ++worker) {
        waiting.emplace_back(layout.words, range_bits, m / static_cast<unsigned>(threads),
                             chunk_bytes_for(range_bits, threads));
        orderers.emplace_back(shape);
    }
    for_blocks(context, threads, m,
               [&](std::uint64_t begin, std::uint64_t end, std::size_t worker) {
                   std::vector<Word> key(words);
                   for (std::uint64_t bin = begin; bin < end; ++bin) {
                       if (layout == old) {
                           copy_words(key.data(), pmf.key(bin), layout.words);
                       } else {
                           std::fill(key.begin(), key.end(), 0);
                           for (std::int64_t j = 0; j < layout.d; ++j)
                               layout.set(key.data(), j, old.code(pmf.key(bin), j));
                       }
                       for (std::uint64_t w = 0; w < words; ++w) key[w] += moved_by[w];
                       waiting[worker].add(key.data(), fixed_hash(key.data(), layout.words), bin);
                   }
               });

    const std::size_t ranges = std::size_t{1} << range_bits;
    std::vector<std::uint64_t> begins{0};
    for (std::size_t range = 0; range < ranges; ++range) {
        begins.push_back(begins.back());
        for (const Pending& each : waiting) begins.back() += each.size(range);
    }
    Buffer<Word> keys(m * words);
    Buffer<Count> counts(m + 1);
    Buffer<std::uint64_t> from(pmf.labelled() ? m : 0);
    parallel_for(context, threads, static_cast<std::int64_t>(ranges),
                 [&](std::int64_t range, int worker) {
                     const auto r = static_cast<std::size_t>(range);
                     std::vector<Piece> pieces;
                     for (const Pending& each : waiting) each.append_pieces(r, pieces);
                     if (pieces.empty()) return;
                     std::uint64_t bin = begins[r];
                     orderers[static_cast<std::size_t>(worker)].sum_up(
                         pieces, waiting[0].log2_chunk(), range_bits,
                         [&](const Word* key, std::uint64_t old_bin, int key_words) {
                             copy_words(keys.data() + bin * words, key, key_words);
                             if (pmf.labelled()) from[bin] = old_bin;
                             counts[++bin] = pmf.count(old_bin);
                         });
                 });
    waiting.clear();
    std::optional<LabelCounts> labels;
    if (pmf.labelled()) labels = moved_labels(pmf.labels(), from, context, threads);
    return {layout, std::move(keys), std::move(counts), std::move(labels), context, threads};
}

}  // namespace

template <class T>
Pmf rebase(const Pmf& pmf, const Grid<T>& grid, const Context& context) {
    if (!pmf.frame_ || !pmf.frame_->grew_into(grid))
        throw_value_error("the model's grid did not grow into this one");
    auto frame = std::make_shared<const Frame>(grid);
    return shifted(pmf, frame->layout(), pmf.frame_->shift_to(grid), context).framed(frame);
}

template Pmf rebase(const Pmf&, const Grid<float>&, const Context&);
template Pmf rebase(const Pmf&, const Grid<double>&, const Context&);

}  // namespace zbins::inline v1
