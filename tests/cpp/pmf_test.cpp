// Why: laws 2 and 3. A key must be found in its bin and nowhere else, also among keys crafted to
// share a hash, and from many threads at once.
#include "zbins/pmf.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "models.hpp"

using models::KeyCounts;
using zbins::Count;
using zbins::Pmf;
using zbins::Word;

namespace {

const zbins::Layout four_columns(4, 65536);

template <class CountOf>
Pmf make(std::uint64_t bins, CountOf&& count_of) {
    KeyCounts entries;
    for (std::uint64_t i = 0; i < bins; ++i)
        entries.push_back({{i * 0x10001}, static_cast<Count>(count_of(i))});
    return models::make(four_columns, entries);
}

}  // namespace

TEST(find_gives_the_bin_of_a_key) {
    inputs::Random random(4);
    for (const std::uint64_t bins : {1u, 2u, 3u, 10u, 3000u}) {
        const Pmf pmf = make(bins, [](std::uint64_t) { return 1; });
        for (std::uint64_t bin = 0; bin < bins; ++bin)
            CHECK_EQ(pmf.find(pmf.key(bin), zbins::fixed_hash(pmf.key(bin), 1)), bin);
        for (int i = 0; i < 3000; ++i) {
            const Word key = random.word() | 0xffff;  // 0x10001 i, i < 3000, ends otherwise
            CHECK_EQ(pmf.find(&key, zbins::fixed_hash(&key, 1)), -1);
        }
    }
}

TEST(find_among_crafted_keys) {
    inputs::Random random(5);
    const zbins::Layout layout(8, 65536);
    for (const std::uint64_t hash :
         {std::uint64_t{0}, std::uint64_t{0x1234567}, ~std::uint64_t{0}}) {
        KeyCounts entries, absent;
        for (int i = 0; i < 2000; ++i) {
            entries.push_back({crafted::key_with_hash(random, 2, hash), 1});
            absent.push_back({crafted::key_with_hash(random, 2, hash), 1});
            entries.push_back({crafted::key_with_hash(random, 2, hash ^ random.below(8)), 2});
        }
        const Pmf pmf = models::make(layout, entries);
        for (std::uint64_t bin = 0; bin < pmf.size(); ++bin)
            CHECK_EQ(pmf.find(pmf.key(bin), zbins::fixed_hash(pmf.key(bin), 2)), bin);
        for (const auto& [key, count] : absent) CHECK_EQ(pmf.find(key.data(), hash), -1);
    }
}

// The table for lookups is made by the first who looks; several may come first.
TEST(find_from_many_threads) {
    const Pmf pmf = make(20000, [](std::uint64_t) { return 1; });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (std::uint64_t bin = 0; bin < pmf.size(); ++bin)
                CHECK_EQ(pmf.find(pmf.key(bin), zbins::fixed_hash(pmf.key(bin), 1)), bin);
        });
    }
    for (std::thread& thread : threads) thread.join();
}

TEST(more_than_2_to_63_minus_1_rows_are_refused) {
    const auto build = [](Count a, Count b) {
        return zbins::Pmf(four_columns, models::buffer<Word>({1, 2}),
                          models::buffer<Count>({0, a, b}), std::nullopt)
            .total();
    };
    constexpr Count most = (Count{1} << 63) - 1;
    CHECK_EQ(build(most - 1, 1), most);
    for (const auto& pair : {std::pair<Count, Count>{most, 1},
                             {1, most},
                             {most, most},
                             {~Count{0}, 1},
                             {1, ~Count{0}}})
        CHECK_THROWS(build(pair.first, pair.second), std::invalid_argument,
                     "more than 2^63 - 1 rows");
}
