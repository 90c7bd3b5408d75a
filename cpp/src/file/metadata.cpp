#include "file/metadata.hpp"

#include <algorithm>
#include <cstdint>

#include "file/json.hpp"
#include "file/shown.hpp"
#include "zbins/error.hpp"

namespace zbins::inline v1::file {

namespace {

using Kind = Json::Kind;

constexpr std::string_view version = "1";
constexpr std::string_view names[] = {
    "bounds",         "checksum", "class_type",        "classes",        "feature_names",
    "format_version", "n_bins",   "n_samples_ignored", "n_samples_seen", "out_of_range"};

// Names that only another kind of file has, and what reads it.
constexpr std::pair<std::string_view, std::string_view> readers[] = {
    {"posterior", "zbins.torch.LatentGenerator.load"},
    {"autoencoder", "the load of a class of zbins.autoencoders"}};

Json reader(std::string_view text, InterruptCheck& check) {
    return {text, "its entry 'zbins'", Json::Dialect::python, check};
}

Kind kind_of(std::string_view text, InterruptCheck& check) {
    return reader(text, check).kind();
}

// A number that is written as a whole one.
std::optional<std::string_view> whole_number(Json& json) {
    if (json.kind() != Kind::number) return std::nullopt;
    const std::string_view number = json.number();
    if (!is_whole(number)) return std::nullopt;
    return number;
}

void check_version(std::string_view text, InterruptCheck& check) {
    Json json = reader(text, check);
    if (whole_number(json) != version)
        throw_value_error("its format version is " + shown(text, check) + "; this release reads " +
                          std::string(version));
}

// The values of a list of one type, ascending; `take` reads one, or returns false.
template <class T, class Take>
std::vector<T> sorted_values(std::string_view text, const std::string& type, Take&& take,
                             InterruptCheck& check) {
    std::vector<T> values;
    Json json = reader(text, check);
    json.array([&] {
        T value{};
        if (!take(json, value)) throw_value_error("its labels are not all of the type " + type);
        if (!values.empty() && !(values.back() < value))
            throw_value_error("its labels are not sorted");
        values.push_back(std::move(value));
    });
    if (values.empty()) throw_value_error("its labels are not all of the type " + type);
    return values;
}

bool take_int(Json& json, std::int64_t& value) {
    const auto number = whole_number(json);
    if (!number) return false;
    const auto fitting = whole<std::int64_t>(*number);
    if (!fitting) throw_value_error("a label does not fit 64 bits");
    value = *fitting;
    return true;
}

bool take_string(Json& json, std::string& value) {
    if (json.kind() != Kind::string) return false;
    value = json.string();
    // NumPy drops them.
    if (value.ends_with('\0')) throw_value_error("a label ends in NUL");
    return true;
}

}  // namespace

Fields read_fields(std::string_view text, InterruptCheck& check) {
    Fields fields;
    Json json = reader(text, check);
    if (json.kind() != Kind::object) {
        json.skip();
        json.end();
        throw_value_error("its entry 'zbins' is no object");
    }
    json.object([&](const std::string& name) { fields[name] = json.skip(); });
    json.end();
    const bool expected = fields.size() == std::size(names) &&
                          std::all_of(std::begin(names), std::end(names), [&](auto name) {
                              return fields.contains(std::string(name));
                          });
    if (!expected) {
        for (const auto& [name, what] : readers) {
            if (fields.contains(std::string(name)))
                throw_value_error("it is for " + std::string(what) + " to read");
        }
    }
    const auto found = fields.find("format_version");
    if (found != fields.end()) check_version(found->second, check);
    if (!expected) throw_value_error("its entry 'zbins' has other names than expected");
    return fields;
}

std::string checksum_in(const Fields& fields, InterruptCheck& check) {
    constexpr std::ptrdiff_t characters = 64;
    Json json = reader(fields.at("checksum"), check);
    std::string digits = json.kind() == Kind::string ? json.string() : "";
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
    if (std::count_if(digits.begin(), digits.end(), begins) != characters)
        throw_value_error("it has no checksum");
    return digits;
}

bool says_labelled(const Fields& fields, InterruptCheck& check) {
    if (kind_of(fields.at("classes"), check) != Kind::null) return true;
    if (kind_of(fields.at("class_type"), check) != Kind::null)
        throw_value_error("it has a type of labels, but no labels");
    return false;
}

Labels read_labels(const Fields& fields, InterruptCheck& check) {
    const std::string_view text = fields.at("classes"), type_text = fields.at("class_type");
    Json json = reader(type_text, check);
    const std::string type = json.kind() == Kind::string ? json.string() : "";
    if (kind_of(text, check) == Kind::array) {
        if (type == "int") return sorted_values<std::int64_t>(text, type, take_int, check);
        if (type == "str") return sorted_values<std::string>(text, type, take_string, check);
        if (type == "bool") {
            const auto take = [](Json& one, bool& value) {
                if (one.kind() != Kind::boolean) return false;
                value = one.boolean();
                return true;
            };
            return sorted_values<bool>(text, type, take, check);
        }
    }
    throw_value_error("its labels are of the type " + shown(type_text, check));
}

std::optional<std::vector<std::string>> read_feature_names(const Fields& fields, std::size_t d,
                                                           InterruptCheck& check) {
    const std::string_view text = fields.at("feature_names");
    if (kind_of(text, check) == Kind::null) return std::nullopt;
    std::vector<std::string> found;
    bool right = kind_of(text, check) == Kind::array;
    if (right) {
        Json json = reader(text, check);
        json.array([&] {
            right = right && json.kind() == Kind::string && found.size() < d;
            if (right) {
                found.push_back(json.string());
            } else {
                json.skip();
            }
        });
    }
    if (!right || found.size() != d)
        throw_value_error("'feature_names' is not a list of one name per column");
    return found;
}

Rows read_rows(const Fields& fields, InterruptCheck& check) {
    Json of_seen = reader(fields.at("n_samples_seen"), check);
    Json of_ignored = reader(fields.at("n_samples_ignored"), check);
    const auto seen = whole_number(of_seen), ignored = whole_number(of_ignored);
    const auto fitting = ignored ? whole<std::int64_t>(*ignored) : std::nullopt;
    if (!seen || !fitting || *fitting < 0)
        throw_value_error("the numbers of rows seen and ignored are not whole and positive");
    return {*seen, static_cast<Count>(*fitting)};
}

std::string shown_label(const Labels& labels, std::size_t place) {
    if (const auto* ints = std::get_if<std::vector<std::int64_t>>(&labels))
        return std::to_string((*ints)[place]);
    if (const auto* bools = std::get_if<std::vector<bool>>(&labels))
        return (*bools)[place] ? "True" : "False";
    return shown_string(std::get<std::vector<std::string>>(labels)[place]);
}

}  // namespace zbins::inline v1::file
