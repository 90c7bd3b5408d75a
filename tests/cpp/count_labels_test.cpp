// Why: counts per (bin, label) decide which label a draw gets and what a targeted draw may give;
// they must be exact, sorted by the place of the label among the classes, and sum to the bin's.
#include <stdexcept>

#include "check.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/count.hpp"

using inputs::Matrix;
using models::Labels;
using models::on_threads;

namespace {

Labels random_labels(inputs::Random& random, std::int64_t n, std::uint64_t classes) {
    Labels labels(static_cast<std::size_t>(n));
    for (zbins::Label& label : labels) label = static_cast<zbins::Label>(random.below(classes));
    return labels;
}

Labels renamed(const Labels& labels, const Labels& rank) {
    Labels result;
    for (const zbins::Label label : labels) result.push_back(rank[static_cast<std::size_t>(label)]);
    return result;
}

// Labels come in order of appearance; `rank` gives their place among the sorted classes.
void check_labels(std::int64_t n, std::int64_t d, std::int32_t k, const Labels& rank) {
    const check::Note note("n ", n, ", d ", d, ", k ", k, ", ", rank.size(), " classes");
    inputs::Random random(1);
    const auto columns = static_cast<std::size_t>(d);
    const auto grid = zbins::Grid<float>::from_bounds(std::vector<float>(columns, 0),
                                                      std::vector<float>(columns, 1),
                                                      std::vector<std::int32_t>(columns, k));
    Matrix<float> x = inputs::uniform_matrix<float>(random, n, d, 0, 1);
    for (std::int64_t i = 0; i < n; i += 10) x.at(i, i % d) = 1.25f;  // skipped
    const Labels labels = random_labels(random, n, rank.size());
    const Labels sorted = renamed(labels, rank);
    const auto counted = models::reference_count(grid, x, &sorted);
    for (const int threads : {1, 2, 4}) {
        const check::Note on(threads, " threads");
        zbins::Counter<float> counter(grid, threads, true);
        CHECK_EQ(counter.add(x.view(), false, labels.data(), on_threads(threads)), (n + 9) / 10);
        const auto model = counter.finish(rank, on_threads(threads));
        CHECK_EQ(model.labels().classes, rank.size());
        models::check_model(model, counted);
        // Without labels the bins are the same (so draws without y are).
        const auto plain = models::count(grid, x.view(), threads);
        CHECK_EQ(plain.size(), model.size());
        CHECK(std::equal(plain.categorical().cumulative_data(),
                         plain.categorical().cumulative_data() + plain.size() + 1,
                         model.categorical().cumulative_data()));
    }
}

}  // namespace

TEST(label_counts_are_exact) {
    check_labels(5000, 2, 5, {0});
    check_labels(5000, 2, 5, {2, 0, 1});
    check_labels(5000, 3, 50, {4, 3, 2, 1, 0});
    Labels many;
    for (zbins::Label l = 0; l < 1000; ++l) many.push_back((l * 7 + 3) % 1000);
    check_labels(20000, 1, 3, many);
    check_labels(60000, 20, 2, {1, 0, 2});      // threads really run
    check_labels(60000, 64, 65536, {1, 0, 2});  // more than one round of them
}

// Labels that no row has, at either end, are classes without rows.
TEST(label_counts_of_classes_without_rows) {
    const auto grid = grids::make<float>({0}, {1}, {4});
    Matrix<float> x(3, 1);
    x.values = {0.1f, 0.6f, 0.6f};
    const Labels labels{1, 1, 3};
    const auto model = models::count(grid, x.view(), 1, &labels, 5);
    const zbins::Count totals[] = {0, 2, 0, 1, 0};
    for (zbins::Label l = 0; l < 5; ++l) CHECK_EQ(model.label_total(l), totals[l]);
}

// (record, label) pairs are hashed too; labels can be crafted as well as rows.
TEST(label_counts_of_every_row_its_own_label) {
    inputs::Random random(2);
    const auto grid = grids::make<float>({0, 0}, {1, 1}, {3, 3});
    const Matrix<float> x = inputs::uniform_matrix<float>(random, 30000, 2, 0, 1);
    const Labels labels = models::no_renaming(30000);
    const auto counted = models::reference_count(grid, x, &labels);
    for (const int threads : {1, 3})
        models::check_model(models::count(grid, x.view(), threads, &labels, 30000), counted);
}
