// Row blocks of a matrix as contiguous rows: in place where they already are, otherwise gathered
// into a small buffer. Every kernel reads its input through this.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "zbins/error.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

// Refuses a view that cannot be read, or (where `cols` is given) has other columns than a grid.
template <class T>
void check_view(const MatrixView<T>& x, std::int64_t cols = -1) {
    if (x.rows < 0)
        throw_value_error("X has " + std::to_string(x.rows) + " rows; 0 or more can be");
    if (x.cols < 1)
        throw_value_error("X has " + std::to_string(x.cols) + " columns; at least one is needed");
    if (x.rows > std::int64_t{1} << 62 || x.cols > std::numeric_limits<std::int32_t>::max())
        throw_value_error("X has " + std::to_string(x.rows) + " rows of " + std::to_string(x.cols) +
                          " columns; that is no matrix");
    if (x.rows > 0 && x.data == nullptr)
        throw_value_error("X has " + std::to_string(x.rows) + " rows, but its data is null");
    if (cols >= 0 && x.cols != cols)
        throw_value_error("X has " + std::to_string(x.cols) + " columns and the grid has " +
                          std::to_string(cols));
}

template <class T>
class RowReader {
public:
    struct Block {
        const T* rows;
        std::int64_t stride;  // in elements
    };

    explicit RowReader(const MatrixView<T>& x) : x_(x) {}

    // Rows [first, first + n); valid until the next call.
    Block read(std::int64_t first, std::int64_t n) {
        if (x_.direct()) {
            return {reinterpret_cast<const T*>(x_.row(first)),
                    x_.row_stride / static_cast<std::int64_t>(sizeof(T))};
        }
        gathered_.resize(static_cast<std::size_t>(n * x_.cols));
        // Columns in the outer loop: Fortran order then reads memory in order.
        for (std::int64_t j = 0; j < x_.cols; ++j) {
            const std::byte* from = x_.row(first) + j * x_.col_stride;
            T* to = gathered_.data() + j;
            for (std::int64_t i = 0; i < n; ++i, from += x_.row_stride, to += x_.cols) {
                std::memcpy(to, from, sizeof(T));
            }
        }
        return {gathered_.data(), x_.cols};
    }

private:
    MatrixView<T> x_;
    std::vector<T> gathered_;
};

// Rows that fit a core's first cache level together with what is made of them.
template <class T>
std::int64_t rows_per_block(std::int64_t cols) {
    constexpr std::int64_t bytes = 32 << 10;
    return std::clamp<std::int64_t>(bytes / (cols * static_cast<std::int64_t>(sizeof(T))), 8, 512);
}

// Rows that make one task of parallel_for: about a megabyte.
template <class T>
std::int64_t rows_per_task(std::int64_t cols) {
    const std::int64_t block = rows_per_block<T>(cols);
    return std::max<std::int64_t>(
               1, (1 << 20) / (cols * static_cast<std::int64_t>(sizeof(T))) / block) *
           block;
}

}  // namespace zbins::inline v1
