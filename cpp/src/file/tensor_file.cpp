#include "file/tensor_file.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>

#include "file/blake2b.hpp"
#include "file/json.hpp"
#include "file/little_endian.hpp"
#include "file/shown.hpp"
#include "zbins/error.hpp"

namespace zbins::inline v1::file {

namespace {

constexpr std::uint64_t max_header = 100'000'000;  // what safetensors accepts too
constexpr std::size_t digest_bytes = 32;
constexpr std::size_t length_bytes = 8;                    // of the header's length, before it
constexpr std::size_t block_bytes = 1 << 20;               // hashed between two looks for Ctrl-C
constexpr std::string_view key = "\\\"checksum\\\":\\\"";  // inside a string of the header

struct Dtype {
    std::string_view file, numpy;
    std::uint64_t bytes;
};
constexpr Dtype dtypes[] = {{"F64", "float64", 8}, {"F32", "float32", 4}, {"F16", "float16", 2},
                            {"I64", "int64", 8},   {"I32", "int32", 4},   {"I16", "int16", 2},
                            {"I8", "int8", 1},     {"U64", "uint64", 8},  {"U32", "uint32", 4},
                            {"U16", "uint16", 2},  {"U8", "uint8", 1},    {"BOOL", "bool", 1}};

// A size or an offset of the header.
std::uint64_t natural(Json& json, const std::string& name) {
    const auto fail = [&] {
        throw_value_error("the tensor " + shown_string(name) +
                          " has a size or an offset that is no whole number from 0 to 2**64 - 1");
    };
    if (json.kind() != Json::Kind::number) fail();
    const std::string_view number = json.number();
    const auto value = whole<std::uint64_t>(number);
    if (!value || number == "-0") fail();
    return *value;
}

std::vector<std::uint64_t> naturals(Json& json, const std::string& name) {
    std::vector<std::uint64_t> values;
    json.array([&] { values.push_back(natural(json, name)); });
    return values;
}

// The product, unless it takes more than 64 bits.
std::optional<std::uint64_t> product(const std::vector<std::uint64_t>& sizes, std::uint64_t times) {
    std::uint64_t all = 1;
    const auto multiply = [&](std::uint64_t size) {
        if (size != 0 && all > std::numeric_limits<std::uint64_t>::max() / size) return false;
        all *= size;
        return true;
    };
    for (const std::uint64_t size : sizes) {
        if (!multiply(size)) return std::nullopt;
    }
    if (!multiply(times)) return std::nullopt;
    return all;
}

struct Entry {
    std::uint64_t begin = 0, end = 0;
    std::string name;
    Tensor tensor;
};

Entry read_entry(const std::string& name, std::string_view text, InterruptCheck& check) {
    using Kind = Json::Kind;
    Entry entry{0, 0, name, {}};
    std::vector<std::uint64_t> offsets;
    int fields = 0;
    bool others = false;
    Json json(text, "its header", Json::Dialect::strict, check);
    if (json.kind() == Kind::object) {
        json.object([&](const std::string& field) {
            ++fields;
            if (field == "dtype" && json.kind() == Kind::string) {
                entry.tensor.dtype = json.string();
            } else if (field == "shape" && json.kind() == Kind::array) {
                entry.tensor.shape = naturals(json, name);
            } else if (field == "data_offsets" && json.kind() == Kind::array) {
                offsets = naturals(json, name);
            } else {
                others = true;
                json.skip();
            }
        });
    }
    if (fields != 3 || others || offsets.size() != 2)
        throw_value_error("the tensor " + shown_string(name) +
                          " has not just a dtype, a shape and two data_offsets");
    entry.begin = offsets[0];
    entry.end = offsets[1];
    return entry;
}

}  // namespace

std::uint64_t Tensor::size() const {
    return product(shape, 1).value_or(0);  // it has been seen to fit
}

std::string Tensor::described() const {
    std::string text = dtype + " of shape (";
    for (std::size_t i = 0; i < shape.size() && i < 10; ++i)
        text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
    if (shape.size() == 1) text += ",";
    if (shape.size() > 10) text += ", ...";
    return text + ")";
}

Header read_header(Bytes content, InterruptCheck& check) {
    Header header;
    header.content = content;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < std::min(content.size(), length_bytes); ++i)
        length |= std::to_integer<std::uint64_t>(content[i]) << (8 * i);
    if (content.size() < length_bytes ||
        length > std::min<std::uint64_t>(content.size() - length_bytes, max_header))
        throw_value_error("its " + std::to_string(content.size()) +
                          " bytes are too few for the header, which says it takes " +
                          std::to_string(length));
    header.text = {reinterpret_cast<const char*>(content.data() + length_bytes),
                   static_cast<std::size_t>(length)};
    if (!is_utf8(header.text)) throw_value_error("its header is no UTF-8");

    bool is_ours = false, others = false;
    Json json(header.text, "its header", Json::Dialect::strict, check);
    if (json.kind() == Json::Kind::object) {
        json.object([&](const std::string& name) {
            if (name != "__metadata__" || json.kind() != Json::Kind::object) {
                header.entries[name] = json.skip();
                return;
            }
            json.object([&](const std::string& inner) {
                if (inner == "zbins" && json.kind() == Json::Kind::string) {
                    is_ours = true;
                    header.metadata = json.string();
                } else {
                    others = true;
                    json.skip();
                }
            });
        });
    } else {
        json.skip();
    }
    json.end();
    if (!is_ours || others) throw_value_error("it has no entry 'zbins'");
    return header;
}

void check_checksum(const Header& header, const std::string& digits, InterruptCheck& check) {
    const std::size_t found = header.text.find(std::string(key) + digits);
    if (found == header.text.npos || header.text.find(key, found + 1) != header.text.npos)
        throw_value_error("the checksum is not where it should be");
    if (digits.size() != 2 * digest_bytes)
        throw_value_error("the checksum does not match the content");
    const std::size_t at = length_bytes + found + key.size();
    const std::string blank(digits.size(), '0');  // stands for them while it is computed
    Blake2b hash(digest_bytes);
    const auto add = [&](Bytes bytes) {
        for (std::size_t begin = 0; begin < bytes.size(); begin += block_bytes) {
            hash.update(bytes.subspan(begin, std::min(block_bytes, bytes.size() - begin)));
            check();
        }
    };
    add(header.content.first(at));
    add(std::as_bytes(std::span(blank)));
    add(header.content.subspan(at + blank.size()));
    if (hash.digits() != digits) throw_value_error("the checksum does not match the content");
}

std::map<std::string, Tensor> read_tensors(const Header& header, InterruptCheck& check) {
    std::vector<Entry> entries;
    for (const auto& [name, text] : header.entries)
        entries.push_back(read_entry(name, text, check));
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
    });
    const Bytes body = header.content.subspan(length_bytes + header.text.size());
    std::uint64_t at = 0;
    std::map<std::string, Tensor> tensors;
    for (Entry& entry : entries) {
        Tensor& tensor = entry.tensor;
        const std::string who = "the tensor " + shown_string(entry.name);
        if (entry.begin != at || entry.end < at)
            throw_value_error(who + " does not begin where what is before it ends");
        if (entry.end > body.size()) throw_value_error(who + " reaches past the end of the file");
        const auto dtype = std::find_if(std::begin(dtypes), std::end(dtypes),
                                        [&](const Dtype& d) { return d.file == tensor.dtype; });
        if (dtype == std::end(dtypes))
            throw_value_error(who + " is of the type " + shown_string(tensor.dtype));
        const auto bytes = product(tensor.shape, dtype->bytes);
        if (!bytes || *bytes != entry.end - entry.begin)
            throw_value_error(who + " has other than the bytes that its shape takes");
        tensor.dtype = dtype->numpy;
        tensor.bytes = body.subspan(entry.begin, entry.end - entry.begin);
        at = entry.end;
        tensors.emplace(std::move(entry.name), std::move(tensor));
    }
    if (at != body.size()) throw_value_error("its tensors end before the file does");
    return tensors;
}

}  // namespace zbins::inline v1::file
