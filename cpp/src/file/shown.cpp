#include "file/shown.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "file/json.hpp"

namespace zbins::inline v1::file {

namespace {

constexpr std::size_t most = 200;  // bytes; what is longer is cut

// Cut between two characters.
void shorten(std::string& text) {
    if (text.size() <= most) return;
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    text += "...";
}

std::uint32_t code_point(std::string_view text, std::size_t& at) {
    const auto next = [&] { return static_cast<unsigned char>(text[at++]); };
    const std::uint32_t first = next();
    if (first < 0x80) return first;
    const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    std::uint32_t code = first & (0x3fu >> more);
    for (int k = 0; k < more; ++k) code = code << 6 | (next() & 0x3fu);
    return code;
}

void append_hex(std::string& text, const char* letter, std::uint32_t code, int digits) {
    text += letter;
    while (digits-- > 0) text += "0123456789abcdef"[code >> (4 * digits) & 15];
}

void append(std::string& to, Json& json, InterruptCheck& check);

template <class Each>
void append_items(std::string& to, const char* brackets, Each&& each) {
    to += brackets[0];
    bool first = true;
    each([&] {
        if (to.size() > most) return false;
        if (!first) to += ", ";
        first = false;
        return true;
    });
    to += brackets[1];
}

void append_array(std::string& to, const char* brackets, Json& json, InterruptCheck& check) {
    std::size_t items = 0;
    append_items(to, brackets, [&](auto&& begin) {
        json.array([&] {
            ++items;
            if (!begin()) return void(json.skip());
            append(to, json, check);
        });
    });
    if (brackets[0] == '(' && items == 1) to.insert(to.end() - 1, ',');
}

void append(std::string& to, Json& json, InterruptCheck& check) {
    using Kind = Json::Kind;
    switch (json.kind()) {
        case Kind::null:
            json.null();
            to += "None";
            break;
        case Kind::boolean:
            to += json.boolean() ? "True" : "False";
            break;
        case Kind::string:
            to += shown_string(json.string());
            break;
        case Kind::number: {
            const std::string_view number = json.number();
            if (!is_whole(number)) {
                to += shown_double(to_double(number));
            } else {
                to += number == "-0" ? "0" : number.substr(0, most + 1);
            }
            break;
        }
        case Kind::array:
            append_array(to, "[]", json, check);
            break;
        case Kind::object:
            append_items(to, "{}", [&](auto&& begin) {
                json.object([&](const std::string& name) {
                    if (!begin()) return void(json.skip());
                    to += shown_string(name) + ": ";
                    append(to, json, check);
                });
            });
            break;
    }
}

}  // namespace

std::string shown(std::string_view json, InterruptCheck& check) {
    std::string text;
    Json reader(json, "it", Json::Dialect::python, check);
    append(text, reader, check);
    shorten(text);
    return text;
}

std::string shown_as_tuple(std::string_view json, InterruptCheck& check) {
    Json reader(json, "it", Json::Dialect::python, check);
    if (reader.kind() != Json::Kind::array) return shown(json, check);
    std::string text;
    append_array(text, "()", reader, check);
    shorten(text);
    return text;
}

// Which of the rarer characters Python shows as they are depends on its version of Unicode.
std::string shown_string(std::string_view text) {
    const bool doubly = text.find('\'') != text.npos && text.find('"') == text.npos;
    const char quote = doubly ? '"' : '\'';
    std::string to(1, quote);
    for (std::size_t at = 0; at < text.size() && to.size() <= most;) {
        const std::uint32_t code = code_point(text, at);
        if (code == '\\' || code == static_cast<unsigned char>(quote)) {
            to += '\\';
            to += static_cast<char>(code);
        } else if (code == '\n' || code == '\r' || code == '\t') {
            to += code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t";
        } else if (code < 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0xad) {
            append_hex(to, "\\x", code, 2);
        } else if ((code >= 0xd800 && code < 0xe000) || code == 0x2028 || code == 0x2029) {
            append_hex(to, "\\u", code, 4);
        } else {
            append_utf8(to, code);
        }
    }
    to += quote;
    shorten(to);
    return to;
}

std::string shown_double(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific);
    const std::string_view all(text, static_cast<std::size_t>(end.ptr - text));
    const bool negative = all[all.find('e') + 1] == '-';
    int exponent = 0;
    std::from_chars(all.data() + all.find('e') + 2, end.ptr, exponent);
    // Plain digits from 0.0001 up to 1e16.
    if (negative ? exponent > 4 : exponent >= 16) return std::string(all);
    const auto plain = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
    std::string digits(text, plain.ptr);
    if (digits.find('.') == digits.npos) digits += ".0";
    return digits;
}

}  // namespace zbins::inline v1::file
