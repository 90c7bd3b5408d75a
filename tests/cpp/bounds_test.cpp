// Why: bounds fix the grid for ever, so they must be exact for any threads and memory layout, and a
// value that is not finite must be refused with the row and column of the first one (law 8).
#include "zbins/bounds.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "check.hpp"
#include "inputs.hpp"
#include "models.hpp"

using inputs::Matrix;
using models::on_threads;

namespace {

template <class T>
void check_bounds(const Matrix<T>& x) {
    for (const int threads : {1, 2, 4}) {
        const auto bounds = zbins::find_bounds(x.view(), on_threads(threads));
        for (std::int64_t j = 0; j < x.cols; ++j) {
            T lower = x.at(0, j), upper = x.at(0, j);
            for (std::int64_t i = 1; i < x.rows; ++i) {
                lower = std::min(lower, x.at(i, j));
                upper = std::max(upper, x.at(i, j));
            }
            CHECK_EQ(bounds.lower[static_cast<std::size_t>(j)], lower);
            CHECK_EQ(bounds.upper[static_cast<std::size_t>(j)], upper);
        }
    }
}

template <class T>
void check_shapes() {
    inputs::Random random(1);
    constexpr T max = std::numeric_limits<T>::max();
    for (const std::int64_t d : {1, 3, 8, 31, 32, 33, 63, 64, 65, 100, 129, 1000}) {
        for (const std::int64_t n : {1, 2, 9, 700}) {
            const check::Note note("n ", n, ", d ", d);
            check_bounds(inputs::uniform_matrix<T>(random, n, d, -1, 1));
            check_bounds(inputs::uniform_matrix<T>(random, n, d, -max, max));
            check_bounds(inputs::uniform_matrix<T>(random, n, d, T(1e8), T(1e8) + 8));
        }
    }
    // Above 1 MiB a thread, and with the extremes in the last row and column.
    Matrix<T> large = inputs::uniform_matrix<T>(random, 90000, 13, -1, 1);
    large.values.back() = -max;
    check_bounds(large);
}

template <class T>
void check_refused(Matrix<T>& x, std::int64_t row, std::int64_t col, T value,
                   const std::string& text) {
    x.at(row, col) = value;
    for (const int threads : {1, 4})
        CHECK_THROWS(zbins::find_bounds(x.view(), on_threads(threads)), std::invalid_argument,
                     text);
}

template <class T>
void check_not_finite() {
    constexpr T infinity = std::numeric_limits<T>::infinity();
    constexpr T nan = std::numeric_limits<T>::quiet_NaN();
    inputs::Random random(2);
    // From the end to the front, so that each is the first one: by row, then by column.
    Matrix<T> x = inputs::uniform_matrix<T>(random, 90000, 13, -1, 1);
    check_refused(x, 89999, 12, nan, "X contains NaN at row 89999, column 12;");
    check_refused(x, 89999, 3, -infinity, "X contains -infinity at row 89999, column 3;");
    check_refused(x, 50000, 12, infinity, "X contains infinity at row 50000, column 12;");
    check_refused(x, 50000, 5, -nan, "X contains NaN at row 50000, column 5;");
    check_refused(x, 3, 4, nan, "X contains NaN at row 3, column 4;");
    check_refused(x, 0, 0, infinity,
                  "X contains infinity at row 0, column 0; every value must be "
                  "finite");
    for (const std::int64_t d : {1, 65, 200}) {
        for (std::int64_t col = 0; col < d; col += 7) {
            Matrix<T> narrow = inputs::uniform_matrix<T>(random, 5, d, -1, 1);
            check_refused(narrow, 2, col, nan, "row 2, column " + std::to_string(col));
        }
    }
}

}  // namespace

TEST(bounds_are_exact) {
    check_shapes<float>();
    check_shapes<double>();
}

TEST(bounds_name_the_first_value_that_is_not_finite) {
    check_not_finite<float>();
    check_not_finite<double>();
}

TEST(bounds_of_no_rows_are_the_empty_range) {
    const auto bounds = zbins::find_bounds(Matrix<float>(0, 3).view(), on_threads(4));
    for (std::size_t j = 0; j < 3; ++j) {
        CHECK_EQ(bounds.lower[j], std::numeric_limits<float>::infinity());
        CHECK_EQ(bounds.upper[j], -std::numeric_limits<float>::infinity());
    }
}

TEST(bounds_take_minus_zero_as_zero) {
    Matrix<double> x(4, 2);
    x.values = {-0.0, 0.0, 0.0, -0.0, -0.0, -1.0, 0.0, -0.0};
    const auto bounds = zbins::find_bounds(x.view(), on_threads(1));
    for (const double value : {bounds.lower[0], bounds.upper[0], bounds.upper[1]}) {
        CHECK_EQ(value, 0.0);
        CHECK(!std::signbit(value));
    }
}

TEST(find_row_gives_the_first_row_with_a_value) {
    Matrix<float> x(5, 2);
    x.values = {1, 2, 3, 4, 5, 4, 1, 4, -0.0f, 9};
    for (const auto& arranged : inputs::arrangements(x)) {
        const check::Note note(arranged.name);
        CHECK_EQ(zbins::find_row(arranged.view, 1, 4.0f), 1);
        CHECK_EQ(zbins::find_row(arranged.view, 0, 1.0f), 0);
        CHECK_EQ(zbins::find_row(arranged.view, 0, 0.0f), 4);
        CHECK_EQ(zbins::find_row(arranged.view, 0, 4.0f), -1);
    }
}
