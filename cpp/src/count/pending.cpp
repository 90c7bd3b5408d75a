#include "count/pending.hpp"

#include <algorithm>
#include <bit>

namespace zbins::inline v1 {

namespace {
constexpr std::uint64_t slab_bytes = 4 << 20;  // two huge pages
constexpr std::uint64_t most_chunk_bytes = 16 << 10;
constexpr std::uint64_t open_chunks_bytes = 8 << 20;  // of all threads together
}  // namespace

std::uint64_t chunk_bytes_for(int range_bits, int threads) {
    const std::uint64_t open_chunks = static_cast<std::uint64_t>(threads) << range_bits;
    return std::min(most_chunk_bytes, open_chunks_bytes / open_chunks);
}

Pending::Pending(int words, int range_bits, std::uint64_t expected, std::uint64_t chunk_bytes)
    : words_(words), range_bits_(range_bits), writers_(std::size_t{1} << range_bits) {
    const std::uint64_t record = (static_cast<std::uint64_t>(words) + 2) * sizeof(Word);
    std::uint64_t records = std::max<std::uint64_t>(1, chunk_bytes / record);
    // Where there is one range only, one chunk for all of it.
    if (range_bits == 0)
        records = std::clamp(expected, records, std::max(records, slab_bytes / record / 2));
    log2_chunk_ = static_cast<int>(std::bit_width(range_bits == 0 ? records - 1 : records / 2));
    // One chunk per range will be open in the end; few records need no whole slab.
    const std::uint64_t chunks =
        (expected >> log2_chunk_) + (range_bits == 0 ? 1 : writers_.size());
    const std::uint64_t in_slab = slab_bytes / sizeof(Word) / chunk_words();
    slab_words_ = std::max<std::uint64_t>(1, std::min(in_slab, chunks)) * chunk_words();
}

void Pending::open_chunk(Writer& to) {
    if (left_ == 0) {
        if (used_slabs_ == slabs_.size()) slabs_.emplace_back(slab_words_);
        ++used_slabs_;
        left_ = slab_words_;
    }
    Word* chunk = slabs_[used_slabs_ - 1].data() + (slab_words_ - left_);
    to.chunks.push_back(chunk);
    left_ -= chunk_words();
    to.hash = chunk;
    to.end = chunk + chunk_records();
    to.record = to.end;
}

std::uint64_t Pending::size(std::size_t range) const {
    const Writer& writer = writers_[range];
    return writer.chunks.size() * chunk_records() -
           static_cast<std::uint64_t>(writer.end - writer.hash);
}

std::uint64_t Pending::size() const {
    std::uint64_t records = 0;
    for (std::size_t range = 0; range < writers_.size(); ++range) records += size(range);
    return records;
}

void Pending::append_pieces(std::size_t range, std::vector<Piece>& pieces) const {
    std::uint64_t left = size(range);
    for (const Word* chunk : writers_[range].chunks) {
        const std::uint64_t n = std::min(left, chunk_records());
        pieces.push_back({chunk, chunk + chunk_records(), n});
        left -= n;
    }
}

void Pending::clear() {
    for (Writer& writer : writers_) writer = Writer();
    used_slabs_ = 0;
    left_ = 0;
}

}  // namespace zbins::inline v1
