#include "pmf.hpp"

#include "cub.cuh"
#include "zbins/hash.hpp"
#include "zbins/pick.hpp"

namespace zbins::cuda {

namespace {

// Interval g begins in the bin that holds rank g << shift.
__global__ void fill_guide(const Count* cumulative, std::uint64_t bins, int shift,
                           std::uint64_t* guide, std::uint64_t size) {
    const std::uint64_t g = thread_number();
    if (g >= size) return;
    const std::uint64_t bin = first_above(cumulative + 1, 0, bins, g << shift);
    guide[g] = bin < bins ? bin : (bins == 0 ? 0 : bins - 1);
}

__global__ void fill_starts(const Word* keys, int words, std::uint64_t bins, int shift,
                            std::uint64_t* starts, std::uint64_t size) {
    const std::uint64_t range = thread_number();
    if (range >= size) return;
    std::uint64_t begin = 0, end = bins;
    while (begin < end) {
        const std::uint64_t middle = begin + (end - begin) / 2;
        const Word* key = keys + middle * static_cast<std::uint64_t>(words);
        if (fixed_hash(key, words) >> shift >= range) {
            end = middle;
        } else {
            begin = middle + 1;
        }
    }
    starts[range] = begin;
}

__global__ void number_entries(const Label* label, std::uint64_t n, std::uint32_t* by,
                               std::uint64_t* entry) {
    const std::uint64_t e = thread_number();
    if (e >= n) return;
    by[e] = static_cast<std::uint32_t>(label[e]);
    entry[e] = e;
}

__global__ void read_entries(const std::uint64_t* entry, std::uint64_t n,
                             const std::uint64_t* start, std::uint64_t bins, const Count* count,
                             std::uint64_t* bin, Count* counts) {
    const std::uint64_t i = thread_number();
    if (i >= n) return;
    bin[i] = first_above(start, 0, bins, entry[i]) - 1;
    counts[i] = count[entry[i]];
}

// Where every label begins among entries sorted by label.
__global__ void begin_labels(const std::uint32_t* by, std::uint64_t n, Label classes,
                             std::uint64_t* start) {
    const std::uint64_t c = thread_number();
    if (c > static_cast<std::uint64_t>(classes)) return;
    std::uint64_t begin = 0, end = n;
    while (begin < end) {
        const std::uint64_t middle = begin + (end - begin) / 2;
        if (by[middle] >= c) {
            end = middle;
        } else {
            begin = middle + 1;
        }
    }
    start[c] = begin;
}

// From sums over all labels to sums from zero within each; totals[c] are the rows of label c.
__global__ void from_zero(const Count* sums, const std::uint32_t* by, const std::uint64_t* start,
                          std::uint64_t n, Count* within, Count* totals) {
    const std::uint64_t i = thread_number();
    if (i >= n) return;
    const Count mine = sums[i + 1] - sums[start[by[i]]];
    within[i] = mine;
    if (i + 1 == start[by[i] + 1]) totals[by[i]] = mine;
}

}  // namespace

Pmf::Pmf(const Queue& queue, Layout layout, Array<Word> keys, Array<Count> counts,
         std::optional<DeviceLabels> labels)
    : layout_(layout),
      keys_(std::move(keys)),
      cumulative_(std::move(counts)),
      labels_(std::move(labels)) {
    add_up(queue, cumulative_.data() + 1, cumulative_.data(), size());
    total_ = downloaded(queue, cumulative_.data() + size());
    build_guide(queue);
    if (labels_) build_labels(queue);
    // From here on draws may come on any stream, and a kernel that failed is known.
    wait(queue);
}

void Pmf::build_guide(const Queue& queue) {
    guide_shift_ = guide_shift_for(total_, size());
    guide_ = Array<std::uint64_t>(queue, guide_size_for(total_, guide_shift_));
    launch_for(queue, guide_.size(), fill_guide, cumulative_.data(), size(), guide_shift_,
               guide_.data(), guide_.size());
}

void Pmf::build_labels(const Queue& queue) {
    DeviceLabels& l = *labels_;
    const std::uint64_t n = l.label.size();
    const auto classes = static_cast<std::uint64_t>(l.classes);
    Array<Count> padded(queue, n + 1);
    add_up(queue, l.count.data(), padded.data(), n);
    l.sums = Array<Count>(queue, n);
    if (n != 0) {
        check(cudaMemcpyAsync(l.sums.data(), padded.data() + 1, n * sizeof(Count),
                              cudaMemcpyDeviceToDevice, queue.stream),
              "copying on the device");
    }

    Array<std::uint32_t> by(queue, n);
    Array<std::uint64_t> entry(queue, n);
    launch_for(queue, n, number_entries, l.label.data(), n, by.data(), entry.data());
    sort_pairs(queue, by, entry, 32);  // stable: bins stay in their order
    l.by_label_bin = Array<std::uint64_t>(queue, n);
    Array<Count> counts(queue, n);
    launch_for(queue, n, read_entries, entry.data(), n, l.start.data(), size(), l.count.data(),
               l.by_label_bin.data(), counts.data());
    l.by_label_start = Array<std::uint64_t>(queue, classes + 1);
    launch_for(queue, classes + 1, begin_labels, by.data(), n, l.classes, l.by_label_start.data());
    add_up(queue, counts.data(), padded.data(), n);
    l.by_label_sums = Array<Count>(queue, n);
    Array<Count> totals(queue, classes);
    fill_bytes(queue, totals, 0);
    launch_for(queue, n, from_zero, padded.data(), by.data(), l.by_label_start.data(), n,
               l.by_label_sums.data(), totals.data());
    l.totals.resize(classes);
    download(queue, l.totals.data(), totals.data(), classes);
}

PmfView Pmf::view() const {
    PmfView v{};
    v.layout = layout_;
    v.size = size();
    v.total = total_;
    v.keys = keys_.data();
    v.cumulative = cumulative_.data();
    v.guide = guide_.data();
    v.guide_shift = guide_shift_;
    if (labels_) {
        v.label_start = labels_->start.data();
        v.label = labels_->label.data();
        v.label_sums = labels_->sums.data();
        v.by_label_start = labels_->by_label_start.data();
        v.by_label_bin = labels_->by_label_bin.data();
        v.by_label_sums = labels_->by_label_sums.data();
    }
    return v;
}

std::uint64_t Pmf::bytes() const {
    std::uint64_t bytes = keys_.bytes() + cumulative_.bytes() + guide_.bytes();
    if (labels_) {
        const DeviceLabels& l = *labels_;
        bytes += l.start.bytes() + l.label.bytes() + l.count.bytes() + l.sums.bytes() +
                 l.by_label_start.bytes() + l.by_label_bin.bytes() + l.by_label_sums.bytes();
    }
    return bytes;
}

std::vector<Block> Pmf::blocks() const {
    const std::lock_guard lock(mutex_);
    std::vector<Block> all{keys_.block(), cumulative_.block(), guide_.block()};
    if (labels_) {
        const DeviceLabels& l = *labels_;
        for (const Block& block :
             {l.start.block(), l.label.block(), l.count.block(), l.sums.block(),
              l.by_label_start.block(), l.by_label_bin.block(), l.by_label_sums.block()})
            all.push_back(block);
    }
    if (lookup_) all.push_back(lookup_->starts.block());
    if (axes32_) all.push_back(axes32_->axes->block());
    if (axes64_) all.push_back(axes64_->axes->block());
    std::erase_if(all, [](const Block& block) { return block.owner == nullptr; });
    return all;
}

const Lookup& Pmf::lookup(const Queue& queue) const {
    const std::lock_guard lock(mutex_);
    if (!lookup_) {
        const int log2 = floor_log2(std::max<std::uint64_t>(size(), 2));
        auto made = std::make_unique<Lookup>(
            Lookup{64 - log2, Array<std::uint64_t>(queue, (std::uint64_t{1} << log2) + 1)});
        launch_for(queue, made->starts.size(), fill_starts, keys_.data(), layout_.words, size(),
                   made->shift, made->starts.data(), made->starts.size());
        wait(queue);  // the next lookup may come on another stream
        lookup_ = std::move(made);
    }
    return *lookup_;
}

template <class T>
std::shared_ptr<const DeviceAxes<T>> Pmf::axes(const Queue& queue, const Grid<T>& grid) const {
    const std::lock_guard lock(mutex_);
    auto& known = [&]() -> auto& {
        if constexpr (sizeof(T) == 4) {
            return axes32_;
        } else {
            return axes64_;
        }
    }();
    if (!known || !(known->grid == grid)) {
        auto made = std::make_shared<const DeviceAxes<T>>(queue, grid);
        known = KnownAxes<T>{grid, std::move(made)};
    }
    return known->axes;
}

template std::shared_ptr<const DeviceAxes<float>> Pmf::axes(const Queue&, const Grid<float>&) const;
template std::shared_ptr<const DeviceAxes<double>> Pmf::axes(const Queue&,
                                                             const Grid<double>&) const;

std::shared_ptr<Pmf> Pmf::from_host(const Queue& queue, const zbins::Pmf& pmf) {
    const std::uint64_t m = pmf.size();
    Array<Word> keys =
        uploaded(queue, pmf.key(0), m * static_cast<std::uint64_t>(pmf.layout().words));
    std::vector<Count> counts(m + 1, 0);
    for (std::uint64_t bin = 0; bin < m; ++bin) counts[bin + 1] = pmf.count(bin);
    Array<Count> on_device = uploaded(queue, counts.data(), m + 1);
    std::optional<DeviceLabels> labels;
    if (pmf.labelled()) {
        const LabelCounts& l = pmf.labels();
        labels.emplace();
        labels->classes = l.classes;
        labels->start = uploaded(queue, l.start.data(), l.start.size());
        labels->label = uploaded(queue, l.label.data(), l.label.size());
        labels->count = uploaded(queue, l.count.data(), l.count.size());
    }
    return std::make_shared<Pmf>(queue, pmf.layout(), std::move(keys), std::move(on_device),
                                 std::move(labels));
}

std::shared_ptr<zbins::Pmf> Pmf::to_host(const Queue& queue) const {
    const auto here = [&](const auto& array) {
        using Value = std::remove_cvref_t<decltype(*array.data())>;
        Buffer<Value> buffer(array.size());
        download(queue, buffer.data(), array.data(), array.size());
        return buffer;
    };
    Buffer<Word> keys = here(keys_);
    Buffer<Count> counts = here(cumulative_);
    for (std::uint64_t bin = size(); bin > 0; --bin) counts[bin] -= counts[bin - 1];
    std::optional<LabelCounts> labels;
    if (labels_) {
        labels.emplace();  // member by member: see LabelCounts::room
        labels->classes = labels_->classes;
        labels->start = here(labels_->start);
        labels->label = here(labels_->label);
        labels->count = here(labels_->count);
    }
    return std::make_shared<zbins::Pmf>(layout_, std::move(keys), std::move(counts),
                                        std::move(labels));
}

}  // namespace zbins::cuda
