// Records that wait to be put in order, apart by range of hashes: one of these per thread, so that
// none of them waits for another. Chunks of every range are cut from large slabs.
#pragma once

#include <vector>

#include "count/order.hpp"
#include "count/records.hpp"

namespace zbins::inline v1 {

// The size of a chunk, where so many threads have one open in every range.
std::uint64_t chunk_bytes_for(int range_bits, int threads);

class Pending {
public:
    // 2^range_bits ranges, by the top bits of the hash, for about `expected` records; a chunk of
    // one range takes about `chunk_bytes`.
    Pending(int words, int range_bits, std::uint64_t expected, std::uint64_t chunk_bytes);

    void add(const Word* key, std::uint64_t hash, Count count) { add(key, hash, count, words_); }

    // n rows, one of each.
    void add_rows(const Word* keys, const std::uint64_t* hashes, std::uint64_t n) {
        if (words_ == 1) return add_rows_of<1>(keys, hashes, n);
        if (words_ == 2) return add_rows_of<2>(keys, hashes, n);
        add_rows_of<0>(keys, hashes, n);
    }

    std::uint64_t size() const;
    std::uint64_t size(std::size_t range) const;
    std::size_t ranges() const { return writers_.size(); }
    int log2_chunk() const { return log2_chunk_; }
    // Adds the chunks of a range to a list.
    void append_pieces(std::size_t range, std::vector<Piece>& pieces) const;
    void clear();  // the memory stays, for what comes next

private:
    // A chunk is room for hashes, then for records.
    struct Writer {
        std::uint64_t* hash = nullptr;
        std::uint64_t* end = nullptr;
        Word* record = nullptr;
        std::vector<Word*> chunks;  // all full but the last
    };

    void add(const Word* key, std::uint64_t hash, Count count, int words) {
        Writer& to = writers_[range_bits_ == 0 ? 0 : hash >> (64 - range_bits_)];
        if (to.hash == to.end) open_chunk(to);
        *to.hash++ = hash;
        copy_words(to.record, key, words);
        to.record[words] = count;
        to.record += words + 1;
    }
    // `fixed` words, or as many as the constructor was told.
    template <int fixed>
    void add_rows_of(const Word* keys, const std::uint64_t* hashes, std::uint64_t n) {
        const int words = fixed > 0 ? fixed : words_;
        for (std::uint64_t i = 0; i < n; ++i)
            add(keys + i * static_cast<std::uint64_t>(words), hashes[i], 1, words);
    }
    std::uint64_t chunk_records() const { return std::uint64_t{1} << log2_chunk_; }
    std::uint64_t chunk_words() const {
        return chunk_records() * (static_cast<std::uint64_t>(words_) + 2);
    }
    void open_chunk(Writer& to);

    int words_;
    int range_bits_;
    int log2_chunk_;
    std::uint64_t slab_words_;
    std::uint64_t left_ = 0;  // words of the last slab that are in no chunk yet
    std::vector<Writer> writers_;
    std::vector<Buffer<Word>> slabs_;
    std::size_t used_slabs_ = 0;
};

}  // namespace zbins::inline v1
