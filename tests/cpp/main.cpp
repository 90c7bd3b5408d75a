// Runs the tests whose file or name is given, or all of them.
#include <algorithm>

#include "check.hpp"

int main(int argc, char** argv) {
    const std::vector<std::string> wanted(argv + 1, argv + argc);
    const auto asked_for = [&](const check::Test& test) {
        return wanted.empty() || std::count(wanted.begin(), wanted.end(), test.file) > 0 ||
               std::count(wanted.begin(), wanted.end(), test.name) > 0;
    };
    int run = 0;
    for (const check::Test& test : check::tests()) {
        if (!asked_for(test)) continue;
        ++run;
        const int before = check::failures;
        try {
            test.run();
        } catch (const std::exception& error) {
            check::fail(test.file.c_str(), 0, std::string("unexpected exception: ") + error.what());
        }
        std::cout << (check::failures == before ? "passed " : "FAILED ") << test.file << " "
                  << test.name << std::endl;
    }
    if (run == 0) std::cerr << "no test has this name\n";
    return run > 0 && check::failures == 0 ? 0 : 1;
}
