#include "zbins/pmf.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "zbins/canonical.hpp"
#include "zbins/error.hpp"
#include "zbins/find.hpp"
#include "zbins/hash.hpp"

namespace zbins::inline v1 {

namespace {
constexpr Count max_total = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t block_bins = 1 << 14;  // of one task
}  // namespace

Pmf::Pmf(Layout layout, Buffer<Word> keys, Buffer<Count> counts, std::optional<LabelCounts> labels,
         const Context& context, int threads)
    : layout_(layout), keys_(std::move(keys)) {
    if (counts.size() == 0 ||
        keys_.size() != (counts.size() - 1) * static_cast<std::uint64_t>(layout.words))
        throw_value_error("codes and counts differ in length");
    categorical_ = Categorical(std::move(counts), std::move(labels), context, threads);
}

Pmf::Pmf(Pmf&& other) noexcept
    : layout_(other.layout_),
      frame_(std::move(other.frame_)),
      keys_(std::move(other.keys_)),
      categorical_(std::move(other.categorical_)),
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

std::uint64_t Pmf::bytes() const {
    return keys_.size() * sizeof(Word) + categorical_.bytes();
}

}  // namespace zbins::inline v1
