// Records in canonical order, every key once. Others are merged in, in place.
#pragma once

#include "count/growing.hpp"
#include "count/order.hpp"
#include "count/records.hpp"

namespace zbins::inline v1 {

class Run {
public:
    Run() = default;
    Run(const Word* records, std::uint64_t n, const RecordShape& shape);

    std::uint64_t size() const { return size_; }
    const Word* operator[](std::uint64_t i) const { return words_.data() + i * stride_; }

    // Adds records in canonical order, every key once. What is thrown is thrown before anything
    // has changed.
    void merge(const Records& fresh, const RecordShape& shape);

private:
    Word* at(std::uint64_t i) { return words_.data() + i * stride_; }

    std::uint64_t stride_ = 0;
    std::uint64_t size_ = 0;
    Growing words_;
};

}  // namespace zbins::inline v1
