#include "zbins/categorical.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

namespace zbins::inline v1 {

namespace {
constexpr Count max_total = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t block_size = 1 << 14;  // categories of one task

// visit(block, begin, end) for every block of categories, on so many threads.
template <class Visit>
void for_blocks(const Context& context, int threads, std::uint64_t categories, Visit&& visit) {
    const auto blocks = static_cast<std::int64_t>((categories + block_size - 1) / block_size);
    parallel_for(context, threads, blocks, [&](std::int64_t block, int) {
        const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_size;
        visit(static_cast<std::size_t>(block), begin, std::min(categories, begin + block_size));
    });
}
}  // namespace

Categorical::Categorical(Buffer<Count> counts, std::optional<LabelCounts> labels,
                         const Context& context, int threads)
    : cumulative_(std::move(counts)) {
    if (cumulative_.size() == 0) throw_value_error("counts begin with room for a zero");
    add_up(context, threads);
    build_guide(context, threads);
    if (labels) build_labels(std::move(*labels), context);
}

// From counts to cumulative sums in place: of every block alone, then shifted by those of the
// blocks before it.
void Categorical::add_up(const Context& context, int threads) {
    Buffer<Count>& counts = cumulative_;
    std::vector<Count> before(static_cast<std::size_t>((size() + block_size - 1) / block_size) + 1,
                              0);
    std::atomic<bool> too_many{false};
    for_blocks(context, threads, size(),
               [&](std::size_t block, std::uint64_t begin, std::uint64_t end) {
                   Count sum = 0;
                   bool wraps = false;
                   for (std::uint64_t c = begin; c < end; ++c) {
                       wraps |= counts[c + 1] > max_total - sum;
                       sum += counts[c + 1];
                       counts[c + 1] = sum;
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
    for_blocks(context, threads, size(),
               [&](std::size_t block, std::uint64_t begin, std::uint64_t end) {
                   if (before[block] == 0) return;
                   for (std::uint64_t c = begin; c < end; ++c) counts[c + 1] += before[block];
               });
}

void Categorical::build_guide(const Context& context, int threads) {
    const Count n = total();
    guide_shift_ = guide_shift_for(n, size());
    guide_ = Buffer<std::uint64_t>(guide_size_for(n, guide_shift_));
    guide_[guide_.size() - 1] = size() == 0 ? 0 : size() - 1;  // where n itself is the begin of one
    // Interval g begins in the category that holds rank g << shift, so every category knows its
    // own.
    const auto first_from = [&](Count rank) {
        return (rank >> guide_shift_) + ((rank & ((Count{1} << guide_shift_) - 1)) != 0 ? 1 : 0);
    };
    for_blocks(context, threads, size(), [&](std::size_t, std::uint64_t begin, std::uint64_t end) {
        std::uint64_t g = first_from(cumulative_[begin]);
        for (std::uint64_t c = begin; c < end; ++c) {
            while (g << guide_shift_ < cumulative_[c + 1]) guide_[g++] = c;
        }
    });
}

void Categorical::build_labels(LabelCounts counts, const Context& context) {
    InterruptCheck check(context);
    auto labels = std::make_unique<Labels>();
    labels->counts = std::move(counts);
    const LabelCounts& l = labels->counts;
    if (l.classes < 0 || l.start.size() != size() + 1 || l.start[0] != 0 ||
        l.start[size()] != l.label.size() || l.count.size() != l.label.size())
        throw_value_error("label counts do not fit the bins");
    std::vector<std::uint64_t>& starts = labels->by_label_start;
    starts.assign(static_cast<std::size_t>(l.classes) + 1, 0);
    for (const Label label : l.label) {
        if (label < 0 || label >= l.classes)
            throw_value_error("label " + std::to_string(label) + " names none of " +
                              std::to_string(l.classes) + " classes");
        ++starts[static_cast<std::size_t>(label) + 1];
    }
    for (std::size_t k = 0; k < static_cast<std::size_t>(l.classes); ++k)
        starts[k + 1] += starts[k];
    labels->within = Buffer<Count>(l.label.size());
    labels->by_label_category = Buffer<std::uint64_t>(l.label.size());
    labels->by_label_cumulative = Buffer<Count>(l.label.size());
    std::vector<std::uint64_t> next(starts.begin(), starts.end() - 1);
    std::vector<Count> sum(static_cast<std::size_t>(l.classes), 0);
    for (std::uint64_t c = 0; c < size(); ++c) {
        if (c % block_size == 0) check();
        if (l.start[c] > l.start[c + 1] || l.start[c + 1] > l.label.size())
            throw_value_error("label counts do not fit the bins");
        Count before = 0;
        for (std::uint64_t e = l.start[c]; e < l.start[c + 1]; ++e) {
            before += l.count[e];
            labels->within[e] = before;
            const auto k = static_cast<std::size_t>(l.label[e]);
            sum[k] += l.count[e];
            labels->by_label_category[next[k]] = c;
            labels->by_label_cumulative[next[k]++] = sum[k];
        }
    }
    labels_ = std::move(labels);
}

Label Categorical::pick_label(std::uint64_t category, Count remainder) const {
    const LabelCounts& l = labels_->counts;
    return l.label[first_above(labels_->within.data(), l.start[category], l.start[category + 1],
                               remainder)];
}

Count Categorical::label_total(Label label) const {
    if (!labelled() || label < 0 || label >= labels_->counts.classes) return 0;
    const auto k = static_cast<std::size_t>(label);
    const auto& starts = labels_->by_label_start;
    return starts[k] == starts[k + 1] ? 0 : labels_->by_label_cumulative[starts[k + 1] - 1];
}

std::uint64_t Categorical::pick_within(Label label, Count rank) const {
    const auto k = static_cast<std::size_t>(label);
    return labels_->by_label_category[first_above(labels_->by_label_cumulative.data(),
                                                  labels_->by_label_start[k],
                                                  labels_->by_label_start[k + 1], rank)];
}

void Categorical::check(const DrawRange& range, bool wants_labels) const {
    if (range.n > std::int64_t{1} << 62)
        throw_value_error(std::to_string(range.n) + " samples at once are too many");
    if (range.n < 0) throw_value_error(std::to_string(range.n) + " samples cannot be drawn");
    if (range.n > 0 && total() == 0) throw_value_error("the model has no rows to draw from");
    if (!labelled() && (range.labels != nullptr || wants_labels))
        throw_value_error("the model has no labels to draw for");
}

std::uint64_t Categorical::bytes() const {
    std::uint64_t bytes = (cumulative_.size() + guide_.size()) * sizeof(Count);
    if (labelled()) {
        const LabelCounts& l = labels_->counts;
        bytes += (l.start.size() + l.count.size() + labels_->within.size() +
                  labels_->by_label_category.size() + labels_->by_label_cumulative.size()) *
                     sizeof(Count) +
                 l.label.size() * sizeof(Label);
    }
    return bytes;
}

}  // namespace zbins::inline v1
