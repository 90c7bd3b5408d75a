#include "draw.hpp"

#include "clamp.hpp"
#include "kernel.cuh"
#include "zbins/philox.hpp"
#include "zbins/pick.hpp"

namespace zbins::cuda {

namespace {

template <class T>
inline constexpr int values_per_block = 16 / sizeof(T);  // of Philox: 4 or 2

// The offsets u of law 4 from one block of random words: 24 bits of each 32, or 53 of each 64.
ZBINS_HD inline void offsets(const std::uint32_t words[4], float u[4]) {
    for (int v = 0; v < 4; ++v) u[v] = static_cast<float>(words[v] >> 8) * 0x1p-24f;
}
ZBINS_HD inline void offsets(const std::uint32_t words[4], double u[2]) {
    for (int v = 0; v < 2; ++v) {
        const std::uint64_t word =
            static_cast<std::uint64_t>(words[2 * v + 1]) << 32 | words[2 * v];
        u[v] = static_cast<double>(word >> 11) * 0x1p-53;
    }
}

// The bin of sample number i, and its label.
__device__ inline std::uint64_t bin_of_sample(const PmfView& pmf, const PhiloxKeys& keys,
                                              std::uint64_t i, Label wanted, Label* label) {
    std::uint32_t words[4];
    philox4x32(keys, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), 0, 0,
               words);
    const std::uint64_t word = static_cast<std::uint64_t>(words[1]) << 32 | words[0];
    if (wanted >= 0) {
        const std::uint64_t begin = pmf.by_label_start[wanted];
        const std::uint64_t end = pmf.by_label_start[wanted + 1];
        if (label != nullptr) *label = wanted;
        const Count rank = scale_to(word, pmf.by_label_sums[end - 1]);
        return pmf.by_label_bin[first_above(pmf.by_label_sums, begin, end, rank)];
    }
    const Count rank = scale_to(word, pmf.total);
    const std::uint64_t bin = pick_bin(pmf.guide, pmf.guide_shift, pmf.cumulative, rank);
    if (label != nullptr) {
        *label = pmf.label[first_above(pmf.label_sums, pmf.label_start[bin],
                                       pmf.label_start[bin + 1], rank)];
    }
    return bin;
}

template <class V, int n>
struct alignas(sizeof(V) * n) Values {
    V value[n];
};
// n of them, in one load: columns of the grid lie on 16 bytes, with room behind the last.
template <int n, class V>
__device__ inline Values<V, n> together(const V* from) {
    return *reinterpret_cast<const Values<V, n>*>(from);
}

// A warp draws 32 samples: each lane picks the bin of one, then all lanes write the values of all,
// side by side.
template <class T, bool whole>
__global__ void draw_samples(PmfView pmf, Axes<T> a, T margin, PhiloxKeys keys, DrawRange range,
                             T* out, Label* labels_out) {
    constexpr int values = values_per_block<T>;
    const auto n = static_cast<std::uint64_t>(range.n);
    const std::uint64_t mine = thread_number();
    const std::uint64_t begin = mine / 32 * 32;
    if (begin >= n) return;  // the whole warp
    const auto lane = static_cast<unsigned>(mine % 32);
    const std::uint64_t first =
        range.first_on_device != nullptr ? *range.first_on_device : range.first;
    std::uint64_t bin = 0;
    if (mine < n) {
        const Label wanted = range.labels != nullptr ? range.labels[mine] : range.label;
        bin = bin_of_sample(pmf, keys, first + mine, wanted,
                            labels_out != nullptr ? labels_out + mine : nullptr);
    }
    const auto blocks = static_cast<unsigned>((a.d + values - 1) / values);
    const auto samples = static_cast<unsigned>(n - begin < 32 ? n - begin : 32);
    unsigned row = lane / blocks, block = lane % blocks;
    const unsigned rows_on = 32 / blocks, blocks_on = 32 % blocks;
    const auto bits = static_cast<unsigned>(pmf.layout.bits);
    const auto mask = (std::uint32_t{1} << bits) - 1;
    // As many turns for every lane: all take part in the exchange.
    for (unsigned turn = 0; turn < samples * blocks; turn += 32) {
        const std::uint64_t there =
            __shfl_sync(all_lanes, static_cast<Atomic>(bin), static_cast<int>(row % 32));
        if (row < samples) {
            const std::uint64_t i = first + begin + row;
            std::uint32_t words[4];
            philox4x32(keys, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32),
                       block + 1, 0, words);
            T u[values];
            offsets(words, u);
            const unsigned col = block * values;
            // The codes of one block lie in one word.
            const unsigned bit = col * bits;
            const Word word =
                pmf.keys[there * static_cast<std::uint64_t>(pmf.layout.words) + bit / 64];
            unsigned shift = 64 - bit % 64;
            const auto origin = together<values>(a.origin + col);
            const auto width = together<values>(a.width + col);
            const auto lowest = together<values>(a.first + col);
            Values<T, values> drawn;
#pragma unroll
            for (int v = 0; v < values; ++v) {
                shift -= bits;
                const std::int64_t j = col + v;
                if (!whole && j >= a.d) break;
                const auto code =
                    static_cast<std::int32_t>(static_cast<std::uint32_t>(word >> shift) & mask);
                const std::int32_t raw = code + lowest.value[v];
                T x = add_rounded(
                    origin.value[v],
                    multiply_rounded(add_rounded(static_cast<T>(raw), u[v]), width.value[v]));
                if (u[v] < margin || u[v] > T(1) - margin) x = clamp_into_bin(a, j, raw, x);
                drawn.value[v] = x;
            }
            T* to = out + (begin + row) * static_cast<std::uint64_t>(a.d) + col;
            if constexpr (whole) {
                *reinterpret_cast<Values<T, values>*>(to) = drawn;
            } else {
                for (int v = 0; v < values && col + v < a.d; ++v) to[v] = drawn.value[v];
            }
        }
        row += rows_on, block += blocks_on;
        if (block >= blocks) block -= blocks, ++row;
    }
}

__global__ void move_on(std::uint64_t* first, std::uint64_t n) {
    if (thread_number() == 0) *first += n;
}

}  // namespace

template <class T>
void draw(const Queue& queue, const DeviceAxes<T>& axes, const Pmf& pmf, const DrawRange& range,
          T* out, Label* labels_out) {
    if (range.n == 0) return;
    const auto n = static_cast<std::uint64_t>(range.n);
    const Axes<T>& a = axes.view();
    const bool whole =
        a.d % values_per_block<T> == 0 && reinterpret_cast<std::uintptr_t>(out) % 16 == 0;
    launch_for(queue, n, whole ? draw_samples<T, true> : draw_samples<T, false>, pmf.view(), a,
               axes.margin(), PhiloxKeys(range.seed), range, out, labels_out);
    if (range.first_on_device != nullptr) launch(queue, move_on, 1, range.first_on_device, n);
}

template <class T>
void load_draw() {
    cudaFuncAttributes ignored{};
    for (const auto kernel : {draw_samples<T, true>, draw_samples<T, false>})
        check(cudaFuncGetAttributes(&ignored, kernel), "loading a kernel");
    check(cudaFuncGetAttributes(&ignored, move_on), "loading a kernel");
}

template void load_draw<float>();
template void load_draw<double>();
template void draw(const Queue&, const DeviceAxes<float>&, const Pmf&, const DrawRange&, float*,
                   Label*);
template void draw(const Queue&, const DeviceAxes<double>&, const Pmf&, const DrawRange&, double*,
                   Label*);

}  // namespace zbins::cuda
