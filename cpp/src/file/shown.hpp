// JSON values in messages: as Python shows them, and no longer than a line or two.
#pragma once

#include <string>
#include <string_view>

#include "zbins/parallel.hpp"

namespace zbins::inline v1::file {

// The value of which this is the text.
std::string shown(std::string_view json, InterruptCheck& check);
// The same of a pair, which the constructor takes as a tuple.
std::string shown_as_tuple(std::string_view json, InterruptCheck& check);
// A string, in UTF-8.
std::string shown_string(std::string_view text);
// A number as Python's repr.
std::string shown_double(double value);

}  // namespace zbins::inline v1::file
