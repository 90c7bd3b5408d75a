// Counts of categories (the bins of a grid, the cells of a codebook), and what draws by those
// counts need: the category of a rank, its label, and the category of a rank within one label.
// Immutable once built, so threads share it freely.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "zbins/buffer.hpp"
#include "zbins/error.hpp"
#include "zbins/parallel.hpp"
#include "zbins/pick.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

// Counts per (category, label): the labels of category b are entries [start[b], start[b + 1]),
// ascending.
struct LabelCounts {
    Label classes = 0;
    Buffer<std::uint64_t> start;
    Buffer<Label> label;
    Buffer<Count> count;

    // Room for the labels of so many categories. Member by member: where memory runs out inside the
    // braces of an aggregate, GCC 11 forgets the members it has made.
    static LabelCounts room(Label classes, std::uint64_t categories, std::uint64_t entries) {
        LabelCounts labels;
        labels.classes = classes;
        labels.start = Buffer<std::uint64_t>(categories + 1);
        labels.label = Buffer<Label>(entries);
        labels.count = Buffer<Count>(entries);
        labels.start[0] = 0;
        return labels;
    }
};

// Which samples to draw, and for which labels.
struct DrawRange {
    std::uint64_t seed = 0;
    std::uint64_t first = 0;        // number of the first sample; after 2^64 - 1 comes 0
    std::int64_t n = 0;             // how many
    const Label* labels = nullptr;  // labels[i * label_step] conditions draw i; null: no condition
    std::int64_t label_step = 0;    // 0: one label for all
};

class ZBINS_API Categorical {
public:
    Categorical() = default;  // of no categories
    // Takes m + 1 counts, the one of category b at b + 1. Throws std::invalid_argument if they sum
    // to 2^63 or more, or the labels do not fit.
    explicit Categorical(Buffer<Count> counts, std::optional<LabelCounts> labels = std::nullopt,
                         const Context& context = {}, int threads = 1);

    std::uint64_t size() const {  // categories
        return cumulative_.size() == 0 ? 0 : cumulative_.size() - 1;
    }
    Count total() const { return size() == 0 ? 0 : cumulative_[size()]; }  // rows
    Count count(std::uint64_t category) const {
        return cumulative_[category + 1] - cumulative_[category];
    }
    // Rows in all categories before this one; size() + 1 of them.
    Count cumulative(std::uint64_t category) const { return cumulative_[category]; }
    const Count* cumulative_data() const { return cumulative_.data(); }
    std::uint64_t bytes() const;

    bool labelled() const { return labels_ != nullptr; }
    const LabelCounts& labels() const { return labels_->counts; }
    // Rows with this label (none if there is no such label).
    Count label_total(Label label) const;

    // Law 5: the category whose interval of cumulative counts holds `rank` < total(). O(1)
    // expected. As of all that picks, what it is asked must be there: it is asked for every draw.
    std::uint64_t pick(Count rank) const {
        return pick_bin(guide_.data(), guide_shift_, cumulative_.data(), rank);
    }
    // Two stages ahead of it: the entry of the guide, then the sums it names.
    void prefetch_guide(Count rank) const {
        __builtin_prefetch(guide_.data() + (rank >> guide_shift_));
    }
    void prefetch_sums(Count rank) const {
        __builtin_prefetch(cumulative_.data() + guide_[rank >> guide_shift_] + 1);
    }
    // The label of a draw: what is left of the rank inside its category decides.
    Label pick_label(std::uint64_t category, Count remainder) const;
    // The category that holds the rank-th row of this label, in the order of categories.
    std::uint64_t pick_within(Label label, Count rank) const;

    // Throws std::invalid_argument where there is nothing to draw these from.
    void check(const DrawRange& range, bool wants_labels) const;
    // Draws first, first + 1, ... of a range, one for each of `words`, 64 random bits, which this
    // overwrites: visit(i, category) in turn. `labels_out` (may be null) receives the label of draw
    // first + i there. Throws std::invalid_argument where a label asked for has no rows.
    template <class Visit>
    void pick(const DrawRange& range, std::int64_t first, std::span<std::uint64_t> words,
              Label* labels_out, Visit&& visit) const;

private:
    // With labels: their counts, and what draws need of them.
    struct Labels {
        LabelCounts counts;
        Buffer<Count> within;  // inclusive sums inside each category
        // The same entries by label, then category; inclusive sums, from zero within each label.
        std::vector<std::uint64_t> by_label_start;
        Buffer<std::uint64_t> by_label_category;
        Buffer<Count> by_label_cumulative;
    };

    void add_up(const Context& context, int threads);
    void build_guide(const Context& context, int threads);
    void build_labels(LabelCounts counts, const Context& context);

    Buffer<Count> cumulative_;
    Buffer<std::uint64_t> guide_;
    int guide_shift_ = 0;
    std::unique_ptr<const Labels> labels_;
};

template <class Visit>
void Categorical::pick(const DrawRange& range, std::int64_t first, std::span<std::uint64_t> words,
                       Label* labels_out, Visit&& visit) const {
    constexpr std::size_t guide_ahead = 24, sums_ahead = 12;
    const std::size_t n = words.size();
    if (range.labels != nullptr) {
        for (std::size_t i = 0; i < n; ++i) {
            const std::int64_t draw = first + static_cast<std::int64_t>(i);
            const Label label = range.labels[draw * range.label_step];
            const Count of_label = label_total(label);
            if (of_label == 0) throw_value_error("label " + std::to_string(label) + " has no rows");
            visit(i, pick_within(label, scale_to(words[i], of_label)));
            if (labels_out != nullptr) labels_out[draw] = label;
        }
        return;
    }
    for (std::uint64_t& word : words) word = scale_to(word, total());
    for (std::size_t i = 0; i < n; ++i) {
        if (i + guide_ahead < n) prefetch_guide(words[i + guide_ahead]);
        if (i + sums_ahead < n) prefetch_sums(words[i + sums_ahead]);
        const std::uint64_t category = pick(words[i]);
        visit(i, category);
        if (labels_out != nullptr) {
            labels_out[first + static_cast<std::int64_t>(i)] =
                pick_label(category, words[i] - cumulative_[category]);
        }
    }
}

}  // namespace zbins::inline v1
