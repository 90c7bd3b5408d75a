// Law 1 over blocks of rows: codes as bytes (or 16 bits) in a tile that stays in L1, then packed
// eight at a time inside 64-bit words, then hashed. Plain loops, written to vectorize.
#pragma once

#include <type_traits>

#include "loops.hpp"
#include "zbins/axes.hpp"
#include "zbins/hash.hpp"

namespace zbins::inline v1::kernels {
namespace {

constexpr std::int64_t tile_codes = 4096;  // a multiple of the dimensions in any word

// What the inner loops read of the axes, for one run of columns.
template <class T>
struct Lattice {
    const T *origin, *top, *scale;
    const std::int32_t *k, *last, *first, *bins;
};

template <class T>
ZBINS_INLINE Lattice<T> lattice_at(const Axes<T>& a, std::int64_t j) {
    return {a.origin + j, a.top + j, a.scale + j, a.k + j, a.last + j, a.first + j, a.bins + j};
}

// Codes of m values that lie within [origin, top]: the quotient is never negative there, so
// truncation is floor.
template <class T, bool grown, class Code>
ZBINS_INLINE void codes_inside(const T* z, const Lattice<T>& a, std::int64_t m,
                               Code* __restrict out) {
    const T *origin = a.origin, *scale = a.scale;
    const std::int32_t *last = a.last, *first = a.first;
    for (std::int64_t j = 0; j < m; ++j) {
        const auto quotient = static_cast<std::int32_t>((z[j] - origin[j]) * scale[j]);
        const std::int32_t raw = quotient < last[j] ? quotient : last[j];
        out[j] = static_cast<Code>(grown ? raw - first[j] : raw);
    }
}

// Codes of any finite values, clipped: raw_bin by selection instead of by branches. True if one
// had to be.
template <class T, class Code>
ZBINS_INLINE bool codes_anywhere(const T* z, const Lattice<T>& a, std::int64_t m,
                                 Code* __restrict out) {
    constexpr T limit = static_cast<T>(raw_limit);
    std::int32_t outside = 0;
    for (std::int64_t j = 0; j < m; ++j) {
        T t = (z[j] - a.origin[j]) * a.scale[j];
        t = t > -limit ? t : -limit;  // also where a constant column made infinity times zero
        t = t < limit ? t : limit;
        std::int32_t raw = static_cast<std::int32_t>(t);
        raw -= static_cast<T>(raw) > t ? 1 : 0;
        const std::int32_t above = raw > a.k[j] ? raw : a.k[j];
        const std::int32_t below = raw < -1 ? raw : -1;
        const std::int32_t within = raw < a.last[j] ? raw : a.last[j];
        raw = z[j] > a.top[j] ? above : within;
        raw = z[j] < a.origin[j] ? below : raw;
        const std::int32_t code = raw - a.first[j];
        const std::int32_t last = a.bins[j] - 1;
        const std::int32_t floored = code < 0 ? 0 : code;
        const std::int32_t clipped = floored > last ? last : floored;
        outside |= clipped ^ code;
        out[j] = static_cast<Code>(clipped);
    }
    return outside != 0;
}

// Eight codes, one a byte (dimension 0 in the lowest), to 8 * bits bits, dimension 0 uppermost.
template <int bits>
ZBINS_INLINE Word compress(Word x) {
    x = __builtin_bswap64(x);
    if constexpr (bits < 8) {
        constexpr Word pairs = bits == 4   ? 0x00ff00ff00ff00ffULL
                               : bits == 2 ? 0x000f000f000f000fULL
                                           : 0x0003000300030003ULL;
        constexpr Word quads = bits == 4   ? 0x0000ffff0000ffffULL
                               : bits == 2 ? 0x000000ff000000ffULL
                                           : 0x0000000f0000000fULL;
        x = (x | x >> (8 - bits)) & pairs;
        x = (x | x >> (16 - 2 * bits)) & quads;
        x = (x | x >> (32 - 4 * bits)) & (~Word{0} >> (64 - 8 * bits));
    }
    return x;
}

ZBINS_INLINE Word load_eight(const std::uint8_t* codes) {
    Word eight;
    __builtin_memcpy(&eight, codes, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    return eight;
}

// Every two codes of `bits` bits, in a byte each, as one of twice as many.
template <int bits>
ZBINS_INLINE void join_pairs(const std::uint8_t* codes, std::int64_t n,
                             std::uint8_t* __restrict out) {
    for (std::int64_t i = 0; i < n; ++i) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        out[i] = static_cast<std::uint8_t>(codes[2 * i] << bits | codes[2 * i + 1]);
#else  // as compilers vectorize it best
        std::uint16_t pair;
        __builtin_memcpy(&pair, codes + 2 * i, 2);
        out[i] = static_cast<std::uint8_t>(pair << bits | pair >> 8);
#endif
    }
}

// So many words from the codes that fill them, dimension 0 in the uppermost bits.
template <int bits>
ZBINS_INLINE void pack(const std::uint8_t* codes, std::int64_t words, Word* to) {
    if constexpr (bits == 8) {
        for (std::int64_t w = 0; w < words; ++w)
            to[w] = __builtin_bswap64(load_eight(codes + 8 * w));
    } else {
        constexpr std::int64_t per = 32 / bits;
        std::uint8_t pairs[tile_codes / 2];
        join_pairs<bits>(codes, words * per, pairs);
        pack<2 * bits>(pairs, words, to);
    }
}
template <int bits>
ZBINS_INLINE void pack(const std::uint16_t* codes, std::int64_t words, Word* to) {
    for (std::int64_t w = 0; w < words; ++w, codes += 4) {
        to[w] = 0;
        for (int c = 0; c < 4; ++c) to[w] |= static_cast<Word>(codes[c]) << (48 - 16 * c);
    }
}

// Narrow rows without gaps between them, as longer ones: the lattice repeated.
template <class T>
struct Repeated {
    T origin[long_row], scale[long_row];
    std::int32_t last[long_row], first[long_row];
    std::int64_t together;

    explicit Repeated(const Axes<T>& a) : together(long_row / a.d) {
        for (std::int64_t r = 0, at = 0; r < together; ++r) {
            for (std::int64_t j = 0; j < a.d; ++j, ++at) {
                origin[at] = a.origin[j], scale[at] = a.scale[j];
                last[at] = a.last[j], first[at] = a.first[j];
            }
        }
    }
    Lattice<T> lattice() const { return {origin, nullptr, scale, nullptr, last, first, nullptr}; }
};

// Codes of n such rows, side by side.
template <class T, bool grown, class Code>
ZBINS_INLINE void codes_of_narrow(const T* z, std::int64_t n, std::int64_t d,
                                  const Repeated<T>& repeated, Code* out) {
    const std::int64_t run = repeated.together * d, all = n * d;
    std::int64_t at = 0;
    for (; at + run <= all; at += run)
        codes_inside<T, grown>(z + at, repeated.lattice(), run, out + at);
    codes_inside<T, grown>(z + at, repeated.lattice(), all - at, out + at);
}

// Rows of at most eight columns: each is one word in the end.
template <class T, int bits, bool grown>
void quantize_narrow(const T* rows, std::int64_t n, const Axes<T>& a, Word* keys) {
    const Repeated<T> repeated(a);
    const Word used = ~Word{0} >> (64 - 8 * a.d);
    const std::int64_t per_tile = tile_codes / a.d / repeated.together * repeated.together;
    std::uint8_t codes[tile_codes + 8];
    for (std::int64_t i0 = 0; i0 < n; i0 += per_tile) {
        const std::int64_t tile = minimum(per_tile, n - i0);
        codes_of_narrow<T, grown>(rows + i0 * a.d, tile, a.d, repeated, codes);
        for (std::int64_t i = 0; i < tile; ++i)
            keys[i0 + i] = compress<bits>(load_eight(codes + i * a.d) & used) << (64 - 8 * bits);
    }
}

enum class Rows { inside, inside_grown, anywhere };

template <class T, int bits, Rows where>
void quantize_wide(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& a, int words,
                   Word* keys, std::uint8_t* outside) {
    using Code = std::conditional_t<bits == 16, std::uint16_t, std::uint8_t>;
    constexpr std::int64_t per = 64 / bits;
    Code codes[tile_codes];
    for (std::int64_t j0 = 0; j0 < a.d; j0 += tile_codes) {
        const std::int64_t m = minimum(tile_codes, a.d - j0);
        const std::int64_t row_words = (m + per - 1) / per, pitch = row_words * per;
        const std::int64_t per_tile = tile_codes / pitch;
        const Lattice<T> lattice = lattice_at(a, j0);
        // Zero beyond the last column, as unused bits must be.
        if (pitch > m) __builtin_memset(codes, 0, sizeof(codes));
        for (std::int64_t i0 = 0; i0 < n; i0 += per_tile) {
            const std::int64_t tile = minimum(per_tile, n - i0);
            for (std::int64_t i = 0; i < tile; ++i) {
                const T* z = rows + (i0 + i) * stride + j0;
                prefetch_row(z, stride, m);
                if constexpr (where == Rows::anywhere) {
                    const bool out = codes_anywhere(z, lattice, m, codes + i * pitch);
                    outside[i0 + i] = static_cast<std::uint8_t>((j0 > 0 && outside[i0 + i]) || out);
                } else {
                    codes_inside<T, where == Rows::inside_grown>(z, lattice, m, codes + i * pitch);
                }
            }
            if (row_words == words) {
                pack<bits>(codes, tile * words, keys + i0 * words);
            } else {
                for (std::int64_t i = 0; i < tile; ++i)
                    pack<bits>(codes + i * pitch, row_words, keys + (i0 + i) * words + j0 / per);
            }
        }
    }
}

// fixed_hash of every key, four at a time: one alone waits for each of its multiplications.
ZBINS_INLINE void hash_keys(const Word* keys, std::int64_t n, int words, std::uint64_t* hashes) {
    if (words == 1) {
        for (std::int64_t i = 0; i < n; ++i) hashes[i] = fixed_hash(keys + i, 1);
        return;
    }
    if (words == 2) {
        for (std::int64_t i = 0; i < n; ++i) hashes[i] = fixed_hash(keys + 2 * i, 2);
        return;
    }
    std::int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        std::uint64_t h[4] = {hash_start, hash_start, hash_start, hash_start};
        for (int w = 0; w < words; ++w) {
            for (int q = 0; q < 4; ++q) h[q] = hash_step(h[q], keys[(i + q) * words + w]);
        }
        for (int q = 0; q < 4; ++q) hashes[i + q] = mix64(h[q]);
    }
    for (; i < n; ++i) hashes[i] = fixed_hash(keys + i * words, words);
}

template <class T, int bits>
void quantize_bits(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& a, int words,
                   bool inside, Word* keys, std::uint8_t* outside) {
    if (!inside)
        return quantize_wide<T, bits, Rows::anywhere>(rows, stride, n, a, words, keys, outside);
    const bool grown = has_grown(a);
    if constexpr (bits <= 8) {
        if (a.d <= 8 && stride == a.d) {
            return grown ? quantize_narrow<T, bits, true>(rows, n, a, keys)
                         : quantize_narrow<T, bits, false>(rows, n, a, keys);
        }
    }
    if (grown) {
        quantize_wide<T, bits, Rows::inside_grown>(rows, stride, n, a, words, keys, outside);
    } else {
        quantize_wide<T, bits, Rows::inside>(rows, stride, n, a, words, keys, outside);
    }
}

template <class T>
void quantize(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& a, int bits,
              int words, bool inside, Word* keys, std::uint64_t* hashes, std::uint8_t* outside) {
    const auto run = bits == 1   ? quantize_bits<T, 1>
                     : bits == 2 ? quantize_bits<T, 2>
                     : bits == 4 ? quantize_bits<T, 4>
                     : bits == 8 ? quantize_bits<T, 8>
                                 : quantize_bits<T, 16>;
    run(rows, stride, n, a, words, inside, keys, outside);
    hash_keys(keys, n, words, hashes);
}

template <class T, bool grown, class Code>
void write_codes_inside(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& a,
                        Code* out) {
    if (rows_at_a_time(a.d, stride) > 1) {
        codes_of_narrow<T, grown>(rows, n, a.d, Repeated<T>(a), out);
        return;
    }
    for (std::int64_t i = 0; i < n; ++i) {
        prefetch_row(rows + i * stride, stride, a.d);
        codes_inside<T, grown>(rows + i * stride, lattice_at(a, 0), a.d, out + i * a.d);
    }
}

// The codes themselves, a.d of them for each row.
template <class T, class Code>
void write_codes(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& a, bool inside,
                 Code* out) {
    if (!inside) {
        for (std::int64_t i = 0; i < n; ++i)
            codes_anywhere(rows + i * stride, lattice_at(a, 0), a.d, out + i * a.d);
    } else if (has_grown(a)) {
        write_codes_inside<T, true>(rows, stride, n, a, out);
    } else {
        write_codes_inside<T, false>(rows, stride, n, a, out);
    }
}

template <class T>
void codes(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& a, bool inside,
           int bytes, void* out) {
    if (bytes == 1) {
        write_codes(rows, stride, n, a, inside, static_cast<std::uint8_t*>(out));
    } else if (bytes == 2) {
        write_codes(rows, stride, n, a, inside, static_cast<std::uint16_t*>(out));
    } else {
        write_codes(rows, stride, n, a, inside, static_cast<std::int32_t*>(out));
    }
}

}  // namespace
}  // namespace zbins::inline v1::kernels
