// Why: laws 2 and 3 for streams too long to wait until the end. Rows are put in order piece by
// piece on the way; the model must be the one that a plain sort of all rows gives.
#include <vector>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "streams.hpp"
#include "zbins/count.hpp"

using inputs::Matrix;
using models::on_threads;
using streams::all_distinct;
using streams::check_stream;
using streams::Oracle;

TEST(long_streams_of_distinct_rows) {
    for (const int threads : {1, 3}) check_stream(4, {{{3300000, all_distinct}}, 400000}, threads);
}

// No chunk is as large as one task.
TEST(long_streams_of_small_chunks) {
    for (const int threads : {1, 3}) check_stream(4, {{{1600000, all_distinct}}, 3000}, threads);
    check_stream(4, {{{1600000, 90000}}, 3000}, 1);
}

TEST(long_streams_of_two_word_keys) {
    for (const int threads : {1, 3})
        check_stream(8, {{{1100000, all_distinct}, {300000, 500}}, 300000}, threads);
}

// Rows crafted to want one slot of the table fill one range as well.
TEST(long_streams_of_crafted_rows) {
    inputs::Random random(2);
    const auto grid =
        zbins::Grid<float>::from_bounds(std::vector<float>(8, 0), std::vector<float>(8, 65536),
                                        std::vector<std::int32_t>(8, 65536));
    for (const int threads : {1, 3}) {
        const check::Note note(threads, " threads");
        zbins::Counter<float> counter(grid, threads, false);
        const zbins::Layout& layout = counter.layout();
        Oracle oracle(layout);
        std::vector<crafted::Key> keys;
        for (std::uint64_t i = 0; i < 200000; ++i)
            keys.push_back(crafted::key_with_hash(random, 2, 0xfedcba9876543210ULL + i % 3));
        for (int chunk = 0; chunk < 5; ++chunk) {
            Matrix<float> x(200000, 8);
            for (std::int64_t i = 0; i < x.rows; ++i) {
                // Any of them, then a few again and again.
                const std::uint64_t few = chunk < 3 ? keys.size() : 100;
                const auto& key = keys[random.below(few)];
                for (std::int64_t j = 0; j < 8; ++j)
                    x.at(i, j) = static_cast<float>(layout.code(key.data(), j)) + 0.5f;
            }
            counter.add(x.view(), true, nullptr, on_threads(threads));
            oracle.add(grid, x, {});
        }
        oracle.check(counter.finish({}, on_threads(threads)));
    }
}
