// Why: a program that embeds the core has no Python layer in front of it. What it gets wrong must
// end in an exception that says so; each of these once read or wrote memory that was not its own,
// or divided by zero, or counted in silence.
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/bounds.hpp"
#include "zbins/count.hpp"
#include "zbins/draw.hpp"
#include "zbins/quantize.hpp"

using Refused = std::invalid_argument;
using zbins::Counter;
using zbins::Grid;
using zbins::Label;
using zbins::MatrixView;
using zbins::Pmf;

namespace {

Grid<float> unit_grid(std::int64_t d, std::int32_t k, float top = 1) {
    const auto n = static_cast<std::size_t>(d);
    return Grid<float>::from_bounds(std::vector<float>(n, 0), std::vector<float>(n, top),
                                    std::vector<std::int32_t>(n, k));
}

inputs::Matrix<float> unit_rows(std::int64_t n, std::int64_t d) {
    inputs::Random random(3);
    return inputs::uniform_matrix<float>(random, n, d, 0, 1);
}

// One sample, or what is said instead.
std::vector<float> one_sample(const Grid<float>& grid, const Pmf& pmf,
                              zbins::DrawRange range = {.n = 1}) {
    std::vector<float> out(static_cast<std::size_t>(grid.d()));
    zbins::draw(grid, pmf, range, out.data(), grid.d(), nullptr, {});
    return out;
}

}  // namespace

TEST(views_that_cannot_be_read_are_refused) {
    const float value = 0;
    const auto* data = reinterpret_cast<const std::byte*>(&value);
    const MatrixView<float> no_columns{data, 4, 0, 0, 4}, negative{data, -1, 2, 8, 4},
        no_data{nullptr, 4, 2, 8, 4};
    const auto refused = [](const MatrixView<float>& x, const char* message) {
        CHECK_THROWS(zbins::find_bounds(x, {}), Refused, message);
        CHECK_THROWS(zbins::find_row(x, 0, 0.0f), Refused, message);
    };
    refused(no_columns, "0 columns; at least one is needed");
    refused(negative, "X has -1 rows");
    refused(no_data, "4 rows, but its data is null");
    const MatrixView<float> one{data, 1, 1, 4, 4};
    CHECK_THROWS(zbins::find_row(one, 1, 0.0f), Refused, "there is no column 1");
}

// It was read past the end of every row.
TEST(views_of_other_columns_than_the_grid_are_refused) {
    const Grid<float> grid = unit_grid(3, 4);
    const auto narrow = unit_rows(5, 2);
    Counter<float> counter(grid, 1, false);
    const char* message = "X has 2 columns and the grid has 3";
    CHECK_THROWS(counter.add(narrow.view(), true, nullptr, {}), Refused, message);
    std::vector<std::uint8_t> codes(15);
    CHECK_THROWS((zbins::quantize(grid, narrow.view(), codes.data(), {}), 0), Refused, message);
    CHECK_THROWS(zbins::find_outside(grid, narrow.view(), {}), Refused, message);
    const Pmf pmf = models::count(grid, unit_rows(9, 3).view());
    std::vector<std::int64_t> bins(5);
    CHECK_THROWS((zbins::find_bins(grid, pmf, narrow.view(), bins.data(), {}), 0), Refused,
                 message);
    // The counter is as it was, and goes on.
    CHECK_EQ(counter.add(unit_rows(9, 3).view(), true, nullptr, {}), 0);
    CHECK(models::same_model(counter.finish({}, {}), pmf));
}

TEST(codes_too_narrow_for_the_bins_are_refused) {
    const auto x = unit_rows(3, 2);
    std::vector<std::uint8_t> codes(6);
    CHECK_THROWS((zbins::quantize(unit_grid(2, 257), x.view(), codes.data(), {}), 0), Refused,
                 "cannot hold 257 bins");
    zbins::quantize(unit_grid(2, 256), x.view(), codes.data(), {});
}

TEST(a_counter_that_finished_is_used_up) {
    const Grid<float> grid = unit_grid(2, 4);
    const auto x = unit_rows(4000, 2);
    for (const int calls : {1, 400}) {  // with many, what waits is settled in between
        Counter<float> counter(grid, 2, false);
        for (int call = 0; call < calls; ++call) counter.add(x.view(), true, nullptr, {});
        const Pmf pmf = counter.finish({}, {});
        CHECK_EQ(pmf.total(), 4000u * static_cast<unsigned>(calls));
        CHECK_THROWS(counter.finish({}, {}), std::logic_error, "the counter has finished");
        CHECK_THROWS(counter.add(x.view(), true, nullptr, {}), std::logic_error, "has finished");
    }
    Counter<float> counter(grid, 1, false);
    const Counter<float> other(std::move(counter));
    CHECK_THROWS(counter.finish({}, {}), std::logic_error, "moved from");
    CHECK_EQ(other.layout().d, 2);
}

TEST(a_counter_that_failed_counts_no_more) {
    Counter<float> counter(unit_grid(8, 65536), 1, false);  // all distinct: it takes a while
    zbins::Context stopped;
    stopped.interrupted = []() -> bool { throw std::domain_error("the caller's own"); };
    inputs::Random random(1);
    const auto x = inputs::uniform_matrix<float>(random, 1500000, 8, 0, 1);
    CHECK_THROWS(counter.add(x.view(), true, nullptr, stopped), std::domain_error, "own");
    CHECK_THROWS(counter.add(x.view(), true, nullptr, {}), std::logic_error, "earlier call failed");
    CHECK_THROWS(counter.finish({}, {}), std::logic_error, "earlier call failed");
}

TEST(labels_that_name_nothing_are_refused) {
    const Grid<float> grid = unit_grid(2, 4);
    const auto x = unit_rows(3, 2);
    const models::Labels negative{0, -1, 1}, good{0, 2, 1};
    Counter<float> counter(grid, 1, true);
    CHECK_THROWS(counter.add(x.view(), true, negative.data(), {}), Refused,
                 "the label of row 1 is -1");
    CHECK_THROWS(counter.add(x.view(), true, nullptr, {}), Refused, "these rows have none");
    counter.add(x.view(), true, good.data(), {});
    CHECK_THROWS(counter.finish(models::Labels{0, 1}, {}), Refused, "label 2, but 2 places");
    CHECK_THROWS(counter.finish(models::Labels{0, 1, 3}, {}), Refused, "no permutation: 3");
    CHECK_THROWS(counter.finish(models::Labels{0, 1, 1}, {}), Refused, "no permutation: 1");
    CHECK_THROWS(counter.finish(models::Labels{0, -1, 1}, {}), Refused, "no permutation: -1");
    const Pmf pmf = counter.finish(models::Labels{0, 1, 2}, {});
    Counter<float> plain(grid, 1, false);
    CHECK_THROWS(plain.add(x.view(), true, good.data(), {}), Refused, "these rows have some");

    const Label none = 3, below = -1, first = 0;
    for (const Label* label : {&none, &below}) {
        CHECK_THROWS(one_sample(grid, pmf, {.n = 1, .labels = label}), Refused, "has no rows");
        CHECK_EQ(pmf.label_total(*label), 0);
    }
    one_sample(grid, pmf, {.n = 1, .labels = &first});
    const Pmf unlabelled = models::count(grid, x.view());
    CHECK_THROWS(one_sample(grid, unlabelled, {.n = 1, .labels = &first}), Refused,
                 "has no labels");
    CHECK_THROWS(zbins::merge(pmf, pmf, {0, 1}, {0, 1, 2}, 3, {}), Refused, "2 names for 3");
    CHECK_THROWS(zbins::merge(pmf, pmf, {0, 1, 3}, {0, 1, 2}, 3, {}), Refused, "called 3 of 3");
    CHECK_THROWS(zbins::merge(pmf, pmf, {0, 1, 1}, {0, 1, 2}, 3, {}), Refused, "must increase");
}

TEST(nothing_is_drawn_from_an_empty_model) {
    const Grid<float> grid = unit_grid(2, 4);
    const Pmf empty = Counter<float>(grid, 1, false).finish({}, {});
    CHECK_EQ(empty.size(), 0);
    CHECK_THROWS(one_sample(grid, empty), Refused, "no rows to draw from");
    one_sample(grid, empty, {.n = 0});
    CHECK_THROWS(one_sample(grid, empty, {.n = -1}), Refused, "-1 samples");

    const Pmf pmf = models::count(grid, unit_rows(9, 2).view());
    CHECK_THROWS((zbins::draw<float>(grid, pmf, {.n = 1}, nullptr, 2, nullptr, {}), 0), Refused,
                 "no room for the samples");
    std::vector<float> out(4);
    CHECK_THROWS((zbins::draw(grid, pmf, {.n = 2}, out.data(), 1, nullptr, {}), 0), Refused,
                 "samples of 2 values cannot lie 1 apart");
    const auto x = unit_rows(3, 2);
    CHECK_THROWS((zbins::find_bins(grid, pmf, x.view(), nullptr, {}), 0), Refused,
                 "no room for the bins");
    std::uint8_t* nowhere = nullptr;
    CHECK_THROWS((zbins::quantize(grid, x.view(), nowhere, {}), 0), Refused,
                 "no room for the codes");
}

TEST(parts_that_do_not_fit_each_other_are_refused) {
    const zbins::Layout layout(2, 4);
    const auto keys = [](std::uint64_t n) {
        return models::buffer(std::vector<zbins::Word>(n, 0));
    };
    const auto counts = [](std::uint64_t n) {
        return models::buffer(std::vector<zbins::Count>(n, 1));
    };
    CHECK_THROWS(Pmf(layout, keys(1), counts(1000001), std::nullopt), Refused, "differ in length");
    CHECK_THROWS(Pmf(layout, keys(1), counts(0), std::nullopt), Refused, "differ in length");
    const auto labelled = [&](std::vector<std::uint64_t> start, std::vector<Label> label,
                              std::vector<zbins::Count> count, Label classes) {
        zbins::LabelCounts parts;
        parts.classes = classes;
        parts.start = models::buffer(start);
        parts.label = models::buffer(label);
        parts.count = models::buffer(count);
        return Pmf(layout, keys(1), counts(2), std::move(parts));
    };
    CHECK_EQ(labelled({0, 1}, {0}, {1}, 1).label_total(0), 1);
    CHECK_THROWS(labelled({0, 1}, {7}, {1}, 2), Refused, "label 7 names none of 2 classes");
    CHECK_THROWS(labelled({0, 1}, {-1}, {1}, 2), Refused, "label -1 names none");
    CHECK_THROWS(labelled({0, 2}, {0}, {1}, 1), Refused, "do not fit the bins");
    CHECK_THROWS(labelled({0}, {0}, {1}, 1), Refused, "do not fit the bins");
    CHECK_THROWS(labelled({0, 1}, {0}, {1, 1}, 1), Refused, "do not fit the bins");
    CHECK_THROWS(labelled({0, 1}, {0}, {1}, -1), Refused, "do not fit the bins");
}

TEST(layouts_and_sizes_that_cannot_be_are_refused) {
    for (const std::int64_t d : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{1} << 37})
        CHECK_THROWS(zbins::Layout(d, 4).words, Refused, "dimensions cannot be packed");
    CHECK_THROWS(zbins::Layout(2, 65537).words, Refused, "65537 bins are more than");
    zbins::Layout odd(1, 4);
    odd.bits = 3;
    const auto from = [](const zbins::Layout& layout) {
        return Pmf::checked(layout, {}, models::buffer(std::vector<zbins::Count>{1}), std::nullopt);
    };
    CHECK_THROWS(from(zbins::Layout()), Refused, "0 dimensions cannot be packed");
    CHECK_THROWS(from(odd), Refused, "3 bits each, do not lie in 1 words");
    const float value = 0;
    const auto* data = reinterpret_cast<const std::byte*>(&value);
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    CHECK_THROWS(zbins::find_bounds(MatrixView<float>{data, most, 1, 0, 4}, {}), Refused,
                 "that is no matrix");
    CHECK_THROWS(zbins::find_bounds(MatrixView<float>{data, 1, most, 0, 4}, {}), Refused,
                 "that is no matrix");
    const Grid<float> grid = unit_grid(2, 4);
    const Pmf pmf = models::count(grid, unit_rows(9, 2).view());
    CHECK_THROWS(one_sample(grid, pmf, {.n = most}), Refused, "are too many");
    const Grid<float> constant = unit_grid(2, 4, 0);
    CHECK(constant.constant(1));
    CHECK_THROWS(constant.constant(2), Refused, "there is no column 2");
    CHECK(!constant.same_codes(unit_grid(3, 4)));
    zbins::Context crowd;
    crowd.threads = std::numeric_limits<int>::max();
    crowd.forced = true;
    std::vector<float> out(10);
    zbins::draw(grid, pmf, {.n = 5}, out.data(), 2, nullptr, crowd);
}

TEST(a_grid_that_was_moved_from_counts_nothing) {
    Grid<float> grid = unit_grid(2, 4);
    const Grid<float> other = std::move(grid);
    CHECK_THROWS(Counter<float>(grid, 1, false).layout(), Refused, "it was moved from");
    CHECK_THROWS(zbins::find_outside(grid, unit_rows(3, 2).view(), {}), Refused, "grid has 0");
    CHECK_THROWS(grid.raw(0, 1.0f), Refused, "there is no column 0");
    CHECK_EQ(other.d(), 2);
}

TEST(a_model_moves_and_leaves_nothing_behind) {
    const Grid<float> grid = unit_grid(3, 4);
    const auto x = unit_rows(500, 3);
    Pmf pmf = models::count(grid, x.view());
    std::vector<std::int64_t> bins(500);
    zbins::find_bins(grid, pmf, x.view(), bins.data(), {});  // makes what lookups need
    const auto before = one_sample(grid, pmf);
    Pmf moved(std::move(pmf));
    CHECK(one_sample(grid, moved) == before);
    CHECK_EQ(pmf.size(), 0);  // NOLINT: that is what is tested
    CHECK_EQ(pmf.total(), 0);
    CHECK_THROWS(one_sample(grid, pmf), Refused, "put on no grid");
    CHECK_THROWS((zbins::find_bins(grid, pmf, x.view(), bins.data(), {}), 0), Refused,
                 "put on no grid");
    pmf = std::move(moved);
    CHECK(one_sample(grid, pmf) == before);
    std::vector<std::int64_t> again(500);
    zbins::find_bins(grid, pmf, x.view(), again.data(), {});
    CHECK(again == bins);
    std::vector<Pmf> models;  // what needs a move
    models.push_back(std::move(pmf));
    models.push_back(models::count(grid, x.view()));
    CHECK(models::same_model(models[0], models[1]));
}

TEST(a_grid_and_a_model_that_do_not_belong_together_are_refused) {
    const auto x = unit_rows(300, 2);
    const Grid<float> grid = unit_grid(2, 4);
    const Pmf pmf = models::count(grid, x.view());
    const Grid<double> wide = Grid<double>::from_bounds(
        std::vector<double>{0, 0}, std::vector<double>{1, 1}, std::vector<std::int32_t>{4, 4});
    const std::vector<Grid<float>> others{unit_grid(2, 3), unit_grid(2, 5), unit_grid(3, 4),
                                          unit_grid(2, 4, 2)};
    for (const auto& other : others) {
        CHECK_THROWS(one_sample(other, pmf), Refused, "another grid");
        CHECK_THROWS(zbins::rebase(pmf, other, {}), Refused, "did not grow into");
    }
    std::vector<double> out(2);
    CHECK_THROWS((zbins::draw(wide, pmf, {.n = 1}, out.data(), 2, nullptr, {}), 0), Refused,
                 "another grid");
    std::vector<std::int64_t> bins(300);
    CHECK_THROWS((zbins::find_bins(others[1], pmf, x.view(), bins.data(), {}), 0), Refused,
                 "another grid");
    CHECK_THROWS(zbins::merge(pmf, models::count(others[1], x.view()), {}, {}, 0, {}), Refused,
                 "different grids");

    // Counts made of parts are put on a grid before anything is done with them.
    const auto parts = [&] { return models::make(pmf.layout(), {{{pmf.key(0)[0]}, 7}}); };
    CHECK_THROWS(one_sample(grid, parts()), Refused, "put on no grid");
    CHECK_THROWS(zbins::merge(pmf, parts(), {}, {}, 0, {}), Refused, "different grids");
    one_sample(grid, parts().on(grid));
}

TEST(a_model_stands_on_what_its_grid_grew_into) {
    const auto x = unit_rows(300, 2);
    const Grid<float> grid = unit_grid(2, 3);  // two bits hold a fourth bin
    const Pmf pmf = models::count(grid, x.view());
    const auto grown = [&](float low, float high) {
        return grid.grown(std::vector<float>(2, low), std::vector<float>(2, high), nullptr,
                          nullptr);
    };
    // Upwards, within the bits of a code: nothing moves. Else the model is moved first.
    CHECK(one_sample(grown(0, 1.2f), pmf) == one_sample(grid, pmf));
    const Grid<float> below = grown(-1, 1), far = grown(0, 9);
    for (const auto& other : {below, far}) {
        CHECK_THROWS(one_sample(other, pmf), Refused, "another grid");
        const Pmf moved = zbins::rebase(pmf, other, {});
        CHECK(models::same_model(moved, models::count(other, x.view())));
        CHECK_EQ(one_sample(other, moved).size(), 2);
        CHECK(models::same_model(zbins::merge(pmf, moved, other, {}, {}, 0, {}),
                                 zbins::merge(moved, moved, {}, {}, 0, {})));
    }
    CHECK_THROWS(one_sample(grid, zbins::rebase(pmf, below, {})), Refused, "another grid");

    // A column that was constant and got its width, where its one bin stays the first.
    const Grid<float> constant = Grid<float>::from_bounds(
        std::vector<float>{0, 1}, std::vector<float>{1, 1}, std::vector<std::int32_t>{4, 4});
    inputs::Matrix<float> ones = unit_rows(50, 2);
    for (std::size_t i = 1; i < ones.values.size(); i += 2) ones.values[i] = 1;
    const Pmf flat = models::count(constant, ones.view());
    const auto widened = [&](float low, float high) {
        return constant.grown(std::vector<float>{0, low}, std::vector<float>{1, high}, nullptr,
                              nullptr);
    };
    CHECK_EQ(one_sample(widened(1, 2), flat).size(), 2);
    CHECK_THROWS(one_sample(widened(0, 2), flat), Refused, "another grid");
    CHECK(models::same_model(zbins::rebase(flat, widened(0, 2), {}),
                             models::count(widened(0, 2), ones.view())));
}

TEST(columns_that_a_grid_does_not_have_are_refused) {
    const Grid<float> grid = unit_grid(2, 4);
    for (const std::int64_t j : {std::int64_t{-1}, std::int64_t{2}}) {
        CHECK_THROWS(grid.raw(j, 0.5f), Refused, "there is no column");
        CHECK_THROWS(grid.first_value(j, 0), Refused, "there is no column");
        CHECK_THROWS(grid.last_value(j, 0), Refused, "there is no column");
        CHECK_THROWS(grid.holds_a_value(j, 0), Refused, "there is no column");
    }
    CHECK_THROWS(grid.shift_from(unit_grid(3, 4)), Refused, "did not grow");
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS(grid.grown(std::vector<float>{nan, 0}, std::vector<float>{1, 1}, nullptr, nullptr),
                 Refused, "must be finite");
    CHECK_THROWS(grid.grown(std::vector<float>{1, 0}, std::vector<float>{0, 1}, nullptr, nullptr),
                 Refused, "the lower at most the upper");
}
