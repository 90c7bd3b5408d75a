// Out-of-line throw helpers: the hot loops stay small and every message is written once.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "zbins/types.hpp"

namespace zbins::inline v1 {

// Thrown when the caller's interrupt check says stop; the caller knows why.
struct ZBINS_API Interrupted : std::runtime_error {
    Interrupted() : std::runtime_error("interrupted") {}
};

// `value` at (row, column) of the input is refused. The text is in two parts, with the number of
// the row between them, so that whoever knows the row by another number can say so.
struct ZBINS_API RowError : std::invalid_argument {
    RowError(const std::string& before, std::int64_t row, const std::string& after,
             std::int64_t column, double value);
    std::string before, after;
    std::int64_t row, column;
    double value;
};

[[noreturn]] ZBINS_API void throw_value_error(const std::string& message);

// `value` is NaN or an infinity, found at (row, col) of the input.
[[noreturn]] ZBINS_API void throw_not_finite(double value, std::int64_t row, std::int64_t col);

// `value` lies outside [lower, upper] and the caller asked for that to be refused.
[[noreturn]] ZBINS_API void throw_out_of_range(double value, std::int64_t row, std::int64_t col,
                                               double lower, double upper);

// Covering `value` would take the column past `max_bins` bins. A negative row leaves it unnamed.
[[noreturn]] ZBINS_API void throw_too_many_bins(double value, std::int64_t row, std::int64_t col,
                                                std::int64_t bins, double lower, double upper);

// The shortest text that reads back as the same number, in float32 where the value is one.
ZBINS_API std::string number(double value);

}  // namespace zbins::inline v1
