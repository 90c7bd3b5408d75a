#include "file/blake2b.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "file/little_endian.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1::file {

namespace {

constexpr std::size_t block_bytes = 128;

constexpr std::array<std::uint64_t, 8> start = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

// In which order each round takes the words of a block; rounds 10 and 11 are as 0 and 1.
constexpr std::uint8_t order[12][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                        {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                        {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                        {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                        {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                        {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                        {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                        {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                        {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                        {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
                                        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                        {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

ZBINS_INLINE void mix(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d,
                      std::uint64_t x, std::uint64_t y) {
    a += b + x;
    d = std::rotr(d ^ a, 32);
    c += d;
    b = std::rotr(b ^ c, 24);
    a += b + y;
    d = std::rotr(d ^ a, 16);
    c += d;
    b = std::rotr(b ^ c, 63);
}

// A round whose order is known at compile time: half as fast again as one that looks it up.
template <std::size_t round>
ZBINS_INLINE void mix_all(std::uint64_t (&v)[16], const std::uint64_t (&m)[16]) {
    constexpr auto& s = order[round];
    mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
    mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
    mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
    mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
    mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
    mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
    mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
    mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
}

}  // namespace

Blake2b::Blake2b(std::size_t digest_bytes) : digest_bytes_(digest_bytes), state_(start) {
    state_[0] ^= 0x01010000 ^ digest_bytes;
}

void Blake2b::compress(const std::byte* block, std::uint64_t length, bool last) {
    std::uint64_t m[16], v[16];
    for (std::size_t i = 0; i < 16; ++i) m[i] = little_endian<std::uint64_t>(block + 8 * i);
    std::copy(state_.begin(), state_.end(), v);
    std::copy(start.begin(), start.end(), v + 8);
    v[12] ^= length;
    if (last) v[14] = ~v[14];
    [&]<std::size_t... r>(std::index_sequence<r...>) {
        (mix_all<r>(v, m), ...);
    }(std::make_index_sequence<12>{});
    for (std::size_t i = 0; i < 8; ++i) state_[i] ^= v[i] ^ v[i + 8];
}

void Blake2b::update(std::span<const std::byte> bytes) {
    const auto keep = [&](std::size_t n) {
        std::copy_n(bytes.data(), n, kept_.data() + n_kept_);
        n_kept_ += n;
        bytes = bytes.subspan(n);
    };
    if (n_kept_ > 0) {
        keep(std::min(bytes.size(), block_bytes - n_kept_));
        if (bytes.empty()) return;
        length_ += block_bytes;
        compress(kept_.data(), length_, false);
        n_kept_ = 0;
    }
    for (; bytes.size() > block_bytes; bytes = bytes.subspan(block_bytes)) {
        length_ += block_bytes;
        compress(bytes.data(), length_, false);
    }
    keep(bytes.size());
}

std::string Blake2b::digits() {
    length_ += n_kept_;
    std::fill(kept_.begin() + static_cast<std::ptrdiff_t>(n_kept_), kept_.end(), std::byte{0});
    compress(kept_.data(), length_, true);
    std::string text;
    for (std::size_t i = 0; i < digest_bytes_; ++i) {
        const std::uint64_t byte = state_[i / 8] >> (8 * (i % 8)) & 0xff;
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

}  // namespace zbins::inline v1::file
