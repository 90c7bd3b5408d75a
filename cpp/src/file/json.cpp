#include "json.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <locale>
#include <new>
#include <sstream>

#include "zbins/error.hpp"

namespace zbins::inline v1::file {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_high(std::uint32_t code) {
    return code >= 0xd800 && code < 0xdc00;
}

bool is_low(std::uint32_t code) {
    return code >= 0xdc00 && code < 0xe000;
}

std::string quoted(std::string_view text) {
    std::string made(1, '\'');
    made += text;
    return made += '\'';
}

}  // namespace

void Json::fail(const std::string& expected) const {
    throw_value_error(std::string(what_) + " is no JSON: at byte " + std::to_string(at_) +
                      " there should be " + expected);
}

// Now and then, Ctrl-C.
void Json::step() {
    if (++steps_ % 1024 == 0) check_();
}

// The next character that is no blank; NUL, which begins no value, at the end.
char Json::peek() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
        ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
}

Json::Kind Json::kind() {
    const char c = peek();
    if (c == 'n') return Kind::null;
    if (c == 't' || c == 'f') return Kind::boolean;
    if (c == '"') return Kind::string;
    if (c == '[') return Kind::array;
    if (c == '{') return Kind::object;
    if (c == '-' || is_digit(c)) return Kind::number;
    if (dialect_ == Dialect::python && (c == 'N' || c == 'I')) return Kind::number;
    fail("a value");
}

void Json::word(std::string_view expected) {
    peek();
    if (text_.substr(at_, expected.size()) != expected) fail(quoted(expected));
    at_ += expected.size();
}

bool Json::boolean() {
    const bool value = peek() == 't';
    word(value ? "true" : "false");
    return value;
}

void Json::digits() {
    if (at_ == text_.size() || !is_digit(text_[at_])) fail("a digit");
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
}

std::string_view Json::number() {
    peek();
    const std::size_t begin = at_;
    const auto next_is = [&](char c) { return at_ < text_.size() && text_[at_] == c; };
    if (next_is('-')) ++at_;
    if (dialect_ == Dialect::python && next_is('I')) {
        word("Infinity");
    } else if (dialect_ == Dialect::python && next_is('N') && at_ == begin) {
        word("NaN");
    } else {
        if (next_is('0')) {
            ++at_;
        } else {
            digits();
        }
        if (next_is('.')) {
            ++at_;
            digits();
        }
        if (next_is('e') || next_is('E')) {
            ++at_;
            if (next_is('+') || next_is('-')) ++at_;
            digits();
        }
    }
    return text_.substr(begin, at_ - begin);
}

std::string Json::string() {
    if (peek() != '"') fail("a string");
    ++at_;
    std::string value;
    while (true) {
        std::size_t end = at_;
        while (end < text_.size() && text_[end] != '"' && text_[end] != '\\' &&
               static_cast<unsigned char>(text_[end]) >= 0x20)
            ++end;
        value.append(text_, at_, end - at_);
        at_ = end;
        if (at_ == text_.size()) fail("the end of a string");
        if (static_cast<unsigned char>(text_[at_]) < 0x20) fail("no control character");
        if (text_[at_++] == '"') return value;
        escape(value);
    }
}

void Json::escape(std::string& to) {
    step();
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t place = names.find(c); place != names.npos) {
        ++at_;
        to += meanings[place];
        return;
    }
    if (c != 'u') fail("an escape");
    ++at_;
    std::uint32_t code = four_digits();
    if (is_high(code) && text_.substr(at_, 2) == "\\u") {
        const std::size_t before = at_;
        at_ += 2;
        const std::uint32_t low = four_digits();
        if (is_low(low)) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        } else {
            at_ = before;
        }
    }
    if (dialect_ == Dialect::strict && (is_high(code) || is_low(code))) fail("a surrogate pair");
    append_utf8(to, code);
}

std::uint32_t Json::four_digits() {
    const std::string_view digits_there = text_.substr(at_, 4);
    std::uint32_t code = 0;
    const char* end = digits_there.data() + digits_there.size();
    const auto [stop, error] = std::from_chars(digits_there.data(), end, code, 16);
    if (digits_there.size() < 4 || error != std::errc() || stop != end)
        fail("four hexadecimal digits");
    at_ += 4;
    return code;
}

void Json::enter(char bracket) {
    if (peek() != bracket) fail(quoted({&bracket, 1}));
    ++at_;
    if (++depth_ > max_depth)
        throw_value_error(std::string(what_) + " is nested deeper than " +
                          std::to_string(max_depth) + " levels");
}

// Whether the array or object goes on.
bool Json::more(bool first, char bracket) {
    step();
    const char c = peek();
    if (c == bracket) {
        ++at_;
        --depth_;
        return false;
    }
    if (first) return true;
    if (c != ',') fail("',' or " + quoted({&bracket, 1}));
    ++at_;
    return true;
}

const std::string& Json::name(std::set<std::string>& before) {
    const auto [place, is_new] = before.insert(string());
    if (!is_new) throw_value_error("a name occurs twice in the header");
    if (peek() != ':') fail("':'");
    ++at_;
    return *place;
}

std::string_view Json::skip() {
    peek();
    const std::size_t begin = at_;
    switch (kind()) {
        case Kind::null:
            null();
            break;
        case Kind::boolean:
            boolean();
            break;
        case Kind::number:
            number();
            break;
        case Kind::string:
            string();
            break;
        case Kind::array:
            array([&] { skip(); });
            break;
        case Kind::object:
            object([&](const std::string&) { skip(); });
            break;
    }
    return text_.substr(begin, at_ - begin);
}

void Json::end() {
    peek();
    if (at_ < text_.size()) fail("its end");
}

template <class T>
std::optional<T> whole(std::string_view number) {
    if (number == "-0") return T{0};
    T value{};
    const char* end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    return value;
}
template std::optional<std::int64_t> whole(std::string_view);
template std::optional<std::uint64_t> whole(std::string_view);

bool is_whole(std::string_view number) {
    return number.find_first_not_of("-0123456789") == number.npos;
}

double to_double(std::string_view number) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (number == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (number == "Infinity") return infinity;
    if (number == "-Infinity") return -infinity;
    std::istringstream text{std::string(number)};
    text.imbue(std::locale::classic());  // where the program's own has another decimal point
    double value = 0;
    text >> value;
    if (text.bad()) throw std::bad_alloc();  // a stream keeps it to itself
    const bool too_large = std::abs(value) == std::numeric_limits<double>::max() && text.fail();
    return too_large ? std::copysign(infinity, value) : value;
}

bool is_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i])) : 0u;
    };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned first = byte(i++);
        if (first < 0x80) continue;
        const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        std::uint32_t code = first & (0x3fu >> more);
        for (int k = 0; k < more; ++k, ++i) {
            if ((byte(i) & 0xc0) != 0x80) return false;
            code = code << 6 | (byte(i) & 0x3f);
        }
        constexpr std::uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (first < 0xc0 || first > 0xf7 || code < least[more] || code > 0x10ffff ||
            is_high(code) || is_low(code))
            return false;
    }
    return true;
}

void append_utf8(std::string& text, std::uint32_t code) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (code < 0x80) return add(code);
    if (code < 0x800) {
        add(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        add(0xe0 | code >> 12);
        add(0x80 | (code >> 6 & 0x3f));
    } else {
        add(0xf0 | code >> 18);
        add(0x80 | (code >> 12 & 0x3f));
        add(0x80 | (code >> 6 & 0x3f));
    }
    add(0x80 | (code & 0x3f));
}

}  // namespace zbins::inline v1::file
