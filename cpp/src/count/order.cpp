#include "count/order.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

#include "zbins/hash.hpp"

namespace zbins::inline v1 {

namespace {

constexpr std::uint64_t few = 32;  // sorted by insertion
constexpr int max_digit_bits = 10;

void insertion_sort(std::uint64_t* values, std::uint64_t n) {
    for (std::uint64_t i = 1; i < n; ++i) {
        const std::uint64_t value = values[i];
        std::uint64_t j = i;
        for (; j > 0 && values[j - 1] > value; --j) values[j] = values[j - 1];
        values[j] = value;
    }
}

// One stable pass by the `bits` bits from `shift` on. False if all values share them: then nothing
// was moved.
bool scatter(const std::uint64_t* from, std::uint64_t* to, std::uint64_t n, int shift, int bits) {
    std::uint64_t starts[1 << max_digit_bits] = {};
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    for (std::uint64_t i = 0; i < n; ++i) ++starts[(from[i] >> shift) & mask];
    if (starts[(from[0] >> shift) & mask] == n) return false;
    std::uint64_t sum = 0;
    for (std::uint64_t d = 0; d <= mask; ++d) sum += std::exchange(starts[d], sum);
    for (std::uint64_t i = 0; i < n; ++i) to[starts[(from[i] >> shift) & mask]++] = from[i];
    return true;
}

}  // namespace

void radix_sort(std::uint64_t* values, std::uint64_t* other, std::uint64_t n, int known_bits,
                int ignored) {
    if (n <= few) return insertion_sort(values, n);
    // Three bits more than the values need to be told apart: then few stay together.
    const int bits = std::min(64 - known_bits, static_cast<int>(std::bit_width(n)) + 3);
    const int passes = (bits + max_digit_bits - 1) / max_digit_bits;
    const int digit = (bits + passes - 1) / passes;
    const int lowest = 64 - known_bits - bits;
    std::uint64_t *from = values, *to = other;
    for (int done = 0; done < bits; done += digit) {
        if (scatter(from, to, n, lowest + done, std::min(digit, bits - done))) std::swap(from, to);
    }
    if (from != values) std::copy_n(from, n, values);
    if (lowest == 0) return;
    for (std::uint64_t begin = 0; begin < n;) {
        std::uint64_t end = begin + 1, differing = 0;
        for (; end < n && (values[begin] ^ values[end]) >> lowest == 0; ++end)
            differing |= values[begin] ^ values[end];
        if (differing >> ignored != 0)
            radix_sort(values + begin, other + begin, end - begin, known_bits + bits, ignored);
        begin = end;
    }
}

void Orderer::reserve(std::uint64_t n) {
    if (entries_.size() >= n) return;
    entries_ = Buffer<std::uint64_t>(n);
    other_ = Buffer<std::uint64_t>(n);
}

std::uint64_t Orderer::sort_by_hash(std::span<const Piece> pieces, int log2_piece, int known_bits) {
    std::uint64_t n = 0;
    for (const Piece& piece : pieces) n += piece.size;
    reserve(n);
    pieces_ = pieces;
    log2_piece_ = log2_piece;
    known_bits_ = known_bits;
    number_bits_ = log2_piece + static_cast<int>(std::bit_width(pieces.size()));
    if (number_bits_ > 32) throw std::length_error("more than 2^31 records of one range wait");
    const std::uint64_t mask = (std::uint64_t{1} << number_bits_) - 1;
    std::uint64_t* to = entries_.data();
    for (std::size_t p = 0; p < pieces.size(); ++p) {
        const std::uint64_t first = static_cast<std::uint64_t>(p) << log2_piece;
        const std::uint64_t* hashes = pieces[p].hashes;
        const std::uint64_t size = pieces[p].size;
        for (std::uint64_t i = 0; i < size; ++i)
            to[i] = ((hashes[i] << known_bits) & ~mask) | (first + i);
        to += size;
    }
    radix_sort(entries_.data(), other_.data(), n, 0, number_bits_);
    return n;
}

bool Orderer::less(const Word* a, const Word* b) const {
    const std::uint64_t a_hash = fixed_hash(a, shape_.hashed),
                        b_hash = fixed_hash(b, shape_.hashed);
    if (a_hash != b_hash) return a_hash < b_hash;
    return std::lexicographical_compare(a, a + shape_.words, b, b + shape_.words);
}

// The bits that decide after the tag, in turns of 64 - number_bits: the rest of the hash, then the
// words of the key.
std::uint64_t Orderer::digit(const Word* record, int stage) const {
    const int rest = 64 - number_bits_;
    if (stage == 0) {
        const int used = known_bits_ + rest;
        return used >= 64 ? 0 : fixed_hash(record, shape_.hashed) << used;
    }
    const Word word = record[(stage - 1) / 2];
    return stage % 2 == 1 ? word : word << rest;
}

void Orderer::order_ties(std::uint64_t begin, std::uint64_t end, int stage) {
    std::uint64_t* entries = entries_.data();
    if (end - begin <= few) {
        std::sort(entries + begin, entries + end,
                  [&](std::uint64_t a, std::uint64_t b) { return less(record(a), record(b)); });
        return;
    }
    const std::uint64_t mask = (std::uint64_t{1} << number_bits_) - 1;
    for (; stage <= 2 * shape_.words; ++stage) {
        bool differ = false;
        for (std::uint64_t i = begin; i < end; ++i) {
            entries[i] = (digit(record(entries[i]), stage) & ~mask) | (entries[i] & mask);
            differ |= tag(entries[i]) != tag(entries[begin]);
        }
        if (differ) break;
    }
    if (stage > 2 * shape_.words) return;  // copies of one key
    radix_sort(entries + begin, other_.data() + begin, end - begin, 0, number_bits_);
    for (std::uint64_t i = begin; i < end;) {
        std::uint64_t same = i + 1;
        while (same < end && tag(entries[same]) == tag(entries[i])) ++same;
        if (same - i > 1) order_ties(i, same, stage + 1);
        i = same;
    }
}

}  // namespace zbins::inline v1
