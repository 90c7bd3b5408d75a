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
const std::vector<Phase> changing{{200000, 50},    {700000, all_distinct}, {300000, 3000},
                                  {500000, 90000}, {200000, all_distinct}, {100000, 20},
                                  {100000, 90000}};

}  // namespace

// More bins than the first table holds, and rows of them in no order: only when they are put in
// order it shows that a larger table can hold them all.
TEST(long_streams_of_as_many_bins_as_a_table_holds) {
    const std::vector<Phase> learned{
        {900000, 90000}, {200000, 90000}, {400000, all_distinct}, {100000, 90000}};
    for (const int threads : {1, 3}) check_stream(4, {learned, 400000}, threads);
    check_stream(4, {{{800000, 30000}, {200000, 30000}}, 400000, 3}, 2);
}

TEST(long_streams_that_change) {
    check_stream(4, {changing, 400000}, 3);
}

TEST(long_streams_that_change_with_labels) {
    check_stream(4, {changing, 300000, 3}, 1);
    check_stream(8, {{{300000, 100}, {600000, all_distinct}, {200000, 3000}}, 200000, 1000}, 2);
}
