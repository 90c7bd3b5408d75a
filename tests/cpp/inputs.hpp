// What tests feed in: a random generator of our own (the standard distributions differ between
// libraries) and matrices, also in every memory layout a caller may pass.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "zbins/types.hpp"

namespace inputs {

// SplitMix64.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    std::uint64_t word() {
        std::uint64_t x = (state_ += 0x9e3779b97f4a7c15ULL);
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
        return x ^ (x >> 31);
    }
    std::uint64_t below(std::uint64_t n) { return word() % n; }
    std::int64_t between(std::int64_t low, std::int64_t high) {  // both ends belong to it
        const auto first =
            static_cast<std::uint64_t>(low);  // unsigned: the span may be all of them
        return static_cast<std::int64_t>(first +
                                         below(static_cast<std::uint64_t>(high) - first + 1));
    }
    template <class T>
    T unit() {  // in [0, 1)
        return sizeof(T) == 4 ? static_cast<T>(static_cast<float>(word() >> 40) * 0x1p-24f)
                              : static_cast<T>(static_cast<double>(word() >> 11) * 0x1p-53);
    }
    // In [low, high], also where high - low would overflow.
    template <class T>
    T uniform(T low, T high) {
        const T u = unit<T>();
        const T value = low * (T(1) - u) + high * u;
        return value < low ? low : (value > high ? high : value);
    }
    template <class Values>
    void shuffle(Values& values) {
        for (std::size_t i = values.size(); i > 1; --i) {
            std::swap(values[i - 1], values[static_cast<std::size_t>(below(i))]);
        }
    }

private:
    std::uint64_t state_;
};

// Rows in C order.
template <class T>
struct Matrix {
    Matrix(std::int64_t n, std::int64_t d)
        : rows(n), cols(d), values(static_cast<std::size_t>(n * d)) {}

    T& at(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i * cols + j)]; }
    T at(std::int64_t i, std::int64_t j) const {
        return values[static_cast<std::size_t>(i * cols + j)];
    }
    zbins::MatrixView<T> view() const { return view_of_rows(0, rows); }
    zbins::MatrixView<T> view_of_rows(std::int64_t first, std::int64_t n) const {
        const auto size = static_cast<std::int64_t>(sizeof(T));
        return {reinterpret_cast<const std::byte*>(values.data() + first * cols), n, cols,
                cols * size, size};
    }
    Matrix row_order(const std::vector<std::int64_t>& order) const {
        Matrix moved(static_cast<std::int64_t>(order.size()), cols);
        for (std::int64_t i = 0; i < moved.rows; ++i) {
            for (std::int64_t j = 0; j < cols; ++j)
                moved.at(i, j) = at(order[static_cast<std::size_t>(i)], j);
        }
        return moved;
    }

    std::int64_t rows, cols;
    std::vector<T> values;
};

// Uniform in [low, high].
template <class T>
Matrix<T> uniform_matrix(Random& random, std::int64_t n, std::int64_t d, T low, T high) {
    Matrix<T> x(n, d);
    for (T& value : x.values) value = random.uniform(low, high);
    return x;
}

// The same matrix somewhere else in memory; keeps the memory alive.
template <class T>
struct Arrangement {
    std::string name;
    std::shared_ptr<std::vector<std::byte>> memory;
    zbins::MatrixView<T> view;
};

// `row_step` and `col_step` in bytes, either sign; `offset` bytes before the matrix.
template <class T>
Arrangement<T> arrange(const char* name, const Matrix<T>& x, std::int64_t row_step,
                       std::int64_t col_step, std::int64_t offset) {
    const auto extent = [](std::int64_t n, std::int64_t step) { return step * (n - 1); };
    const std::int64_t rows_extent = extent(x.rows, row_step);
    const std::int64_t cols_extent = extent(x.cols, col_step);
    const auto size = [](std::int64_t e) { return e < 0 ? -e : e; };
    const std::int64_t bytes =
        offset + size(rows_extent) + size(cols_extent) + static_cast<std::int64_t>(sizeof(T));
    auto memory = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(bytes));
    std::byte* first = memory->data() + offset - (rows_extent < 0 ? rows_extent : 0) -
                       (cols_extent < 0 ? cols_extent : 0);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        for (std::int64_t j = 0; j < x.cols; ++j) {
            const T value = x.at(i, j);
            std::memcpy(first + i * row_step + j * col_step, &value, sizeof(T));
        }
    }
    return {name, memory, {first, x.rows, x.cols, row_step, col_step}};
}

template <class T>
std::vector<Arrangement<T>> arrangements(const Matrix<T>& x) {
    const auto size = static_cast<std::int64_t>(sizeof(T));
    const std::int64_t row = x.cols * size, col = x.rows * size;
    return {arrange("C order", x, row, size, 0),
            arrange("padded rows", x, row + 5 * size, size, 0),
            arrange("every third column", x, 3 * row, 3 * size, 0),
            arrange("Fortran order", x, size, col, 0),
            arrange("reversed rows", x, -row, size, 0),
            arrange("reversed columns", x, row, -size, 0),
            arrange("Fortran order, both reversed", x, -size, -col, 0),
            arrange("misaligned", x, row, size, 1),
            arrange("misaligned rows", x, row + 3, size, 0),
            arrange("misaligned columns", x, (size + 1) * x.cols, size + 1, 0)};
}

}  // namespace inputs
