// The finished model in device memory: what zbins::Pmf is in the host's, in the same order, with
// the same numbers. Immutable once built.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "axes.hpp"
#include "zbins/pmf.hpp"

namespace zbins::cuda {

// Counts per (bin, label), and what draws need of them.
struct DeviceLabels {
    Label classes = 0;
    Array<std::uint64_t> start;  // entries of bin b: [start[b], start[b + 1])
    Array<Label> label;
    Array<Count> count;
    // Sums of the counts of all entries so far. Those of a bin add up to its count, so they share
    // out its ranks too.
    Array<Count> sums;
    // The same entries by label, then bin; sums begin at zero for every label.
    Array<std::uint64_t> by_label_start;  // classes + 1
    Array<std::uint64_t> by_label_bin;
    Array<Count> by_label_sums;
    std::vector<Count> totals;  // rows of every label
};

// As kernels see it.
struct PmfView {
    Layout layout;
    std::uint64_t size;
    Count total;
    const Word* keys;
    const Count* cumulative;  // size + 1
    const std::uint64_t* guide;
    int guide_shift;
    const std::uint64_t* label_start;  // null without labels, as all below
    const Label* label;
    const Count* label_sums;
    const std::uint64_t* by_label_start;
    const std::uint64_t* by_label_bin;
    const Count* by_label_sums;
};

// Where each range of hashes begins.
struct Lookup {
    int shift;
    Array<std::uint64_t> starts;
};

class Pmf {
public:
    // Keys in canonical order; count b at counts[b + 1], made cumulative in place. Rows in all are
    // below 2^63, which is the caller's to see to. Labels: start, label and count.
    Pmf(const Queue& queue, Layout layout, Array<Word> keys, Array<Count> counts,
        std::optional<DeviceLabels> labels);

    static std::shared_ptr<Pmf> from_host(const Queue& queue, const zbins::Pmf& pmf);
    // On no grid: good for nothing but another device.
    std::shared_ptr<zbins::Pmf> to_host(const Queue& queue) const;
    // As counts of the grid on which they were counted here.
    template <class T>
    std::shared_ptr<zbins::Pmf> to_host(const Queue& queue, const Grid<T>& grid) const {
        return std::make_shared<zbins::Pmf>(
            std::move(*to_host(queue)).framed(std::make_shared<const Frame>(grid)));
    }

    PmfView view() const;
    const Layout& layout() const { return layout_; }
    std::uint64_t size() const { return cumulative_.size() - 1; }
    Count total() const { return total_; }
    std::uint64_t bytes() const;
    bool labelled() const { return labels_.has_value(); }
    const DeviceLabels& labels() const { return *labels_; }
    Count label_total(Label label) const {
        return labels_->totals.at(static_cast<std::size_t>(label));
    }

    // All its memory: a framework must be told where a stream uses what another allocated.
    std::vector<Block> blocks() const;

    // Made at the first lookup.
    const Lookup& lookup(const Queue& queue) const;
    // The grid in device memory: kept with the model, so that a draw copies nothing.
    template <class T>
    std::shared_ptr<const DeviceAxes<T>> axes(const Queue& queue, const Grid<T>& grid) const;

private:
    void build_guide(const Queue& queue);
    void build_labels(const Queue& queue);

    Layout layout_;
    Array<Word> keys_;
    Array<Count> cumulative_;
    Array<std::uint64_t> guide_;
    int guide_shift_ = 0;
    Count total_ = 0;
    std::optional<DeviceLabels> labels_;

    template <class T>
    struct KnownAxes {
        Grid<T> grid;
        std::shared_ptr<const DeviceAxes<T>> axes;
    };
    mutable std::mutex mutex_;
    mutable std::unique_ptr<const Lookup> lookup_;
    mutable std::optional<KnownAxes<float>> axes32_;
    mutable std::optional<KnownAxes<double>> axes64_;
};

// What each label of a model is called in the merged one; increasing. Empty without labels.
using LabelMap = std::vector<Label>;

// As zbins::merge and zbins::rebase.
std::shared_ptr<Pmf> merge(const Queue& queue, const Pmf& a, const Pmf& b, const LabelMap& a_labels,
                           const LabelMap& b_labels, Label classes);
std::shared_ptr<Pmf> rebase(const Queue& queue, const Pmf& pmf, Layout layout,
                            std::span<const std::int32_t> shift);

}  // namespace zbins::cuda
