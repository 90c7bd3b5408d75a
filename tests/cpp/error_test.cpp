// Why: law 8. Messages quote the offending value, so numbers in them must read back as the same
// value, and be as short as the type allows.
#include "zbins/error.hpp"

#include <limits>

#include "check.hpp"
#include "inputs.hpp"

TEST(numbers_in_messages_are_the_shortest_that_read_back) {
    CHECK_EQ(zbins::number(0.1), std::string("0.1"));
    CHECK_EQ(zbins::number(static_cast<double>(0.1f)), std::string("0.1"));
    CHECK_EQ(zbins::number(-2), std::string("-2"));
    CHECK_EQ(zbins::number(1e300), std::string("1e+300"));
    CHECK_EQ(zbins::number(5e-324), std::string("5e-324"));
    CHECK_EQ(zbins::number(static_cast<double>(std::numeric_limits<float>::max())),
             std::string("3.4028235e+38"));
    inputs::Random random(1);
    for (int i = 0; i < 10000; ++i) {
        const double value = random.uniform(-1e6, 1e6);
        CHECK_EQ(std::stod(zbins::number(value)), value);
        const float narrow = random.uniform(-1e6f, 1e6f);
        CHECK_EQ(std::stof(zbins::number(static_cast<double>(narrow))), narrow);
    }
}

TEST(messages_name_value_place_and_remedy) {
    using Error = std::invalid_argument;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK_THROWS(zbins::throw_not_finite(-infinity, 3, 4), Error,
                 "X contains -infinity at row 3, column 4; every value must be finite");
    CHECK_THROWS(zbins::throw_out_of_range(2.5, 1, 0, 0, 1), Error,
                 "X contains 2.5 at row 1, column 0, outside the range [0, 1] of the grid");
    CHECK_THROWS(zbins::throw_too_many_bins(9, -1, 2, 70000, 0, 1), Error,
                 "X contains 9 at column 2: growing the range [0, 1] to it would take 70000 bins");
    CHECK_THROWS(zbins::throw_too_many_bins(9, 5, 2, -1, 0, 1), Error, "would take far more bins");
}

TEST(errors_about_a_row_know_it) {
    try {
        zbins::throw_out_of_range(2.5, 7, 3, 0, 1);
        CHECK(false);
    } catch (const zbins::RowError& error) {
        CHECK_EQ(error.row, 7);
        CHECK_EQ(error.column, 3);
        CHECK_EQ(error.value, 2.5);
        CHECK_EQ(error.before + "7" + error.after, std::string(error.what()));
    }
}
