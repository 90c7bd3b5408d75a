// Models made of other models: the union of two, and one moved to another layout.
#include <algorithm>
#include <string>

#include "zbins/canonical.hpp"
#include "zbins/error.hpp"
#include "zbins/hash.hpp"
#include "zbins/pmf.hpp"

namespace zbins::inline v1 {

namespace {

constexpr std::uint64_t check_every = 1 << 14;

Buffer<std::uint64_t> hashes_of(const Pmf& pmf, InterruptCheck& check) {
    Buffer<std::uint64_t> hashes(pmf.size());
    for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
        hashes[bin] = fixed_hash(pmf.key(bin), pmf.layout().words);
        if (bin % check_every == 0) check();
    }
    return hashes;
}

// Walks two models in canonical order: visit(i, j) with a bin of either, or both where they hold
// the same; `none` where one has nothing there.
constexpr std::uint64_t none = ~std::uint64_t{0};

template <class Visit>
void walk(const Pmf& a, const Pmf& b, const Buffer<std::uint64_t>& a_hash,
          const Buffer<std::uint64_t>& b_hash, InterruptCheck& check, Visit&& visit) {
    const int words = a.layout().words;
    std::uint64_t i = 0, j = 0, steps = 0;
    while (i < a.size() || j < b.size()) {
        if (steps++ % check_every == 0) check();
        if (j == b.size()) {
            visit(i++, none);
        } else if (i == a.size()) {
            visit(none, j++);
        } else if (canonical_less(a_hash[i], a.key(i), b_hash[j], b.key(j), words)) {
            visit(i++, none);
        } else if (canonical_less(b_hash[j], b.key(j), a_hash[i], a.key(i), words)) {
            visit(none, j++);
        } else {
            visit(i++, j++);
        }
    }
}

struct Entry {
    Label label;
    Count count;
};

// Room for the labels of so many bins. Member by member: where memory runs out inside the braces of
// an aggregate, GCC 11 forgets the members it has made.
LabelCounts label_counts(Label classes, std::uint64_t bins, std::uint64_t entries) {
    LabelCounts labels;
    labels.classes = classes;
    labels.start = Buffer<std::uint64_t>(bins + 1);
    labels.label = Buffer<Label>(entries);
    labels.count = Buffer<Count>(entries);
    labels.start[0] = 0;
    return labels;
}

// Entries of one bin of each model (or none), the labels renamed, in one ascending list.
class LabelMerger {
public:
    LabelMerger(const Pmf& a, const Pmf& b, const LabelMap& a_map, const LabelMap& b_map)
        : sources_{{a, a_map}, {b, b_map}} {}

    const std::vector<Entry>& operator()(std::uint64_t i, std::uint64_t j) {
        both_.clear();
        append(sources_[0], i);
        const auto middle = static_cast<std::ptrdiff_t>(both_.size());
        append(sources_[1], j);
        const auto by_label = [](const Entry& x, const Entry& y) { return x.label < y.label; };
        merged_.resize(both_.size());
        std::merge(both_.begin(), both_.begin() + middle, both_.begin() + middle, both_.end(),
                   merged_.begin(), by_label);
        std::size_t kept = 0;
        for (std::size_t e = 0; e < merged_.size(); ++e) {
            if (kept > 0 && merged_[kept - 1].label == merged_[e].label) {
                merged_[kept - 1].count += merged_[e].count;
            } else {
                merged_[kept++] = merged_[e];
            }
        }
        merged_.resize(kept);
        return merged_;
    }

private:
    struct Source {
        const Pmf& pmf;
        const LabelMap& map;
    };

    void append(const Source& source, std::uint64_t bin) {
        if (bin == none) return;
        const LabelCounts& l = source.pmf.labels();
        for (std::uint64_t e = l.start[bin]; e < l.start[bin + 1]; ++e) {
            both_.push_back({source.map[static_cast<std::size_t>(l.label[e])], l.count[e]});
        }
    }

    Source sources_[2];
    std::vector<Entry> both_, merged_;
};

// One new name for each label, none of them twice.
void check_map(const Pmf& pmf, const LabelMap& map, Label classes) {
    if (!pmf.labelled()) return;
    Label last = -1;
    for (const Label label : map) {
        if (label <= last || label >= classes)
            throw_value_error("a label is to be called " + std::to_string(label) + " of " +
                              std::to_string(classes) + "; the new names must increase");
        last = label;
    }
    if (map.size() != static_cast<std::size_t>(pmf.labels().classes))
        throw_value_error(std::to_string(map.size()) + " names for " +
                          std::to_string(pmf.labels().classes) + " labels");
}

// The sum, on no grid.
Pmf sum_of(const Pmf& a, const Pmf& b, const LabelMap& a_labels, const LabelMap& b_labels,
           Label classes, const Context& context) {
    if (!(a.layout() == b.layout()) || a.labelled() != b.labelled())
        throw_value_error("two models of one layout are needed, both labelled or neither");
    if (a.labelled() &&
        (classes < 0 || classes > std::int64_t{a.labels().classes} + b.labels().classes))
        throw_value_error("two models of " + std::to_string(a.labels().classes) + " and " +
                          std::to_string(b.labels().classes) + " labels cannot have " +
                          std::to_string(classes));
    check_map(a, a_labels, classes);
    check_map(b, b_labels, classes);
    InterruptCheck check(context);
    const auto a_hash = hashes_of(a, check);
    const auto b_hash = hashes_of(b, check);
    const auto words = static_cast<std::uint64_t>(a.layout().words);

    std::uint64_t bins = 0, entries = 0;
    std::optional<LabelMerger> merger;
    if (a.labelled()) merger.emplace(a, b, a_labels, b_labels);
    walk(a, b, a_hash, b_hash, check, [&](std::uint64_t i, std::uint64_t j) {
        ++bins;
        if (merger) entries += (*merger)(i, j).size();
    });

    Buffer<Word> keys(bins * words);
    Buffer<Count> counts(bins + 1);
    std::optional<LabelCounts> labels;
    if (merger) labels = label_counts(classes, bins, entries);
    std::uint64_t bin = 0, entry = 0;
    walk(a, b, a_hash, b_hash, check, [&](std::uint64_t i, std::uint64_t j) {
        const Word* key = i != none ? a.key(i) : b.key(j);
        std::copy(key, key + words, keys.data() + bin * words);
        // Each is below 2^63, so the sum cannot wrap; the constructor checks the total.
        counts[bin + 1] = (i != none ? a.count(i) : 0) + (j != none ? b.count(j) : 0);
        if (merger) {
            for (const Entry& e : (*merger)(i, j)) {
                labels->label[entry] = e.label;
                labels->count[entry++] = e.count;
            }
            labels->start[bin + 1] = entry;
        }
        ++bin;
    });
    return {a.layout(), std::move(keys), std::move(counts), std::move(labels), context};
}

// The same counts in another layout, `shift[j]` added to every code of dimension j.
Pmf shifted(const Pmf& pmf, Layout layout, std::span<const std::int32_t> shift,
            const Context& context) {
    InterruptCheck check(context);
    const auto words = static_cast<std::uint64_t>(layout.words);
    const std::uint64_t m = pmf.size();
    Buffer<Word> moved(m * words);
    struct Place {
        std::uint64_t hash, bin;
    };
    Buffer<Place> order(m);
    for (std::uint64_t bin = 0; bin < m; ++bin) {
        Word* key = moved.data() + bin * words;
        std::fill(key, key + words, 0);
        for (std::int64_t j = 0; j < layout.d; ++j) {
            layout.set(key, j,
                       pmf.layout().code(pmf.key(bin), j) + shift[static_cast<std::size_t>(j)]);
        }
        order[bin] = {fixed_hash(key, layout.words), bin};
        if (bin % 1024 == 0) check();
    }
    std::uint64_t comparisons = 0;
    std::sort(order.begin(), order.end(), [&](const Place& x, const Place& y) {
        if (++comparisons % check_every == 0) check();
        return canonical_less(x.hash, moved.data() + x.bin * words, y.hash,
                              moved.data() + y.bin * words, layout.words);
    });

    Buffer<Word> keys(m * words);
    Buffer<Count> counts(m + 1);
    std::optional<LabelCounts> labels;
    if (pmf.labelled()) labels = label_counts(pmf.labels().classes, m, pmf.labels().label.size());
    for (std::uint64_t bin = 0; bin < m; ++bin) {
        if (bin % check_every == 0) check();
        const std::uint64_t from = order[bin].bin;
        std::copy_n(moved.data() + from * words, words, keys.data() + bin * words);
        counts[bin + 1] = pmf.count(from);
        if (labels) {
            const LabelCounts& l = pmf.labels();
            const std::uint64_t size = l.start[from + 1] - l.start[from];
            labels->start[bin + 1] = labels->start[bin] + size;
            std::copy_n(l.label.data() + l.start[from], size,
                        labels->label.data() + labels->start[bin]);
            std::copy_n(l.count.data() + l.start[from], size,
                        labels->count.data() + labels->start[bin]);
        }
    }
    return {layout, std::move(keys), std::move(counts), std::move(labels), context};
}

}  // namespace

Pmf merge(const Pmf& a, const Pmf& b, const LabelMap& a_labels, const LabelMap& b_labels,
          Label classes, const Context& context) {
    const bool on_one = a.frame_ == b.frame_ || (a.frame_ && b.frame_ && *a.frame_ == *b.frame_);
    if (!on_one) throw_value_error("the two models belong to different grids");
    return sum_of(a, b, a_labels, b_labels, classes, context).framed(a.frame_);
}

template <class T>
Pmf merge(const Pmf& a, const Pmf& b, const Grid<T>& grid, const LabelMap& a_labels,
          const LabelMap& b_labels, Label classes, const Context& context) {
    std::optional<Pmf> a_moved, b_moved;
    const auto on_grid = [&](const Pmf& pmf, std::optional<Pmf>& moved) -> const Pmf& {
        if (pmf.frame_ && pmf.frame_->stands_on(grid)) return pmf;
        return moved.emplace(rebase(pmf, grid, context));
    };
    const Pmf& x = on_grid(a, a_moved);
    const Pmf& y = on_grid(b, b_moved);
    return sum_of(x, y, a_labels, b_labels, classes, context)
        .framed(std::make_shared<const Frame>(grid));
}

template <class T>
Pmf rebase(const Pmf& pmf, const Grid<T>& grid, const Context& context) {
    if (!pmf.frame_ || !pmf.frame_->grew_into(grid))
        throw_value_error("the model's grid did not grow into this one");
    auto frame = std::make_shared<const Frame>(grid);
    return shifted(pmf, frame->layout(), pmf.frame_->shift_to(grid), context).framed(frame);
}

template Pmf merge(const Pmf&, const Pmf&, const Grid<float>&, const LabelMap&, const LabelMap&,
                   Label, const Context&);
template Pmf merge(const Pmf&, const Pmf&, const Grid<double>&, const LabelMap&, const LabelMap&,
                   Label, const Context&);
template Pmf rebase(const Pmf&, const Grid<float>&, const Context&);
template Pmf rebase(const Pmf&, const Grid<double>&, const Context&);

}  // namespace zbins::inline v1
