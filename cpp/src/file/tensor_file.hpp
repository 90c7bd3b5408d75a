// The container of model files: safetensors, with one metadata entry `zbins` and a checksum in it
// over everything but itself. What the tensors mean is said elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zbins/parallel.hpp"

namespace zbins::inline v1::file {

using Bytes = std::span<const std::byte>;

struct Tensor {
    std::string dtype;  // as NumPy names it; as the file does where NumPy has none
    std::vector<std::uint64_t> shape;
    Bytes bytes;

    std::uint64_t size() const;  // entries
    std::string described() const;
};

// The header of a file: what `content` must outlive.
struct Header {
    Bytes content;
    std::string_view text;
    std::string metadata;                             // the entry `zbins`
    std::map<std::string, std::string_view> entries;  // the tensors', as JSON
};

// Throws std::invalid_argument unless there is a whole header that both Python's json and
// safetensors' own reader accept, with the entry `zbins` and no other metadata.
Header read_header(Bytes content, InterruptCheck& check);

// Throws std::invalid_argument unless the checksum of the content is `digits`, which must stand in
// the header after its name, once.
void check_checksum(const Header& header, const std::string& digits, InterruptCheck& check);

// The tensors by name. Throws std::invalid_argument unless each has the bytes its type and shape
// take, and they follow upon each other from the end of the header to that of the file.
std::map<std::string, Tensor> read_tensors(const Header& header, InterruptCheck& check);

}  // namespace zbins::inline v1::file
