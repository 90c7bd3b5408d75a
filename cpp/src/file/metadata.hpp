// The entry `zbins` of a model file: names, version, labels and counters.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zbins/model_file.hpp"
#include "zbins/parallel.hpp"

namespace zbins::inline v1::file {

// Its values as JSON, by name.
using Fields = std::map<std::string, std::string_view>;

// Throws std::invalid_argument unless the text is an object with the names and the version of a
// model file. The text must outlive what is returned.
Fields read_fields(std::string_view text, InterruptCheck& check);

// 64 characters; whether they are the right ones is seen when the content is hashed.
std::string checksum_in(const Fields& fields, InterruptCheck& check);

// Whether the file says that rows came with labels.
bool says_labelled(const Fields& fields, InterruptCheck& check);

// Each throws std::invalid_argument, saying what is wrong.
Labels read_labels(const Fields& fields, InterruptCheck& check);
std::optional<std::vector<std::string>> read_feature_names(const Fields& fields, std::size_t d,
                                                           InterruptCheck& check);

struct Rows {
    std::string_view seen;  // a whole number of any size
    Count ignored;
};
Rows read_rows(const Fields& fields, InterruptCheck& check);

// How a message shows a label.
std::string shown_label(const Labels& labels, std::size_t place);

}  // namespace zbins::inline v1::file
