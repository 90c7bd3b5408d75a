#include "count/run.hpp"

#include <cstring>

#include "zbins/canonical.hpp"
#include "zbins/hash.hpp"

namespace zbins::inline v1 {

Run::Run(const Word* records, std::uint64_t n, const RecordShape& shape)
    : stride_(shape.stride()), size_(n) {
    words_.resize(n * stride_);
    std::memcpy(words_.data(), records, n * stride_ * sizeof(Word));
}

// From the back, where there is room: what is written never reaches what is still to be read. Keys
// that were there already leave a gap before the part that was merged; it is closed in the end.
void Run::merge(const Records& fresh, const RecordShape& shape) {
    if (size_ == 0) {
        *this = Run(fresh.data(), fresh.size(), shape);
        return;
    }
    const int words = shape.words;
    const std::uint64_t all = size_ + fresh.size();
    words_.resize(all * stride_);
    const auto hash = [&](const auto& run, std::uint64_t i) {
        return i > 0 ? fixed_hash(run[i - 1], shape.hashed) : 0;
    };
    std::uint64_t i = size_, j = fresh.size(), to = all;
    std::uint64_t i_hash = hash(*this, i), j_hash = hash(fresh, j);
    while (j > 0) {
        Word* target = at(--to);
        if (i == 0 || canonical_less(i_hash, at(i - 1), j_hash, fresh[j - 1], words)) {
            copy_words(target, fresh[j - 1], words + 1);
            j_hash = hash(fresh, --j);
            continue;
        }
        const bool both = i_hash == j_hash && same_words(at(i - 1), fresh[j - 1], words);
        copy_words(target, at(i - 1), words + 1);
        i_hash = hash(*this, --i);
        if (both) {
            target[words] += fresh[j - 1][words];
            j_hash = hash(fresh, --j);
        }
    }
    size_ = all - (to - i);
    if (to == i) return;
    std::memmove(at(i), at(to), (all - to) * stride_ * sizeof(Word));
    words_.resize(size_ * stride_);
}

}  // namespace zbins::inline v1
