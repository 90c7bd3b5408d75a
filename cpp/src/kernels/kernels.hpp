// The hot loops behind function pointers: one source, compiled once per instruction set, the best
// level the machine has picked at the first use (ZBINS_SIMD forces one).
#pragma once

#include "zbins/axes.hpp"
#include "zbins/types.hpp"

namespace zbins::kernels {

// Rows are contiguous, `stride` elements apart.
template <class T>
struct Table {
    // Lowers `lower[j]` and raises `upper[j]` over n rows. False if any value is NaN or infinite
    // (then the two are of no use).
    bool (*bounds)(const T* rows, std::int64_t stride, std::int64_t n, std::int64_t d, T* lower,
                   T* upper);

    // Packs the codes of n rows into keys (`words` each, `bits` a dimension) and hashes them.
    // `inside` promises that every value lies within [origin, top]: the fast path. Otherwise codes
    // are clipped into the grid and outside[i] tells whether row i had to be.
    void (*quantize)(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& axes,
                     int bits, int words, bool inside, Word* keys, std::uint64_t* hashes,
                     std::uint8_t* outside);

    // Draws n rows: row i lies in the bin raw[i * d ..] and is the sample number first + i.
    // unsettled[i] is set where a coordinate was rounded out of its bin (the caller clamps it: law
    // 4).
    void (*draw)(const std::int32_t* raw, std::int64_t n, const Axes<T>& axes, std::uint64_t seed,
                 std::uint64_t first, T* out, std::int64_t stride, std::uint8_t* unsettled);
};

// Block 0 of law 4: the 64-bit rank word of n consecutive sample numbers.
using RankWords = void (*)(std::uint64_t seed, std::uint64_t first, std::int64_t n,
                           std::uint64_t* words);

// The raw bins of one key: its d codes plus first[j].
using Unpack = void (*)(const Word* key, int bits, int words, std::int64_t d,
                        const std::int32_t* first, std::int32_t* raw);

struct Level {
    const char* name;
    Table<float> f32;
    Table<double> f64;
    RankWords rank_words;
    Unpack unpack;
};

extern const Level baseline;
#if defined(ZBINS_X86_LEVELS)
extern const Level x86_64_v3;
extern const Level x86_64_v4;
#endif

// The level in use. Throws std::invalid_argument if ZBINS_SIMD names one that is not here.
const Level& level();

template <class T>
const Table<T>& table();

}  // namespace zbins::kernels
