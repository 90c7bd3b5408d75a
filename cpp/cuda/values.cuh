// Values as they are loaded: widened to the model's type, several at a time where the rows allow.
#pragma once

#if defined(__CUDACC__)
#include <cuda_fp16.h>
#endif

#include <cmath>
#include <limits>
#include <stdexcept>

#include "kernel.cuh"
#include "ordered_float.hpp"
#include "rows.hpp"

namespace zbins::cuda {

ZBINS_HD inline float from_bits(std::uint32_t bits) {
#if defined(__CUDA_ARCH__)
    return __uint_as_float(bits);
#else
    return std::bit_cast<float>(bits);
#endif
}

ZBINS_HD inline float widen(float value) {
    return value;
}
ZBINS_HD inline double widen(double value) {
    return value;
}
ZBINS_HD inline float widen(Bfloat16 value) {
    return from_bits(static_cast<std::uint32_t>(value.bits) << 16);
}
#if defined(__CUDA_ARCH__)
__device__ inline float widen(Half value) {
    return __half2float(__ushort_as_half(value.bits));
}
#else
// Exponent and fraction moved to where float32 has them, and the exponent put right by a power of
// two: exact, for subnormal numbers too.
inline float widen(Half value) {
    const std::uint32_t sign = static_cast<std::uint32_t>(value.bits & 0x8000u) << 16;
    const std::uint32_t rest = static_cast<std::uint32_t>(value.bits & 0x7fffu) << 13;
    if ((value.bits & 0x7c00u) == 0x7c00u) return from_bits(sign | 0x7f800000u | rest);
    const float magnitude = from_bits(rest) * 0x1p112f;
    return sign != 0 ? -magnitude : magnitude;
}
#endif

template <class T>
ZBINS_HD bool finite(T value) {
    return fabs(value) <= std::numeric_limits<T>::max();  // false for NaN too
}

// n values that are loaded together: 16 bytes of them, half of that, or one.
template <class In, int n>
struct alignas(sizeof(In) * n) Load {
    In value[n];
};
template <class In>
inline constexpr int most_per_load = 16 / sizeof(In);

// Rows of a type that is known, as kernels see them.
template <class In>
struct RowsOf {
    const In* data;
    std::int64_t rows, cols, row_stride, col_stride;

    __device__ const In& at(std::int64_t row, std::int64_t col) const {
        return data[row * row_stride + col * col_stride];
    }
};

// Whether every row can be read by loads of n values.
template <int n, class In>
bool by_loads(const RowsOf<In>& x) {
    return x.col_stride == 1 && x.cols % n == 0 && x.row_stride % n == 0 &&
           reinterpret_cast<std::uintptr_t>(x.data) % sizeof(Load<In, n>) == 0;
}

// Calls f with how many values to load together, as a constant.
template <class In, class F>
void with_loads(const RowsOf<In>& x, F&& f) {
    constexpr int most = most_per_load<In>;
    if (by_loads<most>(x)) return f(std::integral_constant<int, most>());
    if constexpr (most > 2) {
        if (by_loads<most / 2>(x)) return f(std::integral_constant<int, most / 2>());
    }
    f(std::integral_constant<int, 1>());
}

// Calls f with the rows as what they are, for a model of T.
template <class T, class F>
void with_type(const Rows& x, F&& f) {
    const auto as = [&](auto* null) {
        using In = std::remove_pointer_t<decltype(null)>;
        f(RowsOf<In>{static_cast<const In*>(x.data), x.rows, x.cols, x.row_stride, x.col_stride});
    };
    if constexpr (sizeof(T) == 4) {
        if (x.type == Type::float16) return as(static_cast<Half*>(nullptr));
        if (x.type == Type::bfloat16) return as(static_cast<Bfloat16*>(nullptr));
        if (x.type == Type::float32) return as(static_cast<float*>(nullptr));
    } else {
        if (x.type == Type::float64) return as(static_cast<double*>(nullptr));
    }
    throw std::logic_error("rows of a type that the model does not take");
}

// Kernels that read whole loads give every thread the same columns of every so many rows, so that
// what it knows of the columns stays in registers: threads in all are a multiple of the loads of a
// row. It reads several rows at a time: one alone would not keep the memory busy.
inline constexpr int loads_at_once = 4;

inline std::uint64_t blocks_for_loads(const Queue& queue, std::uint64_t loads_per_row,
                                      std::uint64_t rows, int waves) {
    std::uint64_t a = loads_per_row, b = block_threads;
    while (b != 0) {
        const std::uint64_t rest = a % b;
        a = b, b = rest;
    }
    const std::uint64_t unit = loads_per_row / a;
    const std::uint64_t wanted = blocks_for(
        (rows * loads_per_row + std::uint64_t{loads_at_once} - 1) / std::uint64_t{loads_at_once});
    const std::uint64_t most = blocks_of_device(queue, waves);
    const std::uint64_t blocks = wanted < most ? wanted : most;
    return (blocks + unit - 1) / unit * unit;
}

// What this thread reads, by loads of n values: from column `col` on, every `step`-th row from the
// `first` on.
struct Share {
    std::int64_t col, first, step;

    __device__ Share(std::int64_t cols, int n) {
        const auto loads = static_cast<std::uint64_t>(cols / n);
        const std::uint64_t thread = thread_number();
        col = static_cast<std::int64_t>(thread % loads) * n;
        first = static_cast<std::int64_t>(thread / loads);
        step = static_cast<std::int64_t>(thread_count() / loads);
    }
};

// The loads of rows `row`, `row + step` and so on.
template <class In, int n>
__device__ void load_rows(const RowsOf<In>& x, const Share& mine, std::int64_t row,
                          Load<In, n> (&loaded)[loads_at_once]) {
#pragma unroll
    for (int u = 0; u < loads_at_once; ++u) {
        // Past the end, the first of them again.
        const std::int64_t from = row + u * mine.step < x.rows ? row + u * mine.step : row;
        loaded[u] = *reinterpret_cast<const Load<In, n>*>(&x.at(from, mine.col));
    }
}

}  // namespace zbins::cuda
