// Records in any order -> canonical order (law 3: ascending hash, ties by the key), equal keys
// summed up. A radix sort on hash bits and positions, so its cost does not depend on what the keys
// are: latents crafted to share a hash are sorted by the bits of their keys in the same way. Never
// quadratic.
#pragma once

#include <span>

#include "count/records.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

// What a record's key consists of: `words` words, the first `hashed` of which make its hash.
struct RecordShape {
    int words = 0;
    int hashed = 0;

    std::uint64_t stride() const { return static_cast<std::uint64_t>(words) + 1; }
};

// Records that lie one after the other, and their hashes.
struct Piece {
    const std::uint64_t* hashes = nullptr;
    const Word* records = nullptr;
    std::uint64_t size = 0;
};

// Memory that a thread uses again from one sort to the next.
class Orderer {
public:
    explicit Orderer(RecordShape shape) : shape_(shape) {}

    // Calls take(key, count, words) for every distinct key in the pieces, in canonical order. No
    // piece has more than 2^log2_piece records; the top `known_bits` of all hashes are the same.
    // `words` is shape.words, as a constant where it is small.
    template <class Take>
    void sum_up(std::span<const Piece> pieces, int log2_piece, int known_bits, Take&& take);

private:
    static constexpr std::uint64_t ahead = 12;

    template <int words, class Take>
    void sum_up_sorted(std::uint64_t n, Take&& take);
    const Word* record(std::uint64_t entry, std::uint64_t stride) const {
        const std::uint64_t number = entry & ((std::uint64_t{1} << number_bits_) - 1);
        return pieces_[number >> log2_piece_].records +
               (number & ((std::uint64_t{1} << log2_piece_) - 1)) * stride;
    }
    const Word* record(std::uint64_t entry) const { return record(entry, shape_.stride()); }
    std::uint64_t tag(std::uint64_t entry) const { return entry >> number_bits_; }

    std::uint64_t sort_by_hash(std::span<const Piece> pieces, int log2_piece, int known_bits);
    // Entries [begin, end) have equal tags and not all the same key: puts them in order.
    void order_ties(std::uint64_t begin, std::uint64_t end, int stage = 0);
    std::uint64_t digit(const Word* record, int stage) const;
    bool less(const Word* a, const Word* b) const;
    void reserve(std::uint64_t n);

    RecordShape shape_;
    std::span<const Piece> pieces_;
    int log2_piece_ = 0;
    int number_bits_ = 0;  // an entry is the top bits of a hash, then a record's piece and place
    int known_bits_ = 0;
    Buffer<std::uint64_t> entries_, other_;
};

// Ascending, by all bits but the lowest `ignored`; the top `known_bits` are the same in all values,
// and `other` has room for as many. Linear for values spread evenly, and never worse than 64
// passes.
void radix_sort(std::uint64_t* values, std::uint64_t* other, std::uint64_t n, int known_bits,
                int ignored = 0);

template <class Take>
void Orderer::sum_up(std::span<const Piece> pieces, int log2_piece, int known_bits, Take&& take) {
    const std::uint64_t n = sort_by_hash(pieces, log2_piece, known_bits);
    if (shape_.words == 1) return sum_up_sorted<1>(n, take);
    if (shape_.words == 2) return sum_up_sorted<2>(n, take);
    sum_up_sorted<0>(n, take);
}

// `fixed` words, or as many as the shape says.
template <int fixed, class Take>
void Orderer::sum_up_sorted(std::uint64_t n, Take&& take) {
    const int words = fixed > 0 ? fixed : shape_.words;
    const std::uint64_t stride = static_cast<std::uint64_t>(words) + 1;
    const std::uint64_t* entries = entries_.data();
    for (std::uint64_t i = 0; i < n;) {
        if (i + ahead < n) prefetch_words(record(entries[i + ahead], stride), words);
        const std::uint64_t begin = i++;
        const Word* key = record(entries[begin], stride);
        Count count = key[words];
        // Equal hash bits nearly always mean copies of one key.
        bool mixed = false;
        for (; i < n && tag(entries[i]) == tag(entries[begin]); ++i) {
            const Word* other = record(entries[i], stride);
            mixed |= !same_words(key, other, words);
            count += other[words];
        }
        if (!mixed) {
            take(key, count, words);
            continue;
        }
        order_ties(begin, i);
        key = record(entries[begin], stride);
        count = key[words];
        for (std::uint64_t t = begin + 1; t < i; ++t) {
            if (t + ahead < i) prefetch_words(record(entries[t + ahead], stride), words);
            const Word* other = record(entries[t], stride);
            if (!same_words(key, other, words)) {
                take(key, count, words);
                key = other;
                count = 0;
            }
            count += other[words];
        }
        take(key, count, words);
    }
}

}  // namespace zbins::inline v1
