// Room for label counts, filled by those who make a model of others.
#pragma once

#include "zbins/categorical.hpp"

namespace zbins::inline v1 {

// Room for the labels of so many bins. Member by member: where memory runs out inside the braces of
// an aggregate, GCC 11 forgets the members it has made.
inline LabelCounts room_for_labels(Label classes, std::uint64_t bins, std::uint64_t entries) {
    LabelCounts labels;
    labels.classes = classes;
    labels.start = Buffer<std::uint64_t>(bins + 1);
    labels.label = Buffer<Label>(entries);
    labels.count = Buffer<Count>(entries);
    labels.start[0] = 0;
    return labels;
}

}  // namespace zbins::inline v1
