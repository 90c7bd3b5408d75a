// Counts per (bin, label) from and to entries: one word of the bin above the label, so that they
// sort as bins do, and labels inside a bin.
#pragma once

#include "pmf.hpp"

namespace zbins::cuda {

struct Entries {
    Array<std::uint64_t> key;  // bin << 32 | label; bins are below 2^32
    Array<Count> count;
};

// How many bits of an entry decide, if bins are at most `bins`.
constexpr int bits_of_entries(std::uint64_t bins) {
    const int bits = 32 + floor_log2(bins + 1) + 1;
    return bits < 64 ? bits : 64;
}

// Labels of `bins` bins from their entries, ascending and each there once.
DeviceLabels labels_of(const Queue& queue, Entries entries, std::uint64_t bins, Label classes);

// The entries of a model, every bin renamed by `bin_to` (its new number) and every label by
// `label_to` (null: as they are).
Entries entries_of(const Queue& queue, const DeviceLabels& labels, std::uint64_t bins,
                   const std::uint32_t* bin_to, const Label* label_to);

// Entries of one model in any order, brought into theirs; bins are below `bins`.
void sort_entries(const Queue& queue, Entries& entries, std::uint64_t bins);

}  // namespace zbins::cuda
