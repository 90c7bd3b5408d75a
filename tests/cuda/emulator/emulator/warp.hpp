// Warp collectives and the bit intrinsics that go with them.
#pragma once

#include <bit>

#include "emulator/grid.hpp"

namespace emulator {

template <class F>
void for_lanes(unsigned mask, F f) {
    for (; mask != 0; mask &= mask - 1) f(std::countr_zero(mask));
}

inline void resolve_nothing(Lane*, unsigned) {}

// A lane outside the mask gives an undefined value: a conspicuous one here.
inline void resolve_shuffle(Lane* lanes, unsigned mask) {
    for_lanes(mask, [&](int l) {
        const int source = lanes[l].argument;
        lanes[l].result = (mask >> source & 1u) != 0 ? lanes[source].value : 0xa5a5a5a5a5a5a5a5u;
    });
}
inline void resolve_ballot(Lane* lanes, unsigned mask) {
    unsigned set = 0;
    for_lanes(mask, [&](int l) { set |= (lanes[l].value != 0 ? 1u : 0u) << l; });
    for_lanes(mask, [&](int l) { lanes[l].result = set; });
}
inline void resolve_match_any(Lane* lanes, unsigned mask) {
    for_lanes(mask, [&](int l) {
        unsigned same = 0;
        for_lanes(mask, [&](int k) { same |= (lanes[k].value == lanes[l].value ? 1u : 0u) << k; });
        lanes[l].result = same;
    });
}
// Op gets the 32 bits of two lanes.
template <class T, class Op>
void resolve_reduce(Lane* lanes, unsigned mask) {
    auto total = static_cast<T>(lanes[std::countr_zero(mask)].value);
    for_lanes(mask & (mask - 1),
              [&](int l) { total = Op{}(total, static_cast<T>(lanes[l].value)); });
    for_lanes(mask, [&](int l) { lanes[l].result = static_cast<std::uint32_t>(total); });
}

inline constexpr Collective syncwarp{"__syncwarp", resolve_nothing};
inline constexpr Collective shfl{"__shfl_sync", resolve_shuffle};
inline constexpr Collective shfl_up{"__shfl_up_sync", resolve_shuffle};
inline constexpr Collective shfl_down{"__shfl_down_sync", resolve_shuffle};
inline constexpr Collective shfl_xor{"__shfl_xor_sync", resolve_shuffle};
inline constexpr Collective ballot{"__ballot_sync", resolve_ballot};
inline constexpr Collective any{"__any_sync", resolve_ballot};
inline constexpr Collective all{"__all_sync", resolve_ballot};
inline constexpr Collective match_any{"__match_any_sync", resolve_match_any};
template <class T, class Op>
inline constexpr Collective reduce{"__reduce_*_sync", resolve_reduce<T, Op>};

struct Min {
    template <class T>
    T operator()(T a, T b) const {
        return b < a ? b : a;
    }
};
struct Max {
    template <class T>
    T operator()(T a, T b) const {
        return a < b ? b : a;
    }
};
struct Add {
    unsigned operator()(unsigned a, unsigned b) const { return a + b; }
};
struct And {
    unsigned operator()(unsigned a, unsigned b) const { return a & b; }
};
struct Or {
    unsigned operator()(unsigned a, unsigned b) const { return a | b; }
};
struct Xor {
    unsigned operator()(unsigned a, unsigned b) const { return a ^ b; }
};

template <class T>
std::uint64_t to_bits(T value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
}

template <class T>
T shuffle(const Collective& kind, unsigned mask, T value, int source) {
    const std::uint64_t bits = meet(kind, mask, to_bits(value), source);
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// The source lanes, as PTX's shfl defines them: a source beyond the segment means oneself.
inline void check_width(int width) {
    if (width < 1 || width > 32 || (width & (width - 1)) != 0) die("shuffle of width %d", width);
}
inline int source_index(int lane, int index, int width) {
    check_width(width);
    return (lane & ~(width - 1)) | (index & (width - 1));
}
inline int source_up(int lane, unsigned delta, int width) {
    check_width(width);
    const int source = lane - static_cast<int>(delta & 31u);
    return source >= (lane & ~(width - 1)) ? source : lane;
}
inline int source_down(int lane, unsigned delta, int width) {
    check_width(width);
    const int source = lane + static_cast<int>(delta & 31u);
    return source <= (lane | (width - 1)) ? source : lane;
}
inline int source_xor(int lane, int lane_mask, int width) {
    check_width(width);
    const int source = lane ^ (lane_mask & 31);
    return source <= (lane | (width - 1)) ? source : lane;
}

}  // namespace emulator

// Overloads, not templates, as in CUDA: what does not compile there must not compile here.
#define EMULATOR_SHUFFLES(T)                                                                   \
    inline T __shfl_sync(unsigned mask, T value, int lane, int width = warpSize) {             \
        return emulator::shuffle(emulator::shfl, mask, value,                                  \
                                 emulator::source_index(emulator::lane_id(), lane, width));    \
    }                                                                                          \
    inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize) {    \
        return emulator::shuffle(emulator::shfl_up, mask, value,                               \
                                 emulator::source_up(emulator::lane_id(), delta, width));      \
    }                                                                                          \
    inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize) {  \
        return emulator::shuffle(emulator::shfl_down, mask, value,                             \
                                 emulator::source_down(emulator::lane_id(), delta, width));    \
    }                                                                                          \
    inline T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = warpSize) {    \
        return emulator::shuffle(emulator::shfl_xor, mask, value,                              \
                                 emulator::source_xor(emulator::lane_id(), lane_mask, width)); \
    }
EMULATOR_SHUFFLES(int)
EMULATOR_SHUFFLES(unsigned)
EMULATOR_SHUFFLES(long)
EMULATOR_SHUFFLES(unsigned long)
EMULATOR_SHUFFLES(long long)
EMULATOR_SHUFFLES(unsigned long long)
EMULATOR_SHUFFLES(float)
EMULATOR_SHUFFLES(double)
#undef EMULATOR_SHUFFLES

#define EMULATOR_MATCH(T)                                                            \
    inline unsigned __match_any_sync(unsigned mask, T value) {                       \
        return static_cast<unsigned>(                                                \
            emulator::meet(emulator::match_any, mask, emulator::to_bits(value), 0)); \
    }
EMULATOR_MATCH(int)
EMULATOR_MATCH(unsigned)
EMULATOR_MATCH(long)
EMULATOR_MATCH(unsigned long)
EMULATOR_MATCH(long long)
EMULATOR_MATCH(unsigned long long)
EMULATOR_MATCH(float)
EMULATOR_MATCH(double)
#undef EMULATOR_MATCH

#define EMULATOR_REDUCE(name, T, Number, Op)                                               \
    inline T name(unsigned mask, T value) {                                                \
        return static_cast<T>(emulator::meet(emulator::reduce<Number, emulator::Op>, mask, \
                                             emulator::to_bits(value), 0));                \
    }
EMULATOR_REDUCE(__reduce_add_sync, unsigned, unsigned, Add)
EMULATOR_REDUCE(__reduce_add_sync, int, unsigned, Add)
EMULATOR_REDUCE(__reduce_min_sync, unsigned, unsigned, Min)
EMULATOR_REDUCE(__reduce_min_sync, int, int, Min)
EMULATOR_REDUCE(__reduce_max_sync, unsigned, unsigned, Max)
EMULATOR_REDUCE(__reduce_max_sync, int, int, Max)
EMULATOR_REDUCE(__reduce_and_sync, unsigned, unsigned, And)
EMULATOR_REDUCE(__reduce_or_sync, unsigned, unsigned, Or)
EMULATOR_REDUCE(__reduce_xor_sync, unsigned, unsigned, Xor)
#undef EMULATOR_REDUCE

inline void __syncwarp(unsigned mask = 0xffffffffu) {
    emulator::meet(emulator::syncwarp, mask, 0, 0);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
    return static_cast<unsigned>(emulator::meet(emulator::ballot, mask, predicate != 0, 0));
}
inline int __any_sync(unsigned mask, int predicate) {
    return emulator::meet(emulator::any, mask, predicate != 0, 0) != 0;
}
inline int __all_sync(unsigned mask, int predicate) {
    return emulator::meet(emulator::all, mask, predicate == 0, 0) == 0;
}
inline unsigned __activemask() {
    return emulator::live_lanes();
}

inline int __popc(unsigned x) {
    return std::popcount(x);
}
inline int __popcll(unsigned long long x) {
    return std::popcount(x);
}
inline int __ffs(int x) {
    return __builtin_ffs(x);
}
inline int __ffsll(long long x) {
    return __builtin_ffsll(x);
}
inline int __clz(int x) {
    return std::countl_zero(static_cast<unsigned>(x));
}
inline int __clzll(long long x) {
    return std::countl_zero(static_cast<unsigned long long>(x));
}
