// Records: the words of a key (and, with labels, the label as one word more), then a count. What
// counting passes around.
#pragma once

#include <cstring>

#include "zbins/buffer.hpp"
#include "zbins/canonical.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

// `words` words, most often one or two: for those no call is made.
ZBINS_INLINE void copy_words(Word* to, const Word* from, int words) {
    if (words <= 4) {
        for (int w = 0; w < words; ++w) to[w] = from[w];
    } else {
        std::memcpy(to, from, static_cast<std::size_t>(words) * sizeof(Word));
    }
}

ZBINS_INLINE bool same_words(const Word* a, const Word* b, int words) {
    for (int w = 0; w < words; ++w) {
        if (a[w] != b[w]) return false;
    }
    return true;
}

// Room for a fixed number of records, filled from the front.
class Records {
public:
    Records() = default;
    Records(int words, std::uint64_t capacity)
        : words_(words), capacity_(capacity), data_(capacity * static_cast<Count>(words + 1)) {}

    std::uint64_t size() const { return size_; }
    bool full() const { return size_ == capacity_; }
    const Word* data() const { return data_.data(); }
    const Word* operator[](std::uint64_t i) const { return data_.data() + i * stride(); }

    // There must be room. `words` is that of the constructor, as a constant where it can be.
    void append(const Word* key, Count count, int words) {
        Word* to = data_.data() + size_++ * (static_cast<std::uint64_t>(words) + 1);
        copy_words(to, key, words);
        to[words] = count;
    }
    void append_all(const Records& other) {
        std::memcpy(data_.data() + size_ * stride(), other.data(),
                    other.size() * stride() * sizeof(Word));
        size_ += other.size();
    }

private:
    std::uint64_t stride() const { return static_cast<std::uint64_t>(words_) + 1; }

    int words_ = 0;
    std::uint64_t capacity_ = 0;
    std::uint64_t size_ = 0;
    Buffer<Word> data_;
};

}  // namespace zbins::inline v1
