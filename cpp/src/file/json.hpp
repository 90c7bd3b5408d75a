// Reads JSON one value after another, without building anything: what a text declares takes no
// memory before it is known to be wanted.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "zbins/parallel.hpp"

namespace zbins::inline v1::file {

class Json {
public:
    enum class Kind { null, boolean, number, string, array, object };
    // Python's reader also takes NaN, Infinity and halves of surrogate pairs; others do not.
    enum class Dialect { strict, python };

    // `what` the text is, for messages. Nothing is copied: both must outlive this.
    Json(std::string_view text, std::string_view what, Dialect dialect, InterruptCheck& check)
        : text_(text), what_(what), dialect_(dialect), check_(check) {}

    // What comes next. All calls throw std::invalid_argument where the text is no JSON.
    Kind kind();
    void null() { word("null"); }
    bool boolean();
    // As it is written.
    std::string_view number();
    // In UTF-8; half of a surrogate pair as the three bytes that it would have.
    std::string string();
    // Each calls `visit`, which must take the value there, and no more.
    template <class Visit>
    void array(Visit&& visit) {
        enter('[');
        for (bool first = true; more(first, ']'); first = false) visit();
    }
    template <class Visit>
    void object(Visit&& visit) {
        std::set<std::string> names;
        enter('{');
        for (bool first = true; more(first, '}'); first = false) visit(name(names));
    }
    // Takes the value, whatever it is, and returns its text.
    std::string_view skip();
    // Nothing but blanks may be left.
    void end();

private:
    [[noreturn]] void fail(const std::string& expected) const;
    char peek();
    void word(std::string_view expected);
    void enter(char bracket);
    bool more(bool first, char bracket);
    const std::string& name(std::set<std::string>& before);
    void digits();
    void step();
    void escape(std::string& to);
    std::uint32_t four_digits();

    static constexpr int max_depth = 127;

    std::string_view text_, what_;
    Dialect dialect_;
    InterruptCheck& check_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::uint32_t steps_ = 0;
};

// The number, if it is whole and fits.
template <class T>
std::optional<T> whole(std::string_view number);
extern template std::optional<std::int64_t> whole(std::string_view);
extern template std::optional<std::uint64_t> whole(std::string_view);

// Whether the number is written as a whole one, of any size.
bool is_whole(std::string_view number);

// The nearest double; an infinity past the largest.
double to_double(std::string_view number);

// Whether the text is UTF-8 and nothing else.
bool is_utf8(std::string_view text);

// Adds a code point.
void append_utf8(std::string& text, std::uint32_t code);

}  // namespace zbins::inline v1::file
