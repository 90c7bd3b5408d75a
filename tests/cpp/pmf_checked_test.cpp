// Why: a model file may be damaged or forged. Each way a model can be wrong must be refused with a
// message before anything is drawn from it.
#include <functional>
#include <limits>
#include <stdexcept>

#include "check.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/pmf.hpp"

using zbins::Count;
using zbins::Label;
using zbins::Layout;
using zbins::Word;

namespace {

// A model as it lies in a file.
struct Parts {
    Layout layout{5, 16};  // one word, 44 bits unused
    std::vector<Word> keys;
    std::vector<Count> counts;
    bool labelled = true;
    Label classes = 3;
    std::vector<std::uint64_t> start;
    std::vector<Label> label;
    std::vector<Count> count;

    zbins::Pmf build() const {
        std::optional<zbins::LabelCounts> labels;
        if (labelled)
            labels = zbins::LabelCounts{classes, models::buffer(start), models::buffer(label),
                                        models::buffer(count)};
        return zbins::Pmf::checked(layout, models::buffer(keys), models::buffer(counts),
                                   std::move(labels));
    }
};

Parts sound() {
    models::KeyCounts entries;
    for (Word i = 0; i < 10; ++i) entries.push_back({{i << 60 | i << 44}, 3 + i});
    models::sort_canonically(entries);
    Parts parts;
    parts.start = {0};
    for (const auto& [key, n] : entries) {
        parts.keys.push_back(key[0]);
        parts.counts.push_back(n);
        for (const Label label : {0, 2}) {
            parts.label.push_back(label);
            parts.count.push_back(label == 0 ? 1 : n - 1);
        }
        parts.start.push_back(parts.label.size());
    }
    return parts;
}

void check_refused(const std::string& text, const std::function<void(Parts&)>& damage) {
    Parts parts = sound();
    damage(parts);
    CHECK_THROWS(parts.build(), std::invalid_argument, text);
}

}  // namespace

TEST(a_sound_model_is_accepted) {
    Parts parts = sound();
    const auto model = parts.build();
    CHECK_EQ(model.size(), 10);
    CHECK_EQ(model.total(), 75);
    CHECK_EQ(model.label_total(0), 10);
    CHECK_EQ(model.label_total(1), 0);
    CHECK_EQ(model.label_total(2), 65);
    parts.labelled = false;
    CHECK(!parts.build().labelled());
    Parts empty;
    empty.start = {0};
    CHECK_EQ(empty.build().total(), 0);
    empty.labelled = false;
    CHECK_EQ(empty.build().size(), 0);
}

TEST(damaged_codes_are_refused) {
    check_refused("differ in length", [](Parts& p) { p.keys.pop_back(); });
    check_refused("differ in length", [](Parts& p) { p.keys.push_back(0); });
    check_refused("differ in length", [](Parts& p) { p.layout = Layout(17, 16); });
    check_refused("canonical order", [](Parts& p) { std::swap(p.keys[3], p.keys[4]); });
    check_refused("canonical order", [](Parts& p) { std::swap(p.keys[0], p.keys[9]); });
    check_refused("canonical order", [](Parts& p) { p.keys[5] = p.keys[4]; });
    for (const Word bit : {Word{1}, Word{1} << 43})
        check_refused("beyond its dimensions", [&](Parts& p) { p.keys[9] |= bit; });
    // All bits of a full word are in use: the same keys under another layout are sound.
    Parts full = sound();
    full.layout = Layout(16, 16);
    CHECK_EQ(full.build().size(), 10);
}

TEST(damaged_counts_are_refused) {
    check_refused("not positive", [](Parts& p) { p.counts[2] = 0; });
    check_refused("not positive", [](Parts& p) { p.counts[9] = Count{1} << 63; });
    check_refused("not positive", [](Parts& p) { p.counts[0] = ~Count{0}; });
    check_refused("more than 2^63 - 1 rows", [](Parts& p) {
        p.labelled = false;
        p.counts[0] = p.counts[1] = Count{1} << 62;
    });
    check_refused("more than 2^63 - 1 rows", [](Parts& p) {
        p.labelled = false;
        p.counts.assign(10, (Count{1} << 63) - 1);
    });
}

TEST(damaged_labels_are_refused) {
    const std::string fit = "label counts do not fit the bins";
    check_refused(fit, [](Parts& p) { p.start.pop_back(); });
    check_refused(fit, [](Parts& p) { p.start.clear(); });
    check_refused(fit, [](Parts& p) { p.start[0] = 1; });
    check_refused(fit, [](Parts& p) { p.start[3] = p.start[2]; });
    check_refused(fit, [](Parts& p) { p.start[3] = p.start[2] - 1; });
    check_refused(fit, [](Parts& p) { p.start[3] = ~std::uint64_t{0}; });
    check_refused(fit, [](Parts& p) { p.start[9] = 1000; });
    check_refused(fit, [](Parts& p) { p.start[10] -= 1; });
    check_refused(fit, [](Parts& p) { p.label.push_back(0); });
    check_refused(fit, [](Parts& p) { p.count.push_back(1); });
    const std::string name = "not increasing, or name no class";
    check_refused(name, [](Parts& p) { p.label[7] = 3; });
    check_refused(name, [](Parts& p) { p.label[6] = -1; });
    check_refused(name, [](Parts& p) { p.label[6] = std::numeric_limits<Label>::min(); });
    check_refused(name, [](Parts& p) { p.label[7] = p.label[6]; });
    check_refused(name, [](Parts& p) { std::swap(p.label[6], p.label[7]); });
    check_refused(name, [](Parts& p) { p.classes = 2; });
    check_refused(name, [](Parts& p) { p.classes = 0; });
    check_refused(name, [](Parts& p) { p.classes = -1; });
    const std::string sum = "do not add up to its count";
    check_refused(sum, [](Parts& p) { p.count[4] = 0; });
    check_refused(sum, [](Parts& p) { p.count[4] += 1; });
    check_refused(sum, [](Parts& p) { p.count[5] -= 1; });
    check_refused(sum, [](Parts& p) { p.counts[2] += 1; });
    // A sum that is right only modulo 2^64.
    check_refused(sum, [](Parts& p) { p.count[4] = ~Count{0}, p.count[5] += 2; });
}

TEST(codes_that_no_draw_can_meet_are_refused) {
    // 1e8 .. 1e8 + 64 in float32 has nine values: bins 0, 1 of 10 have one, 3 has none.
    const auto grid = grids::make<float>({1e8f, 0, 7}, {1e8f + 64, 1, 7}, {16, 4, 9});
    const Layout layout(3, 16);
    const auto model = [&](const models::Code& code) {
        return models::make(layout, {{models::packed(layout, code), 1}});
    };
    model({0, 3, 0}).on(grid).check_grid(grid);
    model({15, 0, 0}).on(grid).check_grid(grid);
    CHECK(!grid.holds_a_value(0, 3));
    using Error = std::invalid_argument;
    CHECK_THROWS(model({3, 0, 0}).on(grid), Error,
                 "bin 3 of column 0 is occupied but holds no value");
    CHECK_THROWS(model({0, 4, 0}).on(grid), Error, "a code of column 1 is 4, outside its 4 bins");
    CHECK_THROWS(model({0, 0, 1}).on(grid), Error, "a code of column 2 is 1, outside its 1 bins");
    const Layout other(3, 17);
    CHECK_THROWS(models::make(other, {{{0}, 1}}).on(grid), Error, "not packed as the grid wants");
    // Extents that reach past the largest value: bins there can be named but not met.
    constexpr float max = std::numeric_limits<float>::max();
    const auto far = grids::make<float>({0}, {max}, {4});
    const auto past = far.with_extents(std::vector<std::int32_t>{0}, std::vector<std::int32_t>{9});
    const Layout one(1, 9);
    CHECK_THROWS(models::make(one, {{models::packed(one, {7}), 1}}).on(past), Error,
                 "bin 7 of column 0");
}
