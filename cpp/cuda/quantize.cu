#include "quantize.hpp"

#include "bounds.hpp"
#include "column.cuh"

namespace zbins::cuda {

namespace {

template <class Code, int n>
struct alignas(sizeof(Code) * n) Codes {
    Code value[n];
};

__device__ inline void note(std::uint64_t* place, std::uint64_t at) {
    if (at < read_now(place)) atomicMin(as_atomic(place), at);
}

template <class In, class T, class Code, Known known, int n>
__global__ void codes_of_rows(RowsOf<In> x, Axes<T> a, Code* codes, std::uint64_t* not_finite) {
    const Share mine(x.cols, n);
    Column<T> columns[n];
    for (int v = 0; v < n; ++v) columns[v].load(a, mine.col + v);
    for (std::int64_t row = mine.first; row < x.rows; row += loads_at_once * mine.step) {
        Load<In, n> loaded[loads_at_once];
        load_rows(x, mine, row, loaded);
#pragma unroll
        for (int u = 0; u < loads_at_once; ++u) {
            const std::int64_t to = row + u * mine.step;
            if (to >= x.rows) break;
            Codes<Code, n> out;
            bool good = true, outside = false;
#pragma unroll
            for (int v = 0; v < n; ++v) {
                const T value = widen(loaded[u].value[v]);
                good = good && finite(value);
                out.value[v] = static_cast<Code>(columns[v].template code<known>(value, outside));
            }
            *reinterpret_cast<Codes<Code, n>*>(codes + to * x.cols + mine.col) = out;
            if (good) continue;
            for (int v = n - 1; v >= 0; --v) {
                if (!finite(widen(loaded[u].value[v])))
                    note(not_finite, static_cast<std::uint64_t>(to * x.cols + mine.col + v));
            }
        }
    }
}

// The codes side by side; in the cheap 32 bits where they fit.
template <int n>
__device__ Word joined(const std::uint32_t (&code)[n], int bits) {
    if (n * bits <= 32) {
        std::uint32_t narrow = 0;
#pragma unroll
        for (int v = 0; v < n; ++v) narrow = (v == 0 ? 0 : narrow << bits) | code[v];
        return narrow;
    }
    Word word = 0;
#pragma unroll
    for (int v = 0; v < n; ++v) word = word << bits | code[v];
    return word;
}

// The lanes whose loads make one word join what they have; the first of them writes it. So a row of
// `words` words takes words * lanes threads, the last of which may lie past its end.
template <class In, class T, Known known, int n>
__global__ void keys_by_loads(RowsOf<In> x, Axes<T> a, Layout layout, Word* keys,
                              std::uint8_t* outside, std::uint64_t* not_finite) {
    const int lanes = layout.per_word() / n;  // a power of two, at most 32
    const auto per_row = static_cast<std::uint64_t>(layout.words * lanes);
    const std::uint64_t thread = thread_number();
    const auto place = static_cast<int>(thread % per_row);
    const std::int64_t col = std::int64_t{place} * n;
    const bool real = col < x.cols;
    const int word_of = place / lanes;
    const bool is_first = place % lanes == 0;
    const int shift = 64 - layout.bits * n * (place % lanes + 1);
    const auto step = static_cast<std::int64_t>(thread_count() / per_row);
    Column<T> columns[n];
    for (int v = 0; v < n; ++v) columns[v].load(a, real ? col + v : 0);

    // As many turns for every thread of a block, so that all lanes meet in the exchange.
    const auto first = static_cast<std::int64_t>(thread / per_row);
    const std::int64_t begin =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(blockIdx.x) * block_threads / per_row);
    for (std::int64_t turn = 0; begin + turn * step < x.rows; turn += loads_at_once) {
        Load<In, n> loaded[loads_at_once] = {};
#pragma unroll
        for (int u = 0; u < loads_at_once; ++u) {
            const std::int64_t row = first + (turn + u) * step;
            if (real && row < x.rows)
                loaded[u] = *reinterpret_cast<const Load<In, n>*>(&x.at(row, col));
        }
#pragma unroll
        for (int u = 0; u < loads_at_once; ++u) {
            const std::int64_t row = first + (turn + u) * step;
            const bool here = real && row < x.rows;
            std::uint32_t code[n];
            bool good = true, beyond = false;
#pragma unroll
            for (int v = 0; v < n; ++v) {
                const T value = widen(loaded[u].value[v]);
                good = good && finite(value);
                code[v] =
                    static_cast<std::uint32_t>(columns[v].template code<known>(value, beyond));
            }
            Word word = joined<n>(code, layout.bits);
            word = here ? word << shift : 0;
            for (int other = lanes / 2; other > 0; other /= 2)
                word |= __shfl_xor_sync(all_lanes, static_cast<Atomic>(word), other);
            if (here && is_first) keys[row * layout.words + word_of] = word;
            if constexpr (known == Known::nothing) {
                if (here && beyond) outside[row] = 1;
                if (!here || good) continue;
                for (int v = n - 1; v >= 0; --v) {
                    if (!finite(widen(loaded[u].value[v])))
                        note(not_finite, static_cast<std::uint64_t>(row * x.cols + col + v));
                }
            }
        }
    }
}

// One thread a word, for rows of any strides.
template <class In, class T, Known known>
__global__ void keys_by_values(RowsOf<In> x, Axes<T> a, Layout layout, Word* keys,
                               std::uint8_t* outside, std::uint64_t* not_finite) {
    const auto words = static_cast<std::uint64_t>(layout.words);
    const std::uint64_t all = static_cast<std::uint64_t>(x.rows) * words;
    for (std::uint64_t at = thread_number(); at < all; at += thread_count()) {
        const auto row = static_cast<std::int64_t>(at / words);
        const auto begin = static_cast<std::int64_t>(at % words) * layout.per_word();
        const std::int64_t end =
            begin + layout.per_word() < x.cols ? begin + layout.per_word() : x.cols;
        Word word = 0;
        bool beyond = false;
        for (std::int64_t col = begin; col < end; ++col) {
            const T value = widen(x.at(row, col));
            Column<T> column;
            column.load(a, col);
            word =
                word << layout.bits | static_cast<Word>(column.template code<known>(value, beyond));
            if (known == Known::nothing && !finite(value))
                note(not_finite, static_cast<std::uint64_t>(row * x.cols + col));
        }
        // Shifted by less than 64: there is at least one code.
        keys[at] = word << (64 - static_cast<int>(end - begin) * layout.bits);
        if (known == Known::nothing && beyond) outside[row] = 1;
    }
}

template <class In, class T>
__global__ void outside_by_values(RowsOf<In> x, Axes<T> a, std::uint64_t* place) {
    const auto cols = static_cast<std::uint64_t>(x.cols);
    const std::uint64_t values = static_cast<std::uint64_t>(x.rows) * cols;
    for (std::uint64_t at = thread_number(); at < values; at += thread_count()) {
        const auto col = static_cast<std::int64_t>(at % cols);
        Column<T> column;
        column.load(a, col);
        bool outside = false;
        column.template code<Known::nothing>(widen(x.at(static_cast<std::int64_t>(at / cols), col)),
                                             outside);
        if (!outside) continue;
        note(place, at);
        return;  // every other value of this thread comes later
    }
}

}  // namespace

template <class T, class Code>
void quantize(const Queue& queue, const DeviceAxes<T>& axes, const Rows& x, Code* codes) {
    if (x.rows == 0) return;
    Array<std::uint64_t> not_finite(queue, 1);
    fill_bytes(queue, not_finite, 0xff);
    with_type<T>(x, [&](const auto& typed) {
        using In = std::remove_cvref_t<decltype(*typed.data)>;
        const auto rows = static_cast<std::uint64_t>(x.rows);
        const auto run = [&](auto n) {
            launch(queue,
                   axes.grown() ? codes_of_rows<In, T, Code, Known::nothing, n>
                                : codes_of_rows<In, T, Code, Known::plain, n>,
                   blocks_for_loads(queue, static_cast<std::uint64_t>(x.cols) / n, rows, 4), typed,
                   axes.view(), codes, not_finite.data());
        };
        with_loads(typed, [&](auto n) {
            // Their own array may be cut out of another, at any element.
            const bool aligned =
                reinterpret_cast<std::uintptr_t>(codes) % sizeof(Codes<Code, n>) == 0;
            aligned ? run(n) : run(std::integral_constant<int, 1>());
        });
    });
    const std::uint64_t place = downloaded(queue, not_finite.data());
    if (place != no_place) throw_not_finite_at(queue, x, place);
}

template <class T>
void pack(const Queue& queue, const DeviceAxes<T>& axes, const Layout& layout, const Rows& x,
          bool inside, Word* keys, std::uint8_t* outside, std::uint64_t* not_finite) {
    with_type<T>(x, [&](const auto& typed) {
        using In = std::remove_cvref_t<decltype(*typed.data)>;
        const auto rows = static_cast<std::uint64_t>(x.rows);
        const auto words = static_cast<std::uint64_t>(layout.words);
        constexpr int n = most_per_load<In> < 4 ? most_per_load<In> : 4;  // a word has at least 4
        if (by_loads<n>(typed)) {
            const auto lanes = static_cast<std::uint64_t>(layout.per_word() / n);
            launch(queue,
                   inside ? keys_by_loads<In, T, Known::inside, n>
                          : keys_by_loads<In, T, Known::nothing, n>,
                   blocks_for_loads(queue, words * lanes, rows, 4), typed, axes.view(), layout,
                   keys, outside, not_finite);
        } else {
            launch(queue,
                   inside ? keys_by_values<In, T, Known::inside>
                          : keys_by_values<In, T, Known::nothing>,
                   std::min(blocks_for(rows * words), blocks_of_device(queue, 8)), typed,
                   axes.view(), layout, keys, outside, not_finite);
        }
    });
}

template <class T>
std::uint64_t first_outside(const Queue& queue, const DeviceAxes<T>& axes, const Rows& x) {
    Array<std::uint64_t> place(queue, 1);
    fill_bytes(queue, place, 0xff);
    with_type<T>(x, [&](const auto& typed) {
        using In = std::remove_cvref_t<decltype(*typed.data)>;
        launch(queue, outside_by_values<In, T>, blocks_of_device(queue, 4), typed, axes.view(),
               place.data());
    });
    return downloaded(queue, place.data());
}

#define ZBINS_INSTANTIATE(T)                                                                 \
    template void quantize(const Queue&, const DeviceAxes<T>&, const Rows&, std::uint8_t*);  \
    template void quantize(const Queue&, const DeviceAxes<T>&, const Rows&, std::uint16_t*); \
    template void quantize(const Queue&, const DeviceAxes<T>&, const Rows&, std::int32_t*);  \
    template void pack(const Queue&, const DeviceAxes<T>&, const Layout&, const Rows&, bool, \
                       Word*, std::uint8_t*, std::uint64_t*);                                \
    template std::uint64_t first_outside(const Queue&, const DeviceAxes<T>&, const Rows&);
ZBINS_INSTANTIATE(float)
ZBINS_INSTANTIATE(double)
#undef ZBINS_INSTANTIATE

}  // namespace zbins::cuda
