// The union of two models.
#include <algorithm>
#include <string>

#include "merger.hpp"
#include "zbins/error.hpp"
#include "zbins/hash.hpp"
#include "zbins/pmf.hpp"

namespace zbins::inline v1 {

namespace {

constexpr std::uint64_t block_bins = 1 << 14;  // of both models, in one task
constexpr std::uint64_t none = ~std::uint64_t{0};

struct Entry {
    Label label;
    Count count;
};

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

// The keys of a model, every hash computed once.
class Side {
public:
    Side(const Pmf& pmf, const Context& context, int threads) : hashes_(pmf.size()) {
        const int words = pmf.layout().words;
        keys_ = {pmf.key(0), static_cast<std::uint64_t>(words), hashes_.data(), pmf.size()};
        parallel_for(context, threads,
                     static_cast<std::int64_t>((pmf.size() + block_bins - 1) / block_bins),
                     [&](std::int64_t block, int) {
                         const std::uint64_t begin = static_cast<std::uint64_t>(block) * block_bins;
                         const std::uint64_t end = std::min(pmf.size(), begin + block_bins);
                         for (std::uint64_t bin = begin; bin < end; ++bin)
                             hashes_[bin] = fixed_hash(pmf.key(bin), words);
                     });
    }
    const OrderedKeys& keys() const { return keys_; }

private:
    Buffer<std::uint64_t> hashes_;
    OrderedKeys keys_;
};

// Two models cut into blocks of about as many bins, each merged by itself.
class Blocks {
public:
    Blocks(const OrderedKeys& a, const OrderedKeys& b, int words) : a_(a), b_(b), words_(words) {
        const std::uint64_t n = a.size + b.size;
        for (std::uint64_t begin = 0; begin < n; begin += block_bins)
            cuts_.push_back(cut_ordered(a, b, words, begin));
        cuts_.push_back({a.size, b.size});
    }
    std::size_t size() const { return cuts_.size() - 1; }

    // visit(i, j) with a bin of either model, or both where they hold the same; `none` where one
    // has nothing there.
    template <class Visit>
    void walk(std::size_t block, Visit&& visit) const {
        const Walked from = cuts_[block], to = cuts_[block + 1];
        const Walked done = merge_ordered<From::front>(
            a_.part(from.a, to.a), b_.part(from.b, to.b), words_,
            [&](std::uint64_t i, std::uint64_t j, bool in_a, bool in_b) {
                visit(in_a ? from.a + i : none, in_b ? from.b + j : none);
            });
        for (std::uint64_t i = from.a + done.a; i < to.a; ++i) visit(i, none);
        for (std::uint64_t j = from.b + done.b; j < to.b; ++j) visit(none, j);
    }

private:
    OrderedKeys a_, b_;
    int words_;
    std::vector<Walked> cuts_;
};

// The sum, on no grid. Blocks are walked twice: to see where the bins (and label counts) of each
// begin, and to write them there.
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
    const auto words = static_cast<std::uint64_t>(a.layout().words);
    const std::uint64_t bytes = (a.size() + b.size()) * (words + 1) * sizeof(Word);
    const int threads = threads_for(context, static_cast<double>(bytes));
    const Side a_side(a, context, threads), b_side(b, context, threads);
    const Blocks blocks(a_side.keys(), b_side.keys(), a.layout().words);
    const bool labelled = a.labelled();
    std::vector<LabelMerger> mergers(static_cast<std::size_t>(threads),
                                     LabelMerger(a, b, a_labels, b_labels));
    const auto for_blocks = [&](auto&& visit) {
        parallel_for(context, threads, static_cast<std::int64_t>(blocks.size()),
                     [&](std::int64_t block, int worker) {
                         visit(static_cast<std::size_t>(block),
                               mergers[static_cast<std::size_t>(worker)]);
                     });
    };

    struct Place {
        std::uint64_t bin = 0, entry = 0;
    };
    std::vector<Place> places(blocks.size() + 1);  // where every block begins
    for_blocks([&](std::size_t block, LabelMerger& merger) {
        Place size;
        blocks.walk(block, [&](std::uint64_t i, std::uint64_t j) {
            ++size.bin;
            if (labelled) size.entry += merger(i, j).size();
        });
        places[block + 1] = size;
    });
    for (std::size_t block = 0; block < blocks.size(); ++block) {
        places[block + 1].bin += places[block].bin;
        places[block + 1].entry += places[block].entry;
    }
    const Place all = places.back();

    Buffer<Word> keys(all.bin * words);
    Buffer<Count> counts(all.bin + 1);
    std::optional<LabelCounts> labels;
    if (labelled) labels = LabelCounts::room(classes, all.bin, all.entry);
    for_blocks([&](std::size_t block, LabelMerger& merger) {
        std::uint64_t bin = places[block].bin, entry = places[block].entry;
        blocks.walk(block, [&](std::uint64_t i, std::uint64_t j) {
            const Word* key = i != none ? a.key(i) : b.key(j);
            std::copy(key, key + words, keys.data() + bin * words);
            // Each is below 2^63, so the sum cannot wrap; the constructor checks the total.
            counts[bin + 1] = (i != none ? a.count(i) : 0) + (j != none ? b.count(j) : 0);
            if (labelled) {
                for (const Entry& e : merger(i, j)) {
                    labels->label[entry] = e.label;
                    labels->count[entry++] = e.count;
                }
                labels->start[bin + 1] = entry;
            }
            ++bin;
        });
    });
    return {a.layout(), std::move(keys), std::move(counts), std::move(labels), context, threads};
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

template Pmf merge(const Pmf&, const Pmf&, const Grid<float>&, const LabelMap&, const LabelMap&,
                   Label, const Context&);
template Pmf merge(const Pmf&, const Pmf&, const Grid<double>&, const LabelMap&, const LabelMap&,
                   Label, const Context&);

}  // namespace zbins::inline v1
