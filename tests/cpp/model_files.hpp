// Model files as bytes: those of tests/data, and made ones whose checksum is right.
#pragma once

#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

#include "check.hpp"
#include "file/blake2b.hpp"
#include "zbins/model_file.hpp"

namespace model_files {

inline std::string path_of(const std::string& name) {
    return std::string(ZBINS_TEST_DATA) + "/" + name + ".zbins";
}

inline std::string bytes_of(const std::string& name) {
    std::ifstream file(path_of(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline zbins::AnyModel parse(const std::string& bytes, const zbins::Context& context = {}) {
    return zbins::parse_model(std::as_bytes(std::span(bytes)), context);
}

struct Parts {
    std::string header, body;
};

inline Parts apart(const std::string& bytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 8; ++i)
        length |= std::size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return {bytes.substr(8, length), bytes.substr(8 + length)};
}

// The bytes of a file with this header, the checksum in it made right.
inline std::string sealed(std::string header, const std::string& body) {
    const std::string key = "\\\"checksum\\\":\\\"";
    const std::size_t at = header.find(key);
    if (at != header.npos) header.replace(at + key.size(), 64, 64, '0');
    std::string bytes;
    for (std::size_t i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
    bytes += header + body;
    zbins::file::Blake2b hash(32);
    hash.update(std::as_bytes(std::span(bytes)));
    if (at != header.npos) bytes.replace(8 + at + key.size(), 64, hash.digits());
    return bytes;
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    if (at == text.npos) {
        check::fail("model_files.hpp", 0, "there is no " + std::string(from) + " in " + text);
        return text;
    }
    return text.replace(at, from.size(), to);
}

// The file of this name, a part of its header replaced.
inline std::string edited(const std::string& name, std::string_view from, std::string_view to) {
    const auto [header, body] = apart(bytes_of(name));
    return sealed(replaced(header, from, to), body);
}

}  // namespace model_files
