// Law 5: from random words to ranks, and from ranks to what holds them. Host and device.
#pragma once

#include "zbins/types.hpp"

namespace zbins::inline v1 {

// floor(word * n / 2^64): bias below n / 2^64.
ZBINS_HD ZBINS_INLINE std::uint64_t scale_to(std::uint64_t word, std::uint64_t n) {
#if defined(__CUDA_ARCH__)
    return __umul64hi(word, n);
#else
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(word) * n) >> 64);
#endif
}

// The first of the ascending sums in [begin, end) that is above `rank`; `end` if none is.
ZBINS_HD inline std::uint64_t first_above(const Count* sums, std::uint64_t begin, std::uint64_t end,
                                          Count rank) {
    while (begin < end) {
        const std::uint64_t middle = begin + (end - begin) / 2;
        if (sums[middle] > rank) {
            end = middle;
        } else {
            begin = middle + 1;
        }
    }
    return begin;
}

// The guide table (Chen, Asau 1974) has, for each of about m / 2 equal intervals of ranks, the
// first bin that reaches into it.
ZBINS_HD ZBINS_INLINE std::uint64_t pick_bin(const std::uint64_t* guide, int guide_shift,
                                             const Count* cumulative, Count rank) {
    std::uint64_t bin = guide[rank >> guide_shift];
    while (cumulative[bin + 1] <= rank) ++bin;
    return bin;
}

// The width of those intervals, as a power of two, and how many entries the guide has.
constexpr int guide_shift_for(Count total, std::uint64_t bins) {
    int shift = 0;
    while ((total >> shift) > bins / 2 + 1) ++shift;
    return shift;
}
constexpr std::uint64_t guide_size_for(Count total, int shift) {
    return (total >> shift) + 1;
}

}  // namespace zbins::inline v1
