// Two lists in canonical order, walked as one.
#pragma once

#include "zbins/canonical.hpp"
#include "zbins/hash.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

// Keys in canonical order, each once, `stride` words apart, and their hashes.
struct OrderedKeys {
    const Word* keys = nullptr;
    std::uint64_t stride = 0;
    const std::uint64_t* hashes = nullptr;
    std::uint64_t size = 0;

    const Word* key(std::uint64_t i) const { return keys + i * stride; }
    OrderedKeys part(std::uint64_t begin, std::uint64_t end) const {
        return {key(begin), stride, hashes + begin, end - begin};
    }
};

// Of a walk that begins in front, how many of each list lie behind it; of one that begins at the
// back, how many are still before it.
struct Walked {
    std::uint64_t a = 0, b = 0;
};

enum class From { front, back };

// Until one of the lists is used up, visit(i, j, in_a, in_b) for every key, which is a's i-th or
// b's j-th, or both. Which of them comes next is anybody's guess, so nothing branches on it here.
template <From from, class Visit>
ZBINS_INLINE Walked merge_ordered(const OrderedKeys& a, const OrderedKeys& b, int words,
                                  Visit&& visit) {
    constexpr bool forward = from == From::front;
    std::uint64_t i = forward ? 0 : a.size, j = forward ? 0 : b.size;
    while (forward ? i < a.size && j < b.size : i > 0 && j > 0) {
        const std::uint64_t at_i = forward ? i : i - 1, at_j = forward ? j : j - 1;
        const std::uint64_t x = a.hashes[at_i], y = b.hashes[at_j];
        bool in_a = forward ? x <= y : x >= y, in_b = forward ? y <= x : y >= x;
        if (x == y) {
            const int order = compare_words(a.key(at_i), b.key(at_j), words);
            in_a = forward ? order <= 0 : order >= 0;
            in_b = forward ? order >= 0 : order <= 0;
        }
        visit(at_i, at_j, in_a, in_b);
        i = forward ? i + in_a : i - in_a;
        j = forward ? j + in_b : j - in_b;
    }
    return {i, j};
}

// Where the first n keys of both lists end: at most one more than n, since a key that is in both
// is not cut apart.
inline Walked cut_ordered(const OrderedKeys& a, const OrderedKeys& b, int words, std::uint64_t n) {
    std::uint64_t low = n > b.size ? n - b.size : 0, high = n < a.size ? n : a.size;
    while (low < high) {
        const std::uint64_t i = low + (high - low) / 2, j = n - i - 1;
        if (canonical_less(a.hashes[i], a.key(i), b.hashes[j], b.key(j), words)) {
            low = i + 1;
        } else {
            high = i;
        }
    }
    const std::uint64_t j = n - low;
    const bool apart = low < a.size && j > 0 && a.hashes[low] == b.hashes[j - 1] &&
                       compare_words(a.key(low), b.key(j - 1), words) == 0;
    return {low + apart, j};
}

}  // namespace zbins::inline v1
