// A test harness in one header: tests register themselves by name, and a failed check prints its
// place, its text and the values it saw.
#pragma once

#include <atomic>
#include <exception>
#include <iomanip>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace check {

struct Test {
    std::string file;  // without folder and ending
    std::string name;
    void (*run)();
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

inline std::string stem(const std::string& path) {
    const std::size_t begin = path.find_last_of("/\\") + 1;  // npos + 1 is 0
    return path.substr(begin, path.find_last_of('.') - begin);
}

struct Registered {
    Registered(const char* file, const char* name, void (*run)()) {
        tests().push_back({stem(file), name, run});
    }
};

inline std::atomic<int> failures{0};

struct NoteBase {
    virtual std::string text() const = 0;

protected:
    ~NoteBase() = default;
};
inline thread_local std::vector<const NoteBase*> notes;

template <class T>
std::string show(const T& value) {
    std::ostringstream text;
    if constexpr (std::is_floating_point_v<T>) {
        text << std::setprecision(std::numeric_limits<T>::max_digits10) << value;
    } else if constexpr (std::is_integral_v<T>) {
        text << +value;
    } else if constexpr (requires { text << value; }) {
        text << value;
    } else {
        text << "(no text)";
    }
    return text.str();
}

// Says what the checks below it are about; ends with its scope. Becomes text only on a failure.
template <class... Parts>
class Note : NoteBase {
public:
    explicit Note(Parts... parts) : parts_(std::move(parts)...) { notes.push_back(this); }
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;
    ~Note() { notes.pop_back(); }

private:
    std::string text() const override {
        return std::apply([](const Parts&... parts) { return (show(parts) + ...); }, parts_);
    }
    std::tuple<Parts...> parts_;
};

// Signed and unsigned compare as numbers; NaN never equals.
template <class A, class B>
bool equal(const A& a, const B& b) {
    if constexpr (std::is_integral_v<A> && std::is_integral_v<B> && !std::is_same_v<A, bool> &&
                  !std::is_same_v<B, bool>) {
        return std::cmp_equal(a, b);
    } else {
        return a == b;
    }
}

inline void fail(const char* file, int line, const std::string& what) {
    constexpr int shown = 20;  // a broken law fails everywhere: the first few tell all
    if (failures.fetch_add(1) >= shown) return;
    std::ostringstream text;
    text << file << ":" << line << ": " << what << "\n";
    for (const NoteBase* note : notes) text << "    where " << note->text() << "\n";
    std::cerr << text.str();
}

template <class A, class B>
void check_equal(const A& a, const B& b, const char* text, const char* file, int line) {
    if (!equal(a, b)) fail(file, line, std::string(text) + ": " + show(a) + " and " + show(b));
}

template <class Error, class Call>
void check_throws(Call&& call, const std::string& wanted, const char* text, const char* file,
                  int line) {
    try {
        call();
    } catch (const Error& error) {
        if (std::string(error.what()).find(wanted) == std::string::npos)
            fail(file, line, std::string(text) + " says '" + error.what() + "', not: " + wanted);
        return;
    } catch (const std::exception& error) {
        fail(file, line, std::string(text) + " throws another type: " + error.what());
        return;
    }
    fail(file, line, std::string(text) + " does not throw");
}

}  // namespace check

#define TEST(name)                                                           \
    static void name();                                                      \
    static const check::Registered registered_##name(__FILE__, #name, name); \
    static void name()

#define CHECK(condition) \
    ((condition) ? void() : check::fail(__FILE__, __LINE__, #condition " is false"))

#define CHECK_EQ(a, b) check::check_equal((a), (b), #a " == " #b, __FILE__, __LINE__)

// The call must throw `Error`, and `text` must be a part of what it says.
#define CHECK_THROWS(call, Error, text) \
    check::check_throws<Error>([&] { (void)(call); }, text, #call, __FILE__, __LINE__)
