#include "count/run.hpp"

#include <cstring>

#include "merger.hpp"
#include "zbins/hash.hpp"

namespace zbins::inline v1 {

OrderedKeys Hashes::of(const Word* records, std::uint64_t n, const RecordShape& shape) {
    if (hashes_.size() < n) hashes_ = Buffer<std::uint64_t>(n + n / 4);
    const std::uint64_t stride = shape.stride();
    for (std::uint64_t i = 0; i < n; ++i)
        hashes_[i] = fixed_hash(records + i * stride, shape.hashed);
    return {records, stride, hashes_.data(), n};
}

Run::Run(const Word* records, std::uint64_t n, const RecordShape& shape)
    : stride_(shape.stride()), size_(n) {
    words_.resize(n * stride_);
    std::memcpy(words_.data(), records, n * stride_ * sizeof(Word));
}

// From the back, where there is room: what is written never reaches what is still to be read. Keys
// that were there already leave a gap before the part that was merged; it is closed in the end.
void Run::merge(const Records& fresh, const RecordShape& shape, MergeScratch& scratch) {
    if (size_ == 0) {
        *this = Run(fresh.data(), fresh.size(), shape);
        return;
    }
    const std::uint64_t all = size_ + fresh.size();
    words_.resize(all * stride_);
    const OrderedKeys a = scratch.a.of(words_.data(), size_, shape);
    const OrderedKeys b = scratch.b.of(fresh.data(), fresh.size(), shape);
    std::uint64_t to = all;
    const auto left = merge_ordered<From::back>(
        a, b, shape.words, [&](std::uint64_t i, std::uint64_t j, bool in_a, bool in_b) {
            Word* target = at(--to);
            const Count more = fresh[j][shape.words];
            copy_words(target, in_a ? at(i) : fresh[j], shape.words + 1);
            target[shape.words] += in_a && in_b ? more : 0;
        });
    to -= left.b;
    std::memcpy(at(to), fresh.data(), left.b * stride_ * sizeof(Word));
    size_ = all - (to - left.a);
    if (to == left.a) return;
    std::memmove(at(left.a), at(to), (all - to) * stride_ * sizeof(Word));
    words_.resize(size_ * stride_);
}

}  // namespace zbins::inline v1
