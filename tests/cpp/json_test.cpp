// Why: a header is read by more than one program. What one of them takes and another does not is
// no model file, and no text may crash any of them.
#include <cmath>
#include <limits>
#include <stdexcept>

#include "check.hpp"
#include "file/json.hpp"
#include "file/shown.hpp"

using zbins::file::Json;

namespace {

const zbins::Context idle;
constexpr auto strict = Json::Dialect::strict, python = Json::Dialect::python;

void read(const std::string& text, Json::Dialect dialect = strict) {
    zbins::InterruptCheck check(idle);
    Json json(text, "the text", dialect, check);
    json.skip();
    json.end();
}

std::string string_in(const std::string& text, Json::Dialect dialect = strict) {
    zbins::InterruptCheck check(idle);
    return Json(text, "the text", dialect, check).string();
}

std::string shown(const std::string& text) {
    zbins::InterruptCheck check(idle);
    return zbins::file::shown(text, check);
}

void check_refused(const std::string& text, Json::Dialect dialect = python) {
    const check::Note note("text", text.substr(0, 100));
    CHECK_THROWS(read(text, dialect), std::invalid_argument, "");
}

std::string nested(const std::string& open, const std::string& close, int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += open;
    for (int i = 0; i < depth; ++i) text += close;
    return text;
}

}  // namespace

TEST(what_is_json) {
    for (const char* text :
         {"null", "true", "false", "0", "-0", "10", "0.5", "-1e5", "1E+5", "1.25e-7", "\"\"",
          "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "[]", "[[],{}]", "{}",
          "{\"a\":1,\"b\":{\"a\":2}}", " \t\n\r[ 1 , 2 ] \n", "{ \"a\" : null }", "\"\x7f\""}) {
        const check::Note note("text", text);
        read(text);
        read(text, python);
    }
    read(nested("[", "]", 127));
}

TEST(what_is_none) {
    for (const char* text : {"",
                             " ",
                             "nul",
                             "nulll",
                             "True",
                             "+1",
                             "01",
                             "-",
                             "-a",
                             "1.",
                             ".5",
                             "1.e5",
                             "1e",
                             "1e+",
                             "0x1",
                             "1 2",
                             "[",
                             "]",
                             "[1",
                             "[1,",
                             "[1,]",
                             "[,1]",
                             "[1 2]",
                             "{",
                             "{\"a\"",
                             "{\"a\":",
                             "{\"a\":1",
                             "{\"a\":1,",
                             "{\"a\":1,}",
                             "{a:1}",
                             "{1:1}",
                             "{\"a\" 1}",
                             "{\"a\":1 \"b\":2}",
                             "\"",
                             "\"a",
                             "\"\\",
                             "\"\\x\"",
                             "\"\\u\"",
                             "\"\\u12\"",
                             "\"\\u12g4\"",
                             "\"\\u-123\"",
                             "\"\\ud800\\u12\"",
                             "\"\n\"",
                             "'a'",
                             "-NaN",
                             "+Infinity",
                             "nan",
                             "Infinit",
                             "\xef\xbb\xbf[]"})
        check_refused(text);
    check_refused(std::string("\"\0\"", 3));
    check_refused(std::string("1\0", 2));
    check_refused(std::string("\0", 1));
    check_refused(nested("[", "]", 128));
    check_refused(std::string(1'000'000, '['));
    std::string objects;
    for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
    check_refused(objects);
}

TEST(names_that_occur_twice) {
    for (const char* text : {"{\"a\":1,\"a\":1}", "[{\"b\":{\"a\":1,\"\":2,\"\\u0061\":3}}]"}) {
        CHECK_THROWS(read(text), std::invalid_argument, "a name occurs twice");
        CHECK_THROWS(read(text, python), std::invalid_argument, "a name occurs twice");
    }
}

TEST(what_only_python_takes) {
    for (const char* text : {"NaN", "Infinity", "-Infinity", "[NaN]", "\"\\ud800\"", "\"\\udc00\"",
                             "\"\\ud800x\"", "\"\\ud800\\ud800\"", "\"\\ud800\\u0041\""}) {
        const check::Note note("text", text);
        read(text, python);
        check_refused(text, strict);
    }
}

TEST(strings) {
    CHECK_EQ(string_in("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "a\"\\/\b\f\n\r\t");
    CHECK_EQ(string_in("\"\\u0041\\u00e9\\u20AC\\ud835\\udd03\""),
             "A\xc3\xa9\xe2\x82\xac\xf0\x9d\x94\x83");
    CHECK_EQ(string_in("\"\\u0000\""), std::string(1, '\0'));
    CHECK_EQ(string_in("\"\\ud800\\u0041\"", python),
             "\xed\xa0\x80"
             "A");
    CHECK_EQ(string_in("\"\\udc00\\ud800\"", python), "\xed\xb0\x80\xed\xa0\x80");
}

TEST(utf8) {
    using zbins::file::is_utf8;
    for (const char* text : {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9d\x94\x83",
                             "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"})
        CHECK(is_utf8(text));
    for (const char* text :
         {"\x80", "\xc3", "\xc3(", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe2\x82",
          "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x9d\x94", "\xf4\x90\x80\x80",
          "\xf8\x88\x80\x80\x80", "\xff", "a\xfe"})
        CHECK(!is_utf8(text));
}

TEST(numbers_of_any_size) {
    using zbins::file::to_double;
    const auto int64 = zbins::file::whole<std::int64_t>;
    CHECK_EQ(*int64("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
    CHECK_EQ(*int64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    for (const char* text : {"9223372036854775808", "-9223372036854775809", "1e2", "1.0", "NaN"})
        CHECK(!int64(text));
    CHECK_EQ(*zbins::file::whole<std::uint64_t>("18446744073709551615"), ~std::uint64_t{0});
    CHECK(!zbins::file::whole<std::uint64_t>("18446744073709551616"));
    CHECK(!zbins::file::whole<std::uint64_t>("-1"));
    CHECK_EQ(*zbins::file::whole<std::uint64_t>("-0"), 0);
    CHECK_EQ(to_double("0.1"), 0.1);
    CHECK_EQ(to_double("-1.7976931348623157e308"), -std::numeric_limits<double>::max());
    CHECK_EQ(to_double("1.7976931348623157e308"), std::numeric_limits<double>::max());
    CHECK_EQ(to_double("1e309"), std::numeric_limits<double>::infinity());
    CHECK_EQ(to_double("-1e99999"), -std::numeric_limits<double>::infinity());
    CHECK_EQ(to_double("5e-324"), 5e-324);
    CHECK_EQ(to_double("1e-400"), 0);
    CHECK(std::isnan(to_double("NaN")));
    CHECK_EQ(to_double(std::string(5000, '9')), std::numeric_limits<double>::infinity());
}

TEST(values_in_messages_look_as_in_python) {
    CHECK_EQ(shown("null"), "None");
    CHECK_EQ(shown("[true, -0, {\"a\":[]}]"), "[True, 0, {'a': []}]");
    CHECK_EQ(shown("[NaN,Infinity,-Infinity]"), "[nan, inf, -inf]");
    for (const char* text :
         {"0.1", "1.5", "-2.25", "0.0001", "1e-05", "123456789.125", "1234567890123456.0", "1e+16",
          "1.5e+300", "5e-324", "0.0", "-0.0", "100000.0"})
        CHECK_EQ(shown(text), text);
    CHECK_EQ(shown("1e2"), "100.0");
    CHECK_EQ(shown("\"it's\""), "\"it's\"");
    CHECK_EQ(shown("\"'\\\"\""), "'\\'\"'");
    CHECK_EQ(shown("\"\\u0001\\n\\ud800\xc3\xa9\""), "'\\x01\\n\\ud800\xc3\xa9'");
    CHECK(shown(std::string(5000, '9')).size() < 300);
    CHECK(shown("[" + std::string(5000, ' ') + "1" + nested(",[1", "]", 100) + "]").size() < 300);
    std::string wide = "\"";
    for (int i = 0; i < 500; ++i) wide += "\xe2\x82\xac";
    CHECK(zbins::file::is_utf8(shown(wide + "\"")));
    zbins::InterruptCheck check(idle);
    CHECK_EQ(zbins::file::shown_as_tuple("[1]", check), "(1,)");
    CHECK_EQ(zbins::file::shown_as_tuple("[1,[2]]", check), "(1, [2])");
    CHECK_EQ(zbins::file::shown_as_tuple("3", check), "3");
}
