// Law 4 for blocks of samples: offsets from Philox into a tile that stays in L1, then every value
// placed in its bin. An offset away from the edges cannot be rounded out of the bin, so one
// comparison settles it; the rare others are looked at again.
#pragma once

#include "loops.hpp"
#include "philox_lanes.hpp"
#include "zbins/axes.hpp"

namespace zbins::inline v1::kernels {
namespace {

constexpr std::int64_t tile_values = 1024;  // a multiple of the dimensions in any word
constexpr int vectors_at_once = 2;
constexpr int counters_at_once = vectors_at_once * vector_lanes;

template <class T>
constexpr std::int64_t values_per_counter = 16 / sizeof(T);

// The offsets u of law 4: 24 bits of each 32, or 53 of each 64.
ZBINS_INLINE void store_offsets(Vector words, float* u) {
    // By way of int32: exact, and every level has the instruction.
    const auto top24 =
        reinterpret_cast<Lanes<std::int32_t>>(reinterpret_cast<Lanes<std::uint32_t>>(words) >> 8);
    const Lanes<float> offsets = __builtin_convertvector(top24, Lanes<float>) * 0x1p-24f;
    __builtin_memcpy(u, &offsets, vector_bytes);
}
ZBINS_INLINE void store_offsets(Vector words, double* u) {
    // Both halves as the low bits of a double's fraction; every step is exact.
    const Vector top53 = words >> 11;
    const auto upper =
        reinterpret_cast<Lanes<double>>((top53 >> 32) | 0x4530000000000000ULL);  // 2^84
    const auto lower =
        reinterpret_cast<Lanes<double>>((top53 & 0xffffffffu) | 0x4330000000000000ULL);  // 2^52
    const Lanes<double> offsets = ((upper - (0x1p84 + 0x1p52)) + lower) * 0x1p-53;
    __builtin_memcpy(u, &offsets, vector_bytes);
}

// Which (row, block) each counter of a tile is: the same for every tile of one shape.
struct Counters {
    static constexpr std::int64_t most = tile_values / 2 + counters_at_once;
    std::uint64_t row[most], block[most];

    Counters(std::int64_t rows, std::int64_t blocks) {
        std::int64_t r = 0, b = 0;
        const std::int64_t rounded =
            (rows * blocks + counters_at_once - 1) / counters_at_once * counters_at_once;
        for (std::int64_t t0 = 0; t0 < rounded; t0 += vector_lanes) {
            for (int c = 0; c < vector_lanes; ++c) {
                row[t0 + element_of(c)] = static_cast<std::uint64_t>(r);
                block[t0 + element_of(c)] = static_cast<std::uint64_t>(b);
                if (++b == blocks) b = 0, ++r;
            }
        }
    }
};

template <class T>
ZBINS_INLINE T* store_words(const Pairs* words, T* u) {
    for (int v = 0; v < vectors_at_once; ++v) {
        store_offsets(even_elements(words[v].w01, words[v].w23), u);
        u += vector_bytes / sizeof(T);
        store_offsets(odd_elements(words[v].w01, words[v].w23), u);
        u += vector_bytes / sizeof(T);
    }
    return u;
}

// Offsets of `counters` counters into u, which has room for a few more.
template <class T>
void fill_offsets(const Counters& which, std::int64_t counters, std::uint64_t seed,
                  std::uint64_t first_row, std::uint64_t first_block, T* u) {
    for (std::int64_t t = 0; t < counters; t += counters_at_once) {
        Vector index[vectors_at_once], block[vectors_at_once];
        Pairs words[vectors_at_once];
        for (int v = 0; v < vectors_at_once; ++v) {
            index[v] = load(which.row + t + v * vector_lanes) + first_row;
            block[v] = load(which.block + t + v * vector_lanes) + first_block;
        }
        philox<vectors_at_once>(seed, index, block, words);
        u = store_words(words, u);
    }
}

// The same for rows of whole vectors, `blocks` counters each.
template <class T>
void fill_offsets_of_rows(const Counters& which, std::int64_t rows, std::int64_t blocks,
                          std::uint64_t seed, std::uint64_t first_row, std::uint64_t first_block,
                          T* u) {
    alignas(64) std::uint64_t products[Counters::most];
    for (std::int64_t b = 0; b < blocks; ++b)
        products[b] = (which.block[b] + first_block) * Philox::mul1;
    for (std::int64_t i = 0; i < rows; ++i) {
        const RowStart row(seed, first_row + static_cast<std::uint64_t>(i));
        for (std::int64_t b = 0; b < blocks; b += counters_at_once) {
            Vector of_blocks[vectors_at_once];
            Pairs words[vectors_at_once];
            for (int v = 0; v < vectors_at_once; ++v)
                of_blocks[v] = load(products + b + v * vector_lanes);
            philox_of_row<vectors_at_once>(seed, row, of_blocks, words);
            u = store_words(words, u);
        }
    }
}

// The codes of a key, from a column at the beginning of a word; up to a word's more than m.
template <int bits>
ZBINS_INLINE void unpack(const Word* key, std::int64_t m, std::int32_t* codes) {
    constexpr int half = 32 / bits;
    constexpr std::uint32_t mask = (std::uint32_t{1} << bits) - 1;
    using Codes = typename VectorOf<std::uint32_t, half>::type;
    Codes shift;
    for (int c = 0; c < half; ++c) shift[c] = static_cast<std::uint32_t>(32 - bits * (c + 1));
    for (std::int64_t j = 0; j < m; j += 2 * half, ++key) {
        const Codes upper = ((Codes{} + static_cast<std::uint32_t>(*key >> 32)) >> shift) & mask;
        const Codes lower = ((Codes{} + static_cast<std::uint32_t>(*key)) >> shift) & mask;
        __builtin_memcpy(codes + j, &upper, sizeof(upper));
        __builtin_memcpy(codes + j + half, &lower, sizeof(lower));
    }
}

// Whether every placed value can be seen to lie in its bin. Grown bins are left to the exact
// function.
template <class T>
bool settled(const std::int32_t* raw, const T* x, const Axes<T>& a, std::int64_t j0,
             std::int64_t m) {
    std::int32_t unsure = 0;
    for (std::int64_t c = 0; c < m; ++c) {
        const std::int64_t j = j0 + c;
        const auto r = static_cast<T>(raw[c]);
        const T t = (x[c] - a.origin[j]) * a.scale[j];
        const bool last = raw[c] == a.k[j] - 1;
        const bool below = (t < r + 1) | last;
        const bool under_top = (x[c] <= a.top[j]) | !last;
        const bool inside = (t >= r) & below & under_top & (raw[c] >= 0) & (raw[c] < a.k[j]);
        unsure |= inside ? 0 : 1;
    }
    return unsure == 0;
}

// What placing reads of the axes, for one run of columns.
template <class T>
struct Places {
    const T *origin, *width;
    const std::int32_t* first;
};

// Places m values in their bins; raw holds their codes, and becomes their raw bins. True if an
// offset is so near an edge that rounding may have carried the value over.
template <class T, bool grown>
ZBINS_INLINE bool place(std::int32_t* __restrict raw, const T* u, const Places<T>& a,
                        std::int64_t m, T margin, T* __restrict out) {
    const T *origin = a.origin, *width = a.width;
    const std::int32_t* first = a.first;
    const T low = margin, high = 1 - margin;
    std::int32_t near_edge = 0;
    for (std::int64_t c = 0; c < m; ++c) {
        if constexpr (grown) raw[c] += first[c];
        out[c] = origin[c] + (static_cast<T>(raw[c]) + u[c]) * width[c];
        near_edge |= static_cast<std::int32_t>(u[c] < low) | static_cast<std::int32_t>(u[c] > high);
    }
    return near_edge != 0;
}

// Columns [j0, j0 + m) of `tile` rows, their offsets `pitch` apart in u.
template <class T, int bits, bool grown>
void place_rows(const Word* const* keys, std::int64_t tile, const Axes<T>& a, std::int64_t j0,
                std::int64_t m, const T* u, std::int64_t pitch, T margin, T* out,
                std::int64_t stride, std::uint8_t* unsettled) {
    const Places<T> places{a.origin + j0, a.width + j0, a.first + j0};
    std::int32_t raw[tile_values];
    for (std::int64_t i = 0; i < tile; ++i) {
        unpack<bits>(keys[i] + j0 * bits / 64, m, raw);
        T* to = out + i * stride + j0;
        if (place<T, grown>(raw, u + i * pitch, places, m, margin, to) &&
            !settled(raw, to, a, j0, m))
            unsettled[i] = 1;
    }
}

// Narrow rows without gaps between them: several at a time, as one long row.
template <class T, int bits, bool grown>
void place_narrow_rows(const Word* const* keys, std::int64_t tile, const Axes<T>& a, const T* u,
                       std::int64_t pitch, T margin, T* out, std::uint8_t* unsettled) {
    T origin[long_row], width[long_row];
    std::int32_t first[long_row];
    const std::int64_t together = long_row / a.d;
    for (std::int64_t r = 0; r < together; ++r) {
        for (std::int64_t j = 0; j < a.d; ++j) {
            origin[r * a.d + j] = a.origin[j], width[r * a.d + j] = a.width[j];
            first[r * a.d + j] = a.first[j];
        }
    }
    const Places<T> places{origin, width, first};
    // A row writes a little too far, and the next one over it.
    std::int32_t raw[2 * long_row];
    T close[2 * long_row];
    for (std::int64_t i0 = 0; i0 < tile; i0 += together) {
        const std::int64_t rows = minimum(together, tile - i0);
        for (std::int64_t r = 0; r < rows; ++r) unpack<bits>(keys[i0 + r], a.d, raw + r * a.d);
        const T* from = u + i0 * pitch;
        if (pitch > a.d) {
            for (std::int64_t r = 0; r < rows; ++r) {
                for (std::int64_t c = 0; c < pitch; c += values_per_counter<T>)
                    __builtin_memcpy(close + r * a.d + c, from + r * pitch + c, 16);
            }
            from = close;
        }
        T* to = out + i0 * a.d;
        if (!place<T, grown>(raw, from, places, rows * a.d, margin, to)) continue;
        for (std::int64_t r = 0; r < rows; ++r) {
            if (!settled(raw + r * a.d, to + r * a.d, a, 0, a.d)) unsettled[i0 + r] = 1;
        }
    }
}

template <class T, int bits, bool grown>
void draw_bits(const Word* const* keys, std::int64_t n, const Axes<T>& a, std::uint64_t seed,
               std::uint64_t first, T margin, T* out, std::int64_t stride,
               std::uint8_t* unsettled) {
    constexpr std::int64_t per = values_per_counter<T>;
    alignas(64) T u[tile_values + counters_at_once * per];
    __builtin_memset(unsettled, 0, static_cast<std::size_t>(n));
    for (std::int64_t j0 = 0; j0 < a.d; j0 += tile_values) {
        const std::int64_t m = minimum(tile_values, a.d - j0);
        const std::int64_t blocks = (m + per - 1) / per;
        const std::int64_t per_tile = minimum(n, tile_values / (blocks * per));
        const Counters which(per_tile, blocks);
        for (std::int64_t i0 = 0; i0 < n; i0 += per_tile) {
            const std::int64_t tile = minimum(per_tile, n - i0);
            // The keys of this tile come while its offsets are made.
            for (std::int64_t i = i0; i < i0 + tile; ++i)
                __builtin_prefetch(keys[i] + j0 * bits / 64);
            const std::uint64_t row = first + static_cast<std::uint64_t>(i0);
            const auto block = static_cast<std::uint64_t>(j0 / per + 1);
            if (blocks % counters_at_once == 0) {
                fill_offsets_of_rows(which, tile, blocks, seed, row, block, u);
            } else {
                fill_offsets(which, tile * blocks, seed, row, block, u);
            }
            T* to = out + i0 * stride;
            if (rows_at_a_time(a.d, stride) > 1) {
                place_narrow_rows<T, bits, grown>(keys + i0, tile, a, u, blocks * per, margin, to,
                                                  unsettled + i0);
            } else {
                place_rows<T, bits, grown>(keys + i0, tile, a, j0, m, u, blocks * per, margin, to,
                                           stride, unsettled + i0);
            }
        }
    }
}

template <class T, bool grown>
constexpr auto draw_of(int bits) {
    return bits == 1   ? draw_bits<T, 1, grown>
           : bits == 2 ? draw_bits<T, 2, grown>
           : bits == 4 ? draw_bits<T, 4, grown>
           : bits == 8 ? draw_bits<T, 8, grown>
                       : draw_bits<T, 16, grown>;
}

template <class T>
void draw(const Word* const* keys, std::int64_t n, const Axes<T>& a, int bits, std::uint64_t seed,
          std::uint64_t first, T margin, T* out, std::int64_t stride, std::uint8_t* unsettled) {
    const auto run = has_grown(a) ? draw_of<T, true>(bits) : draw_of<T, false>(bits);
    run(keys, n, a, seed, first, margin, out, stride, unsettled);
}

// Block 0 of every sample: words 0 and 1 are the rank.
void rank_words(std::uint64_t seed, std::uint64_t first, std::int64_t n, std::uint64_t* words) {
    Vector number;
    for (int c = 0; c < vector_lanes; ++c) number[c] = first + static_cast<std::uint64_t>(c);
    for (std::int64_t i = 0; i < n; i += counters_at_once) {
        Vector index[vectors_at_once], block[vectors_at_once] = {};
        Pairs drawn[vectors_at_once];
        for (int v = 0; v < vectors_at_once; ++v) {
            index[v] = number;
            number += static_cast<std::uint64_t>(vector_lanes);
        }
        philox<vectors_at_once>(seed, index, block, drawn);
        std::uint64_t last[counters_at_once];
        std::uint64_t* to = i + counters_at_once <= n ? words + i : last;
        for (int v = 0; v < vectors_at_once; ++v)
            __builtin_memcpy(to + v * vector_lanes, &drawn[v].w01, vector_bytes);
        if (to == last) {
            for (std::int64_t c = 0; c < n - i; ++c) words[i + c] = last[c];
        }
    }
}

}  // namespace
}  // namespace zbins::inline v1::kernels
