// The finished model: occupied bins in canonical order (ascending fixed_hash of the key, ties by
// the key) with their counts, and what draws and lookups need. Immutable once built, so threads
// share it freely. What its codes mean it knows by its frame: counts that belong to no grid (made
// of parts, and not yet put on one) cannot be drawn from.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "zbins/buffer.hpp"
#include "zbins/categorical.hpp"
#include "zbins/frame.hpp"
#include "zbins/layout.hpp"
#include "zbins/parallel.hpp"
#include "zbins/types.hpp"

namespace zbins::cuda {
class Pmf;  // the same on a device
}

namespace zbins::inline v1 {

// What each label of a model is called in the merged one; increasing. Empty without labels.
using LabelMap = std::vector<Label>;

class ZBINS_API Pmf;

// Adds the counts of two models of one grid (or two of none, and of one layout). Linear. Throws
// std::invalid_argument if the rows together exceed 2^63 - 1, one has labels and the other none, or
// the grids differ.
ZBINS_API Pmf merge(const Pmf& a, const Pmf& b, const LabelMap& a_labels, const LabelMap& b_labels,
                    Label classes, const Context& context);
// The same where both were counted on `grid`, or on grids that grew into it.
template <class T>
ZBINS_API Pmf merge(const Pmf& a, const Pmf& b, const Grid<T>& grid, const LabelMap& a_labels,
                    const LabelMap& b_labels, Label classes, const Context& context);

// The same model as counted on `grid`. Throws std::invalid_argument unless its own grid grew into
// that one.
template <class T>
ZBINS_API Pmf rebase(const Pmf& pmf, const Grid<T>& grid, const Context& context);

class ZBINS_API Pmf {
public:
    // Takes what is already in order: m keys of layout.words words, and m + 1 counts, the one of
    // bin b at b + 1. Throws std::invalid_argument if they sum to 2^63 or more, or the arrays do
    // not fit each other; `checked` is for data from outside.
    Pmf(Layout layout, Buffer<Word> keys, Buffer<Count> counts, std::optional<LabelCounts> labels,
        const Context& context = {}, int threads = 1);
    // What was moved from has no bins and no grid.
    Pmf(Pmf&& other) noexcept;
    Pmf& operator=(Pmf&& other) noexcept;
    ~Pmf();

    // For data from outside, m counts: throws std::invalid_argument unless keys strictly increase
    // in canonical order, counts are positive and sum below 2^63, and labels agree with counts.
    static Pmf checked(Layout layout, Buffer<Word> keys, Buffer<Count> counts,
                       std::optional<LabelCounts> labels, const Context& context = {});
    // These counts as those of a grid. Throws std::invalid_argument unless every code lies inside
    // it and every bin that occurs holds a value of T (else law 6 could not be kept).
    template <class T>
    Pmf on(const Grid<T>& grid, const Context& context = {}) &&;
    // Throws std::invalid_argument unless every code means on `grid` what it meant where it was
    // counted.
    template <class T>
    void check_grid(const Grid<T>& grid) const;

    const Layout& layout() const { return layout_; }
    const Word* key(std::uint64_t bin) const {
        return keys_.data() + bin * static_cast<std::uint64_t>(layout_.words);
    }
    std::uint64_t size() const { return categorical_.size(); }  // occupied bins
    Count total() const { return categorical_.total(); }        // rows
    Count count(std::uint64_t bin) const { return categorical_.count(bin); }
    bool labelled() const { return categorical_.labelled(); }
    const LabelCounts& labels() const { return categorical_.labels(); }
    Count label_total(Label label) const { return categorical_.label_total(label); }
    // The counts as what is drawn from: bin b is category b.
    const Categorical& categorical() const { return categorical_; }
    std::uint64_t bytes() const;  // without what lookups add

    // Makes what lookups need, if they have not yet: they would, on one thread and deaf to Ctrl-C.
    void prepare_lookup(const Context& context, int threads) const;
    // The bin with this key, or -1.
    std::int64_t find(const Word* key, std::uint64_t hash) const;
    // The same for n keys, one after the other in memory.
    void find(const Word* keys, const std::uint64_t* hashes, std::uint64_t n,
              std::int64_t* bins) const;

private:
    template <class T>
    friend class Counter;
    friend class zbins::cuda::Pmf;
    friend Pmf merge(const Pmf&, const Pmf&, const LabelMap&, const LabelMap&, Label,
                     const Context&);
    template <class T>
    friend Pmf merge(const Pmf&, const Pmf&, const Grid<T>&, const LabelMap&, const LabelMap&,
                     Label, const Context&);
    template <class T>
    friend Pmf rebase(const Pmf&, const Grid<T>&, const Context&);
    // For those who know that these are the counts of that grid.
    Pmf framed(std::shared_ptr<const Frame> frame) && {
        frame_ = std::move(frame);
        return std::move(*this);
    }

    // Where each range of hashes begins.
    struct Lookup {
        int shift;
        Buffer<std::uint64_t> starts;
    };
    std::unique_ptr<const Lookup> build_lookup(const Context& context, int threads) const;

    Layout layout_;
    std::shared_ptr<const Frame> frame_;  // none for counts that were put on no grid
    Buffer<Word> keys_;
    Categorical categorical_;

    // Made by whoever comes first: threads that come at the same time make one each, and one stays.
    // None waits for another, which might be interrupted, or not exist in a forked child.
    mutable std::atomic<const Lookup*> lookup_{nullptr};
};

}  // namespace zbins::inline v1
