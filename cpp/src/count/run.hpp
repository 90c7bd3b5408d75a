// Records in canonical order, every key once. Others are merged in, in place.
#pragma once

#include "count/growing.hpp"
#include "count/order.hpp"
#include "count/records.hpp"
#include "merger.hpp"

namespace zbins::inline v1 {

// Hashes of records, for one merge: in a loop of their own they cost least, and kept with the runs
// they would be memory. A thread uses the room again from one merge to the next.
class Hashes {
public:
    // The hashes of n records in canonical order, until the next call.
    OrderedKeys of(const Word* records, std::uint64_t n, const RecordShape& shape);

private:
    Buffer<std::uint64_t> hashes_;
};

struct MergeScratch {
    Hashes a, b;
};

class Run {
public:
    Run() = default;
    Run(const Word* records, std::uint64_t n, const RecordShape& shape);

    std::uint64_t size() const { return size_; }
    const Word* operator[](std::uint64_t i) const { return words_.data() + i * stride_; }

    // Adds records in canonical order, every key once. What is thrown is thrown before anything
    // has changed.
    void merge(const Records& fresh, const RecordShape& shape, MergeScratch& scratch);

private:
    Word* at(std::uint64_t i) { return words_.data() + i * stride_; }

    std::uint64_t stride_ = 0;
    std::uint64_t size_ = 0;
    Growing words_;
};

}  // namespace zbins::inline v1
