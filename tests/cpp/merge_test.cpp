// Why: laws 2 and 3. Models of parts, merged in any order, must be bit for bit the model of all
// rows at once, labels included; so must a model moved to a grown grid.
#include <algorithm>
#include <stdexcept>

#include "check.hpp"
#include "crafted.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/bounds.hpp"
#include "zbins/pmf.hpp"

using inputs::Matrix;
using models::Labels;
using models::on_threads;
using models::same_model;
using zbins::Count;
using zbins::Pmf;

namespace {

Pmf merged(const Pmf& a, const Pmf& b) {
    return zbins::merge(a, b, {}, {}, 0, on_threads(1));
}

template <class T>
zbins::Grid<T> cube(std::int64_t d, T low, T high, std::int32_t k) {
    const auto n = static_cast<std::size_t>(d);
    return zbins::Grid<T>::from_bounds(std::vector<T>(n, low), std::vector<T>(n, high),
                                       std::vector<std::int32_t>(n, k));
}

// What the words call classes when only these labels are there: their sorted list.
Labels classes_of(const Labels& labels) {
    Labels classes(labels);
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    return classes;
}

Labels places(const Labels& labels, const Labels& classes) {
    Labels result;
    for (const zbins::Label label : labels)
        result.push_back(static_cast<zbins::Label>(
            std::lower_bound(classes.begin(), classes.end(), label) - classes.begin()));
    return result;
}

}  // namespace

TEST(merging_equals_counting_all_at_once) {
    inputs::Random random(1);
    for (const std::int32_t k : {2, 10, 1000}) {
        for (const std::int64_t d : {1, 3, 40}) {
            const check::Note note("k ", k, ", d ", d);
            const auto grid = cube<float>(d, 0, 1, k);
            const auto x = inputs::uniform_matrix<float>(random, 3000, d, 0, 1);
            const auto part = [&](std::int64_t first, std::int64_t n) {
                return models::count(grid, x.view_of_rows(first, n),
                                     1 + static_cast<int>(first) % 3);
            };
            const Pmf all = part(0, 3000), a = part(0, 1000), b = part(1000, 1999),
                      c = part(2999, 1), none = part(0, 0);
            CHECK(same_model(merged(merged(a, b), c), all));
            CHECK(same_model(merged(c, merged(b, a)), all));
            CHECK(same_model(merged(b, merged(a, c)), all));
            CHECK(same_model(merged(all, none), all));
            CHECK(same_model(merged(none, all), all));
            CHECK_EQ(merged(none, none).size(), 0);
            const Pmf twice = merged(all, all);
            CHECK_EQ(twice.size(), all.size());
            CHECK_EQ(twice.total(), 6000);
        }
    }
}

// Equal hashes on both sides: the order between them is the order of their keys.
TEST(merging_crafted_models) {
    inputs::Random random(2);
    const zbins::Layout layout(8, 65536);
    models::KeyCounts a, b, all;
    for (int i = 0; i < 3000; ++i) {
        const auto key = crafted::key_with_hash(random, 2, random.below(2));
        const std::uint64_t where = random.below(3);
        if (where != 0) a.push_back({key, 2});
        if (where != 1) b.push_back({key, 3});
        all.push_back({key, where == 0 ? 3u : where == 1 ? 2u : 5u});
    }
    CHECK(same_model(merged(models::make(layout, a), models::make(layout, b)),
                     models::make(layout, all)));
}

TEST(merging_renames_labels) {
    inputs::Random random(3);
    const auto grid = cube<float>(2, 0, 1, 6);
    const auto x = inputs::uniform_matrix<float>(random, 4000, 2, 0, 1);
    // The halves share some labels; each has labels that the other has not.
    Labels labels;
    for (int i = 0; i < 4000; ++i)
        labels.push_back(
            static_cast<zbins::Label>(i < 1500 ? 3 * random.below(5) : 2 * random.below(9)));
    const auto part = [&](std::int64_t first, std::int64_t n, Labels& classes) {
        const Labels mine(labels.begin() + first, labels.begin() + first + n);
        classes = classes_of(mine);
        const Labels codes = places(mine, classes);
        return models::count(grid, x.view_of_rows(first, n), 1, &codes,
                             static_cast<zbins::Label>(classes.size()));
    };
    Labels all_classes, a_classes, b_classes;
    const Pmf all = part(0, 4000, all_classes);
    const Pmf a = part(0, 1500, a_classes), b = part(1500, 2500, b_classes);
    const Labels a_names = places(a_classes, all_classes), b_names = places(b_classes, all_classes);
    CHECK(a_names != models::no_renaming(static_cast<zbins::Label>(a_names.size())));
    const auto classes = static_cast<zbins::Label>(all_classes.size());
    CHECK(same_model(zbins::merge(a, b, a_names, b_names, classes, on_threads(1)), all));
    CHECK(same_model(zbins::merge(b, a, b_names, a_names, classes, on_threads(1)), all));
    for (zbins::Label label = 0; label < classes; ++label) {
        CHECK_EQ(all.label_total(label), std::count(labels.begin(), labels.end(),
                                                    all_classes[static_cast<std::size_t>(label)]));
    }
}

TEST(merging_past_2_to_63_minus_1_rows_is_refused) {
    const zbins::Layout layout(4, 65536);
    constexpr Count half = Count{1} << 62;
    const Pmf a = models::make(layout, {{{1}, half}});
    const Pmf b = models::make(layout, {{{1}, half - 1}}), c = models::make(layout, {{{2}, half}});
    CHECK_EQ(merged(a, b).total(), 2 * half - 1);
    CHECK_THROWS(merged(a, a), std::invalid_argument, "more than 2^63 - 1 rows");
    CHECK_THROWS(merged(a, c), std::invalid_argument, "more than 2^63 - 1 rows");
    // Both at the largest count: even their 64-bit sum does not wrap.
    const Pmf most = models::make(layout, {{{1}, 2 * half - 1}});
    CHECK_THROWS(merged(most, most), std::invalid_argument, "more than 2^63 - 1 rows");
}

TEST(models_of_two_layouts_are_refused) {
    const Pmf a = models::make(zbins::Layout(4, 65536), {{{1}, 1}});
    const Pmf b = models::make(zbins::Layout(4, 256), {{{zbins::Word{1} << 40}, 1}});
    CHECK_THROWS(merged(a, b), std::invalid_argument, "one layout");
}

namespace {

// Counted on the first grid and moved, and counted on the grown one.
template <class T>
void check_rebase(const zbins::Grid<T>& grid, const Matrix<T>& inside, const Matrix<T>& more) {
    inputs::Random random(4);
    Labels labels;
    for (std::int64_t i = 0; i < inside.rows; ++i)
        labels.push_back(static_cast<zbins::Label>(random.below(3)));
    const auto bounds = zbins::find_bounds(more.view(), on_threads(1));
    const auto grown = grids::grown(grid, bounds.lower, bounds.upper);
    const Pmf before = models::count(grid, inside.view(), 1, &labels, 3);
    const Pmf moved = zbins::rebase(before, grown, on_threads(1));
    CHECK_EQ(before.total(), inside.rows);
    CHECK(same_model(moved, models::count(grown, inside.view(), 1, &labels, 3)));
    // And together with rows that came later it is the model of all.
    const Pmf plain = zbins::rebase(models::count(grid, inside.view()), grown, on_threads(1));
    Matrix<T> all(inside);
    all.values.insert(all.values.end(), more.values.begin(), more.values.end());
    all.rows += more.rows;
    CHECK(same_model(merged(plain, models::count(grown, more.view())),
                     models::count(grown, all.view())));
}

}  // namespace

TEST(rebasing_equals_counting_on_the_grown_grid) {
    inputs::Random random(5);
    for (const std::int32_t k : {1, 2, 10, 300}) {
        for (const double reach : {1.5, 20.0, 100.0}) {  // other packings
            const check::Note note("k ", k, ", reach ", reach);
            const auto grid = cube<double>(5, 0, 1, k);
            check_rebase(grid, inputs::uniform_matrix<double>(random, 1000, 5, 0, 1),
                         inputs::uniform_matrix<double>(random, 1000, 5, -reach, reach));
        }
    }
}

TEST(rebasing_where_a_constant_gets_its_width) {
    inputs::Random random(6);
    const auto grid = grids::make<float>({0, 2, 0.25f}, {1, 2, 0.25f}, {8, 5, 300});
    auto inside = inputs::uniform_matrix<float>(random, 500, 3, 0, 1);
    for (std::int64_t i = 0; i < 500; ++i) inside.at(i, 1) = 2, inside.at(i, 2) = 0.25f;
    check_rebase(grid, inside, inputs::uniform_matrix<float>(random, 500, 3, -1, 3));
}

// Large enough for several blocks and ranges; every number of threads must give the same bits.
TEST(merging_and_rebasing_do_not_depend_on_threads) {
    inputs::Random random(7);
    const auto grid = cube<float>(6, 0, 1, 10);
    const std::vector<float> low(6, -0.5f), high(6, 2);
    const auto grown = grids::grown(grid, low, high);
    const auto x = inputs::uniform_matrix<float>(random, 60000, 6, 0, 1);
    Labels labels;
    for (int i = 0; i < 60000; ++i) labels.push_back(static_cast<zbins::Label>(random.below(4)));
    for (const bool labelled : {false, true}) {
        const check::Note note(labelled ? "labels" : "no labels");
        const auto part = [&](const zbins::Grid<float>& on, std::int64_t first, std::int64_t n) {
            const Labels mine(labels.begin() + first, labels.begin() + first + n);
            return models::count(on, x.view_of_rows(first, n), 1, labelled ? &mine : nullptr,
                                 labelled ? 4 : 0);
        };
        const Labels names = models::no_renaming(labelled ? 4 : 0);
        const auto classes = static_cast<zbins::Label>(names.size());
        // The halves overlap, so many bins are in both.
        const Pmf a = part(grid, 0, 40000), b = part(grid, 20000, 40000);
        const Pmf moved = part(grown, 0, 40000);
        const Pmf once = zbins::merge(a, b, names, names, classes, on_threads(1));
        CHECK_EQ(once.total(), 80000);
        models::KeyCounts added;
        for (const Pmf* pmf : {&a, &b}) {
            for (std::uint64_t bin = 0; bin < pmf->size(); ++bin) {
                const zbins::Word* key = pmf->key(bin);
                added.push_back({{key, key + pmf->layout().words}, pmf->count(bin)});
            }
        }
        models::sort_canonically(added);
        std::uint64_t bin = 0;
        for (std::size_t i = 0; i < added.size(); ++bin) {
            Count count = added[i].second;
            const auto& key = added[i].first;
            while (++i < added.size() && added[i].first == key) count += added[i].second;
            CHECK(bin < once.size() && std::equal(key.begin(), key.end(), once.key(bin)) &&
                  once.count(bin) == count);
        }
        CHECK_EQ(once.size(), bin);
        for (const int threads : {1, 2, 3, 8}) {
            const check::Note how(threads, " threads");
            CHECK(same_model(zbins::merge(a, b, names, names, classes, on_threads(threads)), once));
            CHECK(same_model(zbins::rebase(a, grown, on_threads(threads)), moved));
        }
    }
}
