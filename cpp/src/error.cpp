#include "zbins/error.hpp"

#include <charconv>
#include <cmath>

#include "zbins/strict_floats.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

std::string number(double value) {
    const StrictFloats strict;
    char text[32];
    // A float32 prints as itself, not as the double next to it.
    const auto as_float = static_cast<float>(value);
    const auto end = static_cast<double>(as_float) == value
                         ? std::to_chars(text, text + sizeof(text), as_float).ptr
                         : std::to_chars(text, text + sizeof(text), value).ptr;
    return {text, end};
}

RowError::RowError(const std::string& before_row, std::int64_t at_row, const std::string& after_row,
                   std::int64_t at_column, double refused)
    : std::invalid_argument(before_row + std::to_string(at_row) + after_row),
      before(before_row),
      after(after_row),
      row(at_row),
      column(at_column),
      value(refused) {}

void throw_value_error(const std::string& message) {
    throw std::invalid_argument(message);
}

namespace {
// A negative row leaves it unnamed.
[[noreturn]] void throw_at(const std::string& what, std::int64_t row, std::int64_t col,
                           double value, const std::string& why) {
    const std::string column = "column " + std::to_string(col) + why;
    if (row < 0) throw_value_error(what + " at " + column);
    throw RowError(what + " at row ", row, ", " + column, col, value);
}
}  // namespace

void throw_not_finite(double value, std::int64_t row, std::int64_t col) {
    const char* what = std::isnan(value) ? "NaN" : (value > 0 ? "infinity" : "-infinity");
    throw_at(std::string("X contains ") + what, row, col, value, "; every value must be finite");
}

void throw_out_of_range(double value, std::int64_t row, std::int64_t col, double lower,
                        double upper) {
    throw_at("X contains " + number(value), row, col, value,
             ", outside the range [" + number(lower) + ", " + number(upper) +
                 "] of the grid, and out_of_range='error'; accepted are values inside the range, "
                 "or out_of_range='grow' or 'ignore'");
}

void throw_too_many_bins(double value, std::int64_t row, std::int64_t col, std::int64_t bins,
                         double lower, double upper) {
    throw_at("X contains " + number(value), row, col, value,
             ": growing the range [" + number(lower) + ", " + number(upper) +
                 "] to it would take " +
                 (bins < 0 ? std::string("far more") : std::to_string(bins)) +
                 " bins, and a column may have at most " + std::to_string(max_bins) +
                 "; give wider bounds=, fewer n_bins, or out_of_range='ignore'");
}

}  // namespace zbins::inline v1
