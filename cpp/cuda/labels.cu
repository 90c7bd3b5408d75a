#include "labels.hpp"

#include "cub.cuh"

namespace zbins::cuda {

namespace {

__global__ void split_entries(const std::uint64_t* keys, std::uint64_t n, std::uint64_t bins,
                              std::uint64_t* start, Label* label) {
    const std::uint64_t e = thread_number();
    if (e == 0) start[bins] = n;
    if (e >= n) return;
    label[e] = static_cast<Label>(keys[e] & 0xffffffffu);
    const std::uint64_t bin = keys[e] >> 32;
    if (e == 0 || keys[e - 1] >> 32 != bin) start[bin] = e;  // every bin has an entry
}

// The bin of an entry: the last that begins at it or before.
__device__ inline std::uint64_t bin_of(const std::uint64_t* start, std::uint64_t bins,
                                       std::uint64_t entry) {
    return first_above(start, 0, bins, entry) - 1;
}

__global__ void join_entries(const std::uint64_t* start, const Label* label, const Count* count,
                             std::uint64_t bins, std::uint64_t n, const std::uint32_t* bin_to,
                             const Label* label_to, std::uint64_t* keys, Count* counts) {
    const std::uint64_t e = thread_number();
    if (e >= n) return;
    const std::uint64_t bin = bin_of(start, bins, e);
    const std::uint64_t to = bin_to != nullptr ? bin_to[bin] : bin;
    const Label named = label_to != nullptr ? label_to[label[e]] : label[e];
    keys[e] = to << 32 | static_cast<std::uint32_t>(named);
    counts[e] = count[e];
}

}  // namespace

DeviceLabels labels_of(const Queue& queue, Entries entries, std::uint64_t bins, Label classes) {
    const std::uint64_t n = entries.key.size();
    DeviceLabels labels;
    labels.classes = classes;
    labels.start = Array<std::uint64_t>(queue, bins + 1);
    labels.label = Array<Label>(queue, n);
    launch_for(queue, n + 1, split_entries, entries.key.data(), n, bins, labels.start.data(),
               labels.label.data());
    labels.count = std::move(entries.count);
    return labels;
}

Entries entries_of(const Queue& queue, const DeviceLabels& labels, std::uint64_t bins,
                   const std::uint32_t* bin_to, const Label* label_to) {
    const std::uint64_t n = labels.label.size();
    Entries entries{Array<std::uint64_t>(queue, n), Array<Count>(queue, n)};
    launch_for(queue, n, join_entries, labels.start.data(), labels.label.data(),
               labels.count.data(), bins, n, bin_to, label_to, entries.key.data(),
               entries.count.data());
    return entries;
}

void sort_entries(const Queue& queue, Entries& entries, std::uint64_t bins) {
    sort_pairs(queue, entries.key, entries.count, bits_of_entries(bins));
}

}  // namespace zbins::cuda
