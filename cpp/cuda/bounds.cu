#include "bounds.hpp"

#include <vector>

#include "values.cuh"
#include "zbins/error.hpp"

namespace zbins::cuda {

namespace {

__device__ inline void lower_to(std::int32_t* to, std::int32_t value) {
    if (value < read_now(to)) atomicMin(to, value);
}
__device__ inline void raise_to(std::int32_t* to, std::int32_t value) {
    if (value > read_now(to)) atomicMax(to, value);
}
__device__ inline void lower_to(std::int64_t* to, std::int64_t value) {
    if (value < read_now(to)) atomicMin(reinterpret_cast<long long*>(to), value);
}
__device__ inline void raise_to(std::int64_t* to, std::int64_t value) {
    if (value > read_now(to)) atomicMax(reinterpret_cast<long long*>(to), value);
}

// Bounds as ordinals, so that they can be lowered and raised atomically, and one flag.
template <class T>
struct Found {
    Ordinal<T>*low, *high;
    Ordinal<T>* not_finite;
};

template <class In, class T, int n>
__global__ void widen_bounds(RowsOf<In> x, Found<T> found) {
    const Share mine(x.cols, n);
    T low[n], high[n];
    for (int v = 0; v < n; ++v) {
        low[v] = std::numeric_limits<T>::max();
        high[v] = -std::numeric_limits<T>::max();
    }
    bool good = true, any = false;
    for (std::int64_t row = mine.first; row < x.rows; row += loads_at_once * mine.step) {
        Load<In, n> loaded[loads_at_once];
        load_rows(x, mine, row, loaded);  // a row that is read again changes nothing
#pragma unroll
        for (int u = 0; u < loads_at_once; ++u) {
#pragma unroll
            for (int v = 0; v < n; ++v) {
                const T value = widen(loaded[u].value[v]);
                good = good && finite(value);
                low[v] = value < low[v] ? value : low[v];
                high[v] = value > high[v] ? value : high[v];
            }
        }
        any = true;
    }
    if (!good) *found.not_finite = 1;
    if (!any) return;
    for (int v = 0; v < n; ++v) {
        lower_to(found.low + mine.col + v, to_ordinal(low[v]));
        raise_to(found.high + mine.col + v, to_ordinal(high[v]));
    }
}

template <class T>
__global__ void begin_bounds(std::int64_t cols, Found<T> found) {
    const auto j = static_cast<std::int64_t>(thread_number());
    if (j == 0) *found.not_finite = 0;
    if (j >= cols) return;
    found.low[j] = std::numeric_limits<Ordinal<T>>::max();
    found.high[j] = std::numeric_limits<Ordinal<T>>::min();
}

template <class In>
__global__ void first_not_finite(RowsOf<In> x, std::uint64_t* place) {
    const auto cols = static_cast<std::uint64_t>(x.cols);
    const std::uint64_t values = static_cast<std::uint64_t>(x.rows) * cols;
    for (std::uint64_t at = thread_number(); at < values; at += thread_count()) {
        const auto row = static_cast<std::int64_t>(at / cols);
        if (finite(widen(x.at(row, static_cast<std::int64_t>(at % cols))))) continue;
        atomicMin(as_atomic(place), at);
        return;  // every other value of this thread comes later
    }
}

template <class In>
__global__ void read_value(RowsOf<In> x, std::int64_t row, std::int64_t col, double* value) {
    if (thread_number() == 0) *value = static_cast<double>(widen(x.at(row, col)));
}

}  // namespace

double value_at(const Queue& queue, const Rows& x, std::int64_t row, std::int64_t col) {
    Array<double> value(queue, 1);
    const auto read = [&](const auto& rows) {
        launch(queue, read_value<std::remove_cvref_t<decltype(*rows.data)>>, 1, rows, row, col,
               value.data());
    };
    x.type == Type::float64 ? with_type<double>(x, read) : with_type<float>(x, read);
    return downloaded(queue, value.data());
}

void throw_not_finite_at(const Queue& queue, const Rows& x, std::uint64_t place) {
    const auto cols = static_cast<std::uint64_t>(x.cols);
    const auto row = static_cast<std::int64_t>(place / cols);
    const auto col = static_cast<std::int64_t>(place % cols);
    throw_not_finite(value_at(queue, x, row, col), row, col);
}

template <class T>
Bounds<T> find_bounds(const Queue& queue, const Rows& x) {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const auto d = static_cast<std::size_t>(x.cols);
    Bounds<T> result{std::vector<T>(d, infinity), std::vector<T>(d, -infinity)};
    if (x.rows == 0) return result;

    using O = Ordinal<T>;
    Array<O> ordinals(queue, 2 * d + 1);  // the flag lies behind them
    Found<T> found{ordinals.data(), ordinals.data() + d, ordinals.data() + 2 * d};
    launch_for(queue, d, begin_bounds<T>, x.cols, found);
    const auto rows = static_cast<std::uint64_t>(x.rows);
    with_type<T>(x, [&](const auto& typed) {
        using In = std::remove_cvref_t<decltype(*typed.data)>;
        with_loads(typed, [&](auto n) {
            launch(queue, widen_bounds<In, T, n>, blocks_for_loads(queue, d / n, rows, 1), typed,
                   found);
        });
    });
    std::vector<O> here(2 * d + 1);
    download(queue, here.data(), ordinals.data(), 2 * d + 1);
    if (here[2 * d] != 0) {
        Array<std::uint64_t> place(queue, 1);
        fill_bytes(queue, place, 0xff);
        with_type<T>(x, [&](const auto& typed) {
            using In = std::remove_cvref_t<decltype(*typed.data)>;
            launch(queue, first_not_finite<In>, blocks_of_device(queue), typed, place.data());
        });
        throw_not_finite_at(queue, x, downloaded(queue, place.data()));
    }
    for (std::size_t j = 0; j < d; ++j) {
        result.lower[j] = from_ordinal<T>(here[j]) + T(0);
        result.upper[j] = from_ordinal<T>(here[d + j]) + T(0);
    }
    return result;
}

template Bounds<float> find_bounds(const Queue&, const Rows&);
template Bounds<double> find_bounds(const Queue&, const Rows&);

}  // namespace zbins::cuda
