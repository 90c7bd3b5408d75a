// Compiled once per instruction set, with ZBINS_LEVEL naming the object it defines. It includes
// nothing that could leave an out-of-line copy behind: see ZBINS_INLINE.
#include "kernels.hpp"
#include "vector.hpp"
#include "zbins/hash.hpp"
#include "zbins/philox.hpp"

#define ZBINS_TEXT_(x) #x
#define ZBINS_TEXT(x) ZBINS_TEXT_(x)

namespace zbins::kernels {
namespace {

constexpr std::int64_t minimum(std::int64_t a, std::int64_t b) {
    return a < b ? a : b;
}

// All exponent bits set means NaN or infinity.
template <class T>
struct Bits;
template <>
struct Bits<float> {
    using type = std::uint32_t;
    static constexpr type exponent = 0x7f800000u;
};
template <>
struct Bits<double> {
    using type = std::uint64_t;
    static constexpr type exponent = 0x7ff0000000000000ULL;
};

template <class T>
bool bounds(const T* rows, std::int64_t stride, std::int64_t n, std::int64_t d, T* lower,
            T* upper) {
    using B = typename Bits<T>::type;
    constexpr std::int64_t tile = 256 / sizeof(T);
    B bad[tile] = {};
    // Columns in tiles that stay in registers and L1 over all rows of the block.
    for (std::int64_t j0 = 0; j0 < d; j0 += tile) {
        const std::int64_t m = minimum(tile, d - j0);
        T lo[tile], hi[tile];
        for (std::int64_t j = 0; j < m; ++j) lo[j] = lower[j0 + j], hi[j] = upper[j0 + j];
        for (std::int64_t i = 0; i < n; ++i) {
            const T* z = rows + i * stride + j0;
            for (std::int64_t j = 0; j < m; ++j) {
                const T value = z[j];
                B bits;
                __builtin_memcpy(&bits, &value, sizeof(bits));
                bad[j] |= (bits & Bits<T>::exponent) == Bits<T>::exponent ? ~B{0} : B{0};
                lo[j] = value < lo[j] ? value : lo[j];
                hi[j] = value > hi[j] ? value : hi[j];
            }
        }
        for (std::int64_t j = 0; j < m; ++j) lower[j0 + j] = lo[j], upper[j0 + j] = hi[j];
    }
    B any = 0;
    for (const B b : bad) any |= b;
    return any == 0;
}

// Inside [origin, top] the quotient is never negative, so truncation is floor.
template <class T>
ZBINS_INLINE std::int32_t code_inside(T z, T origin, T scale, std::int32_t k, std::int32_t first) {
    const auto raw = static_cast<std::int32_t>((z - origin) * scale);
    return (raw < k - 1 ? raw : k - 1) - first;
}

template <class T>
ZBINS_INLINE std::int32_t code_anywhere(T z, const Axes<T>& a, std::int64_t j, bool& outside) {
    const std::int32_t code = raw_bin(z, a.origin[j], a.top[j], a.scale[j], a.k[j]) - a.first[j];
    const std::int32_t last = a.bins[j] - 1;
    outside |= code < 0 || code > last;
    return code < 0 ? 0 : (code > last ? last : code);
}

// One word of a key from up to 64 / bits coordinates.
template <class T, int bits, bool inside>
ZBINS_INLINE Word pack_word(const T* z, const Axes<T>& a, std::int64_t j, int m, bool& outside) {
    constexpr int per = 64 / bits;
    std::int32_t code[per] = {};
    const auto fill = [&](int count) {
        for (int c = 0; c < count; ++c) {
            if constexpr (inside) {
                code[c] = code_inside(z[j + c], a.origin[j + c], a.scale[j + c], a.k[j + c],
                                      a.first[j + c]);
            } else {
                code[c] = code_anywhere(z[j + c], a, j + c, outside);
            }
        }
    };
    if (m == per) {
        fill(per);  // a constant trip count: the loop that vectorizes
    } else {
        fill(m);
    }
    Word word = 0;
    for (int c = 0; c < per; ++c) word |= static_cast<Word>(code[c]) << (64 - bits * (c + 1));
    return word;
}

template <class T, int bits, bool inside>
void quantize_rows(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& a, int words,
                   Word* keys, std::uint64_t* hashes, std::uint8_t* outside) {
    constexpr int per = 64 / bits;
    for (std::int64_t i = 0; i < n; ++i) {
        Word* key = keys + i * words;
        const T* z = rows + i * stride;
        bool out = false;
        for (int w = 0; w < words; ++w) {
            const std::int64_t j = std::int64_t{w} * per;
            const auto m = static_cast<int>(minimum(per, a.d - j));
            key[w] = pack_word<T, bits, inside>(z, a, j, m, out);
        }
        if constexpr (!inside) outside[i] = out ? 1 : 0;
        hashes[i] = fixed_hash(key, words);
    }
}

template <class T, int bits>
void quantize_bits(const T* rows, std::int64_t stride, std::int64_t n, const Axes<T>& a, int words,
                   bool inside, Word* keys, std::uint64_t* hashes, std::uint8_t* outside) {
    if (inside) {
        quantize_rows<T, bits, true>(rows, stride, n, a, words, keys, hashes, outside);
    } else {
        quantize_rows<T, bits, false>(rows, stride, n, a, words, keys, hashes, outside);
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
    run(rows, stride, n, a, words, inside, keys, hashes, outside);
}

constexpr int lanes = 32;
struct Counters {
    std::uint32_t c[4][lanes];
};

// Philox for `lanes` counters under one seed, in place.
ZBINS_INLINE void philox_lanes(std::uint64_t seed, Counters& s) {
    for (int i = 0; i < lanes; i += 2 * vector_lanes) {
        // Two vectors at a time: enough to hide the multiplier's latency, few enough to stay in
        // registers.
        Vector c[4][2];
        for (int w = 0; w < 4; ++w) {
            c[w][0] = load(s.c[w] + i);
            c[w][1] = load(s.c[w] + i + vector_lanes);
        }
        auto k0 = static_cast<std::uint32_t>(seed);
        auto k1 = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < Philox::rounds; ++round) {
            for (int v = 0; v < 2; ++v) {
                const Product p0 = multiply(c[0][v], Philox::mul0);
                const Product p1 = multiply(c[2][v], Philox::mul1);
                c[0][v] = p1.high ^ c[1][v] ^ repeat(k0);
                c[2][v] = p0.high ^ c[3][v] ^ repeat(k1);
                c[1][v] = p1.low;
                c[3][v] = p0.low;
            }
            k0 += Philox::weyl0;
            k1 += Philox::weyl1;
        }
        for (int w = 0; w < 4; ++w) {
            store(c[w][0], s.c[w] + i);
            store(c[w][1], s.c[w] + i + vector_lanes);
        }
    }
}

void rank_words(std::uint64_t seed, std::uint64_t first, std::int64_t n, std::uint64_t* words) {
    for (std::int64_t i0 = 0; i0 < n; i0 += lanes) {
        Counters s;
        for (int i = 0; i < lanes; ++i) {
            const std::uint64_t index = first + static_cast<std::uint64_t>(i0 + i);
            s.c[0][i] = static_cast<std::uint32_t>(index);
            s.c[1][i] = static_cast<std::uint32_t>(index >> 32);
            s.c[2][i] = s.c[3][i] = 0;
        }
        philox_lanes(seed, s);
        const auto m = static_cast<int>(minimum(lanes, n - i0));
        for (int i = 0; i < m; ++i)
            words[i0 + i] = s.c[0][i] | static_cast<std::uint64_t>(s.c[1][i]) << 32;
    }
}

// The offsets u of law 4, from the four words of a block: 4 of 24 bits or 2 of 53. The detour over
// int32 is exact and has vector instructions at every level; unsigned and 64-bit integers do not.
ZBINS_INLINE void offsets(const Counters& s, float* u) {
    for (int i = 0; i < lanes; ++i) {
        for (int w = 0; w < 4; ++w)
            u[4 * i + w] = static_cast<float>(static_cast<std::int32_t>(s.c[w][i] >> 8)) * 0x1p-24f;
    }
}
ZBINS_INLINE double offset53(std::uint32_t low, std::uint32_t high) {
    const auto upper = static_cast<std::int32_t>(high >> 5);                        // 27 bits
    const auto lower = static_cast<std::int32_t>((high & 31) << 21 | (low >> 11));  // 26 bits
    return (static_cast<double>(upper) * 0x1p26 + static_cast<double>(lower)) * 0x1p-53;
}
ZBINS_INLINE void offsets(const Counters& s, double* u) {
    for (int i = 0; i < lanes; ++i) {
        u[2 * i] = offset53(s.c[0][i], s.c[1][i]);
        u[2 * i + 1] = offset53(s.c[2][i], s.c[3][i]);
    }
}

template <int bits>
void unpack_bits(const Word* key, int words, std::int64_t d, const std::int32_t* first,
                 std::int32_t* raw) {
    constexpr int per = 64 / bits;
    constexpr Word mask = (Word{1} << bits) - 1;
    std::int64_t j = 0;
    for (int w = 0; w < words; ++w, j += per) {
        const Word word = key[w];
        const auto code = [&](int c) {
            return static_cast<std::int32_t>((word >> (64 - bits * (c + 1))) & mask);
        };
        if (d - j >= per) {
            for (int c = 0; c < per; ++c) raw[j + c] = code(c) + first[j + c];
        } else {
            for (int c = 0; c < d - j; ++c) raw[j + c] = code(c) + first[j + c];
        }
    }
}

void unpack(const Word* key, int bits, int words, std::int64_t d, const std::int32_t* first,
            std::int32_t* raw) {
    const auto run = bits == 1   ? unpack_bits<1>
                     : bits == 2 ? unpack_bits<2>
                     : bits == 4 ? unpack_bits<4>
                     : bits == 8 ? unpack_bits<8>
                                 : unpack_bits<16>;
    run(key, words, d, first, raw);
}

// Places m <= most coordinates from their raw bins and offsets. True if any was rounded out of its
// bin or lies where only the exact function can tell (a grown bin).
template <class T, int most>
ZBINS_INLINE bool place(const std::int32_t* raw, const T* u, const Axes<T>& a, std::int64_t j,
                        std::int64_t m, T* out) {
    const T* origin = a.origin + j;
    const T* width = a.width + j;
    const T* scale = a.scale + j;
    const T* top = a.top + j;
    const std::int32_t* k = a.k + j;
    // Local, so that the compiler knows that writing it changes no input.
    T placed[most];
    std::int32_t unsure = 0;
    for (std::int64_t c = 0; c < m; ++c) {
        const auto r = static_cast<T>(raw[c]);
        const T x = origin[c] + (r + u[c]) * width[c];
        placed[c] = x;
        const T t = (x - origin[c]) * scale[c];
        const bool last = raw[c] == k[c] - 1;
        const bool below = (t < r + 1) | last;
        const bool under_top = (x <= top[c]) | !last;
        const bool lattice = (raw[c] >= 0) & (raw[c] < k[c]);
        unsure |= static_cast<std::int32_t>(!((t >= r) & below & under_top & lattice));
    }
    __builtin_memcpy(out, placed, static_cast<std::size_t>(m) * sizeof(T));
    return unsure != 0;
}

template <class T>
void draw(const std::int32_t* raw, std::int64_t n, const Axes<T>& a, std::uint64_t seed,
          std::uint64_t first, T* out, std::int64_t stride, std::uint8_t* unsettled) {
    constexpr int per = sizeof(T) == 4 ? 4 : 2;
    const std::int64_t blocks = (a.d + per - 1) / per;
    // Lanes hold consecutive (row, block) pairs, so narrow rows fill them too.
    const std::int64_t total = n * blocks;
    std::int64_t row = 0, block = 0;
    for (std::int64_t i = 0; i < n; ++i) unsettled[i] = 0;
    for (std::int64_t t0 = 0; t0 < total; t0 += lanes) {
        Counters s;
        std::int64_t r = row, b = block;
        for (int i = 0; i < lanes;) {
            const auto run = static_cast<int>(minimum(lanes - i, blocks - b));
            const std::uint64_t index = first + static_cast<std::uint64_t>(r);
            for (int t = i; t < i + run; ++t) {
                s.c[0][t] = static_cast<std::uint32_t>(index);
                s.c[1][t] = static_cast<std::uint32_t>(index >> 32);
                s.c[2][t] = static_cast<std::uint32_t>(b + 1 + (t - i));
                s.c[3][t] = 0;
            }
            i += run;
            b += run;
            if (b == blocks) b = 0, ++r;
        }
        philox_lanes(seed, s);
        T u[lanes * per];
        offsets(s, u);
        // Whole runs of one row at a time.
        for (int i = 0; i < lanes && row < n;) {
            const auto run = static_cast<int>(minimum(lanes - i, blocks - block));
            const std::int64_t j = block * per;
            const std::int64_t m = minimum(std::int64_t{run} * per, a.d - j);
            unsettled[row] |= place<T, lanes * per>(raw + row * a.d + j, u + i * per, a, j, m,
                                                    out + row * stride + j);
            i += run;
            block += run;
            if (block == blocks) block = 0, ++row;
        }
    }
}

}  // namespace

const Level ZBINS_LEVEL = {
    ZBINS_TEXT(ZBINS_LEVEL),
    {bounds<float>, quantize<float>, draw<float>},
    {bounds<double>, quantize<double>, draw<double>},
    rank_words,
    unpack,
};

}  // namespace zbins::kernels
