// Long streams of rows, counted chunk by chunk and by one plain sort.
#pragma once

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/count.hpp"
#include "zbins/hash.hpp"

namespace streams {

inline constexpr std::uint64_t all_distinct = 0;

// So many rows in a row, each in one of so many bins.
struct Phase {
    std::int64_t rows;
    std::uint64_t bins;
};

// What is drawn when: chunks of 1 to `most` rows, small ones as often as large ones.
struct Stream {
    std::vector<Phase> phases;
    std::int64_t most;
    zbins::Label classes = 0;
};

// All rows as keys of at most two words and labels, sorted once.
class Oracle {
public:
    explicit Oracle(const zbins::Layout& layout) : layout_(layout) {}

    void add(const zbins::Grid<float>& grid, const inputs::Matrix<float>& x,
             const models::Labels& labels) {
        const std::vector<std::int64_t> codes = models::reference_codes(grid, x);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            Row row{0, {0, 0}, labels.empty() ? 0 : labels[static_cast<std::size_t>(i)]};
            for (std::int64_t j = 0; j < x.cols; ++j) {
                const auto code = codes[static_cast<std::size_t>(i * x.cols + j)];
                layout_.set(row.key.data(), j, static_cast<int>(code));
            }
            row.hash = zbins::fixed_hash(row.key.data(), layout_.words);
            rows_.push_back(row);
        }
    }

    void check(const zbins::Pmf& model) {
        std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
            return std::tie(a.hash, a.key, a.label) < std::tie(b.hash, b.key, b.label);
        });
        std::uint64_t bin = 0, entry = 0, wrong = 0;
        const auto words = static_cast<std::size_t>(layout_.words);
        for (std::size_t i = 0; i < rows_.size() && bin < model.size(); ++bin) {
            const Row& row = rows_[i];
            wrong += !std::equal(row.key.begin(), row.key.begin() + words, model.key(bin));
            const std::size_t begin = i;
            while (i < rows_.size() && rows_[i].key == row.key) {
                const std::size_t first = i;
                const zbins::Label label = rows_[i].label;
                for (; i < rows_.size() && rows_[i].key == row.key && rows_[i].label == label;) ++i;
                if (!model.labelled()) continue;
                const zbins::LabelCounts& l = model.labels();
                wrong += entry >= l.label.size() || l.label[entry] != label ||
                         l.count[entry] != i - first;
                ++entry;
            }
            wrong += model.count(bin) != i - begin;
            if (model.labelled()) wrong += model.labels().start[bin + 1] != entry;
        }
        CHECK_EQ(wrong, 0);
        CHECK_EQ(bin, model.size());
        CHECK_EQ(model.total(), rows_.size());
    }

private:
    struct Row {
        std::uint64_t hash;
        std::array<zbins::Word, 2> key;
        zbins::Label label;
    };
    zbins::Layout layout_;
    std::vector<Row> rows_;
};

// A row of bin number `bin` of a phase: its coordinates are a function of these.
inline void fill_row(inputs::Matrix<float>& x, std::int64_t i, std::uint64_t bin) {
    inputs::Random random(bin * 0x9e3779b97f4a7c15ULL);
    for (std::int64_t j = 0; j < x.cols; ++j) x.at(i, j) = random.unit<float>();
}

// d dimensions of 16 bits each.
inline void check_stream(std::int64_t d, const Stream& stream, int threads) {
    const check::Note note("d ", d, ", chunks up to ", stream.most, ", ", stream.classes,
                           " classes, ", threads, " threads");
    const auto columns = static_cast<std::size_t>(d);
    const auto grid = zbins::Grid<float>::from_bounds(std::vector<float>(columns, 0),
                                                      std::vector<float>(columns, 1),
                                                      std::vector<std::int32_t>(columns, 65536));
    zbins::Counter<float> counter(grid, threads, stream.classes > 0);
    Oracle oracle(counter.layout());
    inputs::Random random(1);
    int chunk = 0;
    for (const Phase& phase : stream.phases) {
        std::int64_t size = 0;
        for (std::int64_t done = 0; done < phase.rows; done += size) {
            const std::int64_t most = 1 + (stream.most - 1) / (chunk % 2 == 0 ? 1 : 100);
            size = std::min(phase.rows - done, random.between(1, most));
            inputs::Matrix<float> x(size, d);
            models::Labels labels;
            for (std::int64_t i = 0; i < size; ++i) {
                fill_row(x, i,
                         phase.bins == all_distinct ? random.word() : random.below(phase.bins));
                if (stream.classes == 0) continue;
                const auto classes = static_cast<std::uint64_t>(stream.classes);
                labels.push_back(static_cast<zbins::Label>(random.below(classes)));
            }
            ++chunk;
            // Inside or not is told by the caller; both ways count the same.
            const std::int64_t skipped =
                counter.add(x.view(), chunk % 3 != 0, labels.empty() ? nullptr : labels.data(),
                            models::on_threads(1 + chunk % threads));
            CHECK_EQ(skipped, 0);
            oracle.add(grid, x, labels);
        }
    }
    const models::Labels rank = models::no_renaming(stream.classes);
    oracle.check(counter.finish(rank, models::on_threads(threads)));
}

}  // namespace streams
