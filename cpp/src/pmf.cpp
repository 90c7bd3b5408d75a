#include "zbins/pmf.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "zbins/canonical.hpp"
#include "zbins/error.hpp"
#include "zbins/hash.hpp"

namespace zbins::inline v1 {

namespace {
constexpr Count max_total = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t block_bins = 1 << 14;  // of one task
}  // namespace

Pmf::Pmf(Layout layout, Buffer<Word> keys, Buffer<Count> counts, std::optional<LabelCounts> labels,
         const Context& context, int threads)
    : layout_(layout),
      keys_(std::move(keys)),
      cumulative_(std::move(counts)),
      labels_(std::move(labels)) {
    if (cumulative_.size() == 0 ||
        keys_.size() != size() * static_cast<std::uint64_t>(layout.words))
        throw_value_error("codes and counts differ in length");
    add_up(context, threads);
    build_guide(context, threads);
    if (labels_) build_by_label(context);
}

Pmf::Pmf(Pmf&& other) noexcept
    : layout_(other.layout_),
      frame_(std::move(other.frame_)),
      keys_(std::move(other.keys_)),
      cumulative_(std::move(other.cumulative_)),
      guide_(std::move(other.guide_)),
      guide_shift_(other.guide_shift_),
      labels_(std::exchange(other.labels_, std::nullopt)),
      within_bin_(std::move(other.within_bin_)),
      by_label_start_(std::move(other.by_label_start_)),
      by_label_bin_(std::move(other.by_label_bin_)),
      by_label_cumulative_(std::move(other.by_label_cumulative_)),
      lookup_(other.lookup_.exchange(nullptr)) {}

Pmf& Pmf::operator=(Pmf&& other) noexcept {
    if (this == &other) return *this;
    std::destroy_at(this);
    return *std::construct_at(this, std::move(other));
}

Pmf::~Pmf() {
    delete lookup_.load();
}

template <class T>
void Pmf::check_grid(const Grid<T>& grid) const {
    if (frame_ == nullptr) throw_value_error("the counts were put on no grid");
    if (!frame_->stands_on(grid))
        throw_value_error(
            "the counts belong to another grid; it must be the one they were counted "
            "on, or one that grew from it without moving their codes");
}
template void Pmf::check_grid(const Grid<float>&) const;
template void Pmf::check_grid(const Grid<double>&) const;

// From counts to cumulative sums in place: of every block alone, then shifted by those of the
// blocks before it.
void Pmf::add_up(const Context& context, int threads) {
    Buffer<Count>& counts = cumulative_;
    const std::uint64_t m = counts.size() - 1;
    const auto blocks = static_cast<std::int64_t>((m + block_bins - 1) / block_bins);
    const auto for_blocks = [&](auto&& visit) {
        parallel_for(context, threads, blocks, [&](std::int64_t block, int) {
            const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_bins;
            visit(static_cast<std::size_t>(block), begin, std::min(m, begin + block_bins));
        });
    };
    std::vector<Count> before(static_cast<std::size_t>(blocks) + 1, 0);
    std::atomic<bool> too_many{false};
    for_blocks([&](std::size_t block, std::uint64_t begin, std::uint64_t end) {
        Count sum = 0;
        bool wraps = false;
        for (std::uint64_t bin = begin; bin < end; ++bin) {
            wraps |= counts[bin + 1] > max_total - sum;
            sum += counts[bin + 1];
            counts[bin + 1] = sum;
        }
        if (wraps) too_many = true;
        before[block + 1] = sum;
    });
    for (std::size_t block = 0; block < before.size() - 1 && !too_many; ++block) {
        if (before[block + 1] > max_total - before[block]) too_many = true;
        before[block + 1] += before[block];
    }
    if (too_many) throw_value_error("more than 2^63 - 1 rows: counts would wrap");
    counts[0] = 0;
    for_blocks([&](std::size_t block, std::uint64_t begin, std::uint64_t end) {
        if (before[block] == 0) return;
        for (std::uint64_t bin = begin; bin < end; ++bin) counts[bin + 1] += before[block];
    });
}

Pmf Pmf::checked(Layout layout, Buffer<Word> keys, Buffer<Count> counts,
                 std::optional<LabelCounts> labels, const Context& context) {
    const int bits = layout.bits;
    if ((bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16) ||
        !(layout == Layout(layout.d, 1 << bits)))
        throw_value_error("codes of " + std::to_string(layout.d) + " dimensions, " +
                          std::to_string(bits) + " bits each, do not lie in " +
                          std::to_string(layout.words) + " words");
    InterruptCheck check(context);
    const std::uint64_t m = counts.size();
    const auto words = static_cast<std::uint64_t>(layout.words);
    if (keys.size() != m * words) throw_value_error("codes and counts differ in length");
    const int used = static_cast<int>((layout.d - 1) % layout.per_word() + 1) * layout.bits;
    const Word unused = used == 64 ? 0 : ~Word{0} >> used;
    std::uint64_t last_hash = 0;
    for (std::uint64_t bin = 0; bin < m; ++bin) {
        if (bin % block_bins == 0) check();
        const Word* key = keys.data() + bin * words;
        const std::uint64_t hash = fixed_hash(key, layout.words);
        if ((key[words - 1] & unused) != 0)
            throw_value_error("a code has bits set beyond its dimensions");
        if (bin > 0 && !canonical_less(last_hash, key - words, hash, key, layout.words))
            throw_value_error("codes are not strictly increasing in canonical order");
        if (counts[bin] == 0 || counts[bin] > max_total)
            throw_value_error("a count is not positive");
        last_hash = hash;
    }
    if (labels) {
        const LabelCounts& l = *labels;
        if (l.start.size() != m + 1 || l.start[0] != 0 || l.label.size() != l.count.size() ||
            l.start[m] != l.label.size())
            throw_value_error("label counts do not fit the bins");
        for (std::uint64_t bin = 0; bin < m; ++bin) {
            if (bin % block_bins == 0) check();
            if (l.start[bin + 1] <= l.start[bin] || l.start[bin + 1] > l.label.size())
                throw_value_error("label counts do not fit the bins");
            Count sum = 0;
            for (std::uint64_t e = l.start[bin]; e < l.start[bin + 1]; ++e) {
                if (l.label[e] < 0 || l.label[e] >= l.classes ||
                    (e > l.start[bin] && l.label[e] <= l.label[e - 1]))
                    throw_value_error("labels of a bin are not increasing, or name no class");
                if (l.count[e] == 0 || l.count[e] > counts[bin] - sum)
                    throw_value_error("label counts of a bin do not add up to its count");
                sum += l.count[e];
            }
            if (sum != counts[bin])
                throw_value_error("label counts of a bin do not add up to its count");
        }
    }
    Buffer<Count> shifted(m + 1);
    std::copy_n(counts.data(), m, shifted.data() + 1);
    const auto bytes = static_cast<double>((m * words + m) * sizeof(Word));
    return {layout,
            std::move(keys),
            std::move(shifted),
            std::move(labels),
            context,
            threads_for(context, bytes)};
}

void Pmf::build_guide(const Context& context, int threads) {
    const Count n = total();
    guide_shift_ = guide_shift_for(n, size());
    guide_ = Buffer<std::uint64_t>(guide_size_for(n, guide_shift_));
    guide_[guide_.size() - 1] = size() == 0 ? 0 : size() - 1;  // where n itself is the begin of one
    // Interval g begins in the bin that holds rank g << shift, so every bin knows its own.
    const auto first_from = [&](Count rank) {
        return (rank >> guide_shift_) + ((rank & ((Count{1} << guide_shift_) - 1)) != 0 ? 1 : 0);
    };
    parallel_for(context, threads,
                 static_cast<std::int64_t>((size() + block_bins - 1) / block_bins),
                 [&](std::int64_t block, int) {
                     const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_bins;
                     const std::uint64_t end = std::min(size(), begin + block_bins);
                     std::uint64_t g = first_from(cumulative_[begin]);
                     for (std::uint64_t bin = begin; bin < end; ++bin) {
                         while (g << guide_shift_ < cumulative_[bin + 1]) guide_[g++] = bin;
                     }
                 });
}

void Pmf::build_by_label(const Context& context) {
    InterruptCheck check(context);
    const LabelCounts& l = *labels_;
    if (l.classes < 0 || l.start.size() != size() + 1 || l.start[0] != 0 ||
        l.start[size()] != l.label.size() || l.count.size() != l.label.size())
        throw_value_error("label counts do not fit the bins");
    by_label_start_.assign(static_cast<std::size_t>(l.classes) + 1, 0);
    for (const Label label : l.label) {
        if (label < 0 || label >= l.classes)
            throw_value_error("label " + std::to_string(label) + " names none of " +
                              std::to_string(l.classes) + " classes");
        ++by_label_start_[static_cast<std::size_t>(label) + 1];
    }
    for (std::size_t c = 0; c < static_cast<std::size_t>(l.classes); ++c)
        by_label_start_[c + 1] += by_label_start_[c];
    within_bin_ = Buffer<Count>(l.label.size());
    by_label_bin_ = Buffer<std::uint64_t>(l.label.size());
    by_label_cumulative_ = Buffer<Count>(l.label.size());
    std::vector<std::uint64_t> next(by_label_start_.begin(), by_label_start_.end() - 1);
    std::vector<Count> sum(static_cast<std::size_t>(l.classes), 0);
    for (std::uint64_t bin = 0; bin < size(); ++bin) {
        if (bin % block_bins == 0) check();
        if (l.start[bin] > l.start[bin + 1] || l.start[bin + 1] > l.label.size())
            throw_value_error("label counts do not fit the bins");
        Count before = 0;
        for (std::uint64_t e = l.start[bin]; e < l.start[bin + 1]; ++e) {
            before += l.count[e];
            within_bin_[e] = before;
            const auto c = static_cast<std::size_t>(l.label[e]);
            sum[c] += l.count[e];
            by_label_bin_[next[c]] = bin;
            by_label_cumulative_[next[c]++] = sum[c];
        }
    }
}

// Range r begins at the first bin that lies in it or beyond; so every bin knows those that end with
// the bin before it.
std::unique_ptr<const Pmf::Lookup> Pmf::build_lookup(const Context& context, int threads) const {
    const int log2 = floor_log2(std::max<std::uint64_t>(size(), 2));
    auto lookup = std::make_unique<Lookup>();
    lookup->shift = 64 - log2;
    Buffer<std::uint64_t>& starts = lookup->starts;
    starts = Buffer<std::uint64_t>((std::uint64_t{1} << log2) + 1);
    const auto range_of = [&](std::uint64_t bin) {
        return fixed_hash(key(bin), layout_.words) >> lookup->shift;
    };
    parallel_for(context, threads,
                 static_cast<std::int64_t>((size() + block_bins - 1) / block_bins),
                 [&](std::int64_t block, int) {
                     const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_bins;
                     const std::uint64_t end = std::min(size(), begin + block_bins);
                     std::uint64_t filled = begin == 0 ? 0 : range_of(begin - 1) + 1;
                     for (std::uint64_t bin = begin; bin < end; ++bin) {
                         const std::uint64_t range = range_of(bin);
                         while (filled <= range) starts[filled++] = bin;
                     }
                 });
    std::uint64_t filled = size() == 0 ? 0 : range_of(size() - 1) + 1;
    while (filled < starts.size()) starts[filled++] = size();
    return lookup;
}

void Pmf::prepare_lookup(const Context& context, int threads) const {
    if (lookup_.load(std::memory_order_acquire) != nullptr) return;
    std::unique_ptr<const Lookup> mine = build_lookup(context, threads);
    const Lookup* before = nullptr;
    if (lookup_.compare_exchange_strong(before, mine.get(), std::memory_order_acq_rel))
        mine.release();
}

std::int64_t Pmf::find(const Word* key, std::uint64_t hash) const {
    std::int64_t bin = -1;
    find(key, &hash, 1, &bin);
    return bin;
}

// Two stages ahead of the search: where the range of the hash begins, then the keys there.
void Pmf::find(const Word* keys, const std::uint64_t* hashes, std::uint64_t n,
               std::int64_t* bins) const {
    prepare_lookup({}, 1);
    const Lookup& lookup = *lookup_.load(std::memory_order_acquire);
    const std::uint64_t* starts = lookup.starts.data();
    constexpr std::uint64_t range_ahead = 16, key_ahead = 8;
    for (std::uint64_t i = 0; i < n; ++i) {
        if (i + range_ahead < n)
            __builtin_prefetch(starts + (hashes[i + range_ahead] >> lookup.shift));
        if (i + key_ahead < n)
            __builtin_prefetch(key(starts[hashes[i + key_ahead] >> lookup.shift]));
        bins[i] = find_bin(keys_.data(), layout_.words, starts, lookup.shift,
                           keys + i * static_cast<std::uint64_t>(layout_.words), hashes[i]);
    }
}

Label Pmf::pick_label(std::uint64_t bin, Count remainder) const {
    const LabelCounts& l = *labels_;
    return l.label[first_above(within_bin_.data(), l.start[bin], l.start[bin + 1], remainder)];
}

Count Pmf::label_total(Label label) const {
    if (!labels_ || label < 0 || label >= labels_->classes) return 0;
    const auto c = static_cast<std::size_t>(label);
    return by_label_start_[c] == by_label_start_[c + 1]
               ? 0
               : by_label_cumulative_[by_label_start_[c + 1] - 1];
}

std::uint64_t Pmf::pick_within(Label label, Count rank) const {
    const auto c = static_cast<std::size_t>(label);
    return by_label_bin_[first_above(by_label_cumulative_.data(), by_label_start_[c],
                                     by_label_start_[c + 1], rank)];
}

std::uint64_t Pmf::bytes() const {
    std::uint64_t bytes =
        keys_.size() * sizeof(Word) + (cumulative_.size() + guide_.size()) * sizeof(Count);
    if (labels_) {
        bytes += (labels_->start.size() + labels_->count.size() + by_label_bin_.size() +
                  by_label_cumulative_.size() + within_bin_.size()) *
                     sizeof(Count) +
                 labels_->label.size() * sizeof(Label);
    }
    return bytes;
}

}  // namespace zbins::inline v1
