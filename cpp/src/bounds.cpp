#include "zbins/bounds.hpp"

#include <cmath>
#include <limits>

#include "kernels/dispatch.hpp"
#include "rows.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

// Names the first value that is not finite in rows [first, last), where there is one.
template <class T>
void check_finite(const MatrixView<T>& x, std::int64_t first, std::int64_t last) {
    RowReader<T> reader(x);
    for (std::int64_t i = first; i < last; ++i) {
        const T* row = reader.read(i, 1).rows;
        for (std::int64_t j = 0; j < x.cols; ++j) {
            if (!std::isfinite(row[j])) throw_not_finite(row[j], i, j);
        }
    }
}

}  // namespace

template <class T>
Bounds<T> find_bounds(const MatrixView<T>& x, const Context& context) {
    check_view(x);
    const StrictFloats strict;
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const auto d = static_cast<std::size_t>(x.cols);
    Bounds<T> result{std::vector<T>(d, infinity), std::vector<T>(d, -infinity)};
    if (x.rows == 0) return result;

    const int threads =
        threads_for(context, static_cast<double>(x.rows) * static_cast<double>(x.cols) * sizeof(T));
    std::vector<Bounds<T>> partial(static_cast<std::size_t>(threads), result);
    std::vector<RowReader<T>> readers(static_cast<std::size_t>(threads), RowReader<T>(x));
    const std::int64_t per_task = task_rows(rows_per_task<T>(x.cols), x.rows, threads);
    const std::int64_t tasks = (x.rows + per_task - 1) / per_task;
    std::atomic<std::int64_t> bad{tasks};  // the first task that met a value that is not finite

    parallel_for(context, threads, tasks, [&](std::int64_t task, int worker) {
        auto& mine = partial[static_cast<std::size_t>(worker)];
        const std::int64_t end = std::min(x.rows, (task + 1) * per_task);
        const std::int64_t block = rows_per_block<T>(x.cols);
        for (std::int64_t i = task * per_task; i < end; i += block) {
            const std::int64_t n = std::min(block, end - i);
            const auto rows = readers[static_cast<std::size_t>(worker)].read(i, n);
            if (kernels::level().of<T>().bounds(rows.rows, rows.stride, n, x.cols,
                                                mine.lower.data(), mine.upper.data()))
                continue;
            std::int64_t seen = bad.load();
            while (task < seen && !bad.compare_exchange_weak(seen, task)) {
            }
            return;
        }
    });
    if (const std::int64_t task = bad.load(); task < tasks) {
        check_finite(x, task * per_task, std::min(x.rows, (task + 1) * per_task));
    }
    for (const auto& mine : partial) {
        for (std::size_t j = 0; j < d; ++j) {
            result.lower[j] = std::min(result.lower[j], mine.lower[j]);
            result.upper[j] = std::max(result.upper[j], mine.upper[j]);
        }
    }
    // -0.0 is +0.0, whichever of the two came first.
    for (std::size_t j = 0; j < d; ++j) result.lower[j] += T(0), result.upper[j] += T(0);
    return result;
}

template <class T>
std::int64_t find_row(const MatrixView<T>& x, std::int64_t col, T value) {
    check_view(x);
    if (col < 0 || col >= x.cols)
        throw_value_error("there is no column " + std::to_string(col) + "; X has " +
                          std::to_string(x.cols));
    const StrictFloats strict;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        T candidate;
        std::memcpy(&candidate, x.row(i) + col * x.col_stride, sizeof(T));
        if (candidate == value) return i;
    }
    return -1;
}

template Bounds<float> find_bounds(const MatrixView<float>&, const Context&);
template Bounds<double> find_bounds(const MatrixView<double>&, const Context&);
template std::int64_t find_row(const MatrixView<float>&, std::int64_t, float);
template std::int64_t find_row(const MatrixView<double>&, std::int64_t, double);

}  // namespace zbins::inline v1
