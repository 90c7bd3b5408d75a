// The hot loops behind function pointers: one source, compiled once per instruction set. What comes
// of that is a level.
#pragma once

#include <type_traits>

#include "zbins/axes.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1::kernels {

// Rows are contiguous, `stride` elements apart.
template <class T>
struct Kernels {
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

    // The codes themselves, d for each row, each of 1, 2 or 4 `bytes` (int32 if 4); clipped into
    // the grid unless `inside`.
    void (*codes)(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& axes,
                  bool inside, int bytes, void* out);

    // Draws n rows: row i lies in the bin with the key keys[i] and is the sample number first + i.
    // An offset u in [margin, 1 - margin] cannot be rounded out of its bin; where one lies outside
    // and rounding did move the value over an edge (or only the exact function can tell),
    // unsettled[i] is set, and the caller clamps the row (law 4).
    void (*draw)(const Word* const* keys, std::int64_t n, const Axes<T>& axes, int bits,
                 std::uint64_t seed, std::uint64_t first, T margin, T* out, std::int64_t stride,
                 std::uint8_t* unsettled);
};

// Block 0 of law 4: the 64-bit rank word of n consecutive sample numbers.
using RankWords = void (*)(std::uint64_t seed, std::uint64_t first, std::int64_t n,
                           std::uint64_t* words);

// As memcpy, past the cache where the machine can.
using CopyPastCache = void (*)(void* to, const void* from, std::int64_t bytes);

struct Level {
    const char* name;
    bool (*runs_here)();  // whether this machine has all that the compiler was allowed to use
    Kernels<float> f32;
    Kernels<double> f64;
    RankWords rank_words;
    CopyPastCache copy_past_cache;

    template <class T>
    const Kernels<T>& of() const {
        if constexpr (std::is_same_v<T, float>) {
            return f32;
        } else {
            return f64;
        }
    }
};

}  // namespace zbins::inline v1::kernels
