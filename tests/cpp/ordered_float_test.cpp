// Why: exact edges are found by bisection over ordinals, so these must be in the order of the
// values, without gaps, and lead back to the same value.
#include "ordered_float.hpp"

#include <cmath>
#include <limits>

#include "check.hpp"
#include "inputs.hpp"

using zbins::from_ordinal;
using zbins::to_ordinal;

namespace {

template <class T>
void check_one(T value) {
    using Limits = std::numeric_limits<T>;
    const auto ordinal = to_ordinal(value);
    CHECK_EQ(from_ordinal<T>(ordinal), value);
    const T next = std::nextafter(value, Limits::infinity());
    if (next > value) CHECK_EQ(to_ordinal(next), ordinal + 1);
    const T before = std::nextafter(value, -Limits::infinity());
    if (before < value) CHECK_EQ(to_ordinal(before), ordinal - 1);
}

template <class T>
void check_type() {
    using Limits = std::numeric_limits<T>;
    for (const T sign : {T(1), T(-1)}) {
        for (const T value : {T(0), Limits::denorm_min(), Limits::min(), T(1), T(1e8),
                              Limits::max(), std::nextafter(Limits::min(), T(0))}) {
            check_one(sign * value);
        }
    }
    CHECK_EQ(to_ordinal(T(0)), 0);
    CHECK_EQ(to_ordinal(-T(0)), 0);
    CHECK(!std::signbit(from_ordinal<T>(0)));
    CHECK_EQ(to_ordinal(Limits::infinity()), to_ordinal(Limits::max()) + 1);
    CHECK_EQ(to_ordinal(-Limits::infinity()), to_ordinal(Limits::lowest()) - 1);

    inputs::Random random(1);
    const auto end = to_ordinal(Limits::max());
    for (int i = 0; i < 100000; ++i) {
        const auto a = static_cast<zbins::Ordinal<T>>(random.between(-end, end));
        const auto b = static_cast<zbins::Ordinal<T>>(random.between(-end, end));
        check_one(from_ordinal<T>(a));
        CHECK_EQ(to_ordinal(from_ordinal<T>(a)), a);
        CHECK_EQ(from_ordinal<T>(a) < from_ordinal<T>(b), a < b);
    }
}

}  // namespace

TEST(ordinals_follow_float32_values) {
    check_type<float>();
}
TEST(ordinals_follow_float64_values) {
    check_type<double>();
}
