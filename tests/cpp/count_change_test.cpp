// Why: laws 2 and 3 for streams whose nature changes. Rows then go through tables that are filled,
// grown, passed by and learned anew; the model must be the one that a plain sort of all rows gives.
#include <vector>

#include "check.hpp"
#include "streams.hpp"

using streams::all_distinct;
using streams::check_stream;
using streams::Phase;

namespace {

// Few bins, then new ones only, then few again, more than the first table holds, then many more.
const std::vector<Phase> changing{{200000, 50},    {900000, all_distinct}, {300000, 3000},
                                  {900000, 90000}, {300000, all_distinct}, {100000, 20},
                                  {200000, 90000}};

}  // namespace

// More bins than the first table holds, and rows of them in no order: only when they are put in
// order it shows that a larger table can hold them all.
TEST(long_streams_of_as_many_bins_as_a_table_holds) {
    const std::vector<Phase> learned{
        {1800000, 90000}, {600000, 90000}, {700000, all_distinct}, {300000, 90000}};
    for (const int threads : {1, 3}) check_stream(4, {learned, 400000}, threads);
    check_stream(4, {{{1500000, 30000}, {500000, 30000}}, 400000, 3}, 2);
}

TEST(long_streams_that_change) {
    for (const int threads : {1, 3}) check_stream(4, {changing, 400000}, threads);
}

TEST(long_streams_that_change_with_labels) {
    for (const int threads : {1, 3}) check_stream(4, {changing, 400000, 3}, threads);
    check_stream(8, {{{300000, 100}, {800000, all_distinct}, {300000, 3000}}, 200000, 1000}, 2);
}
