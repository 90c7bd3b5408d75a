// Why: law 1 in every path of the kernels, at every instruction set of this machine: codes, keys,
// hashes and the mark of rows outside must be those of the law written out, whatever the number of
// columns does to tiles, words and vectors.
#include <algorithm>
#include <vector>

#include "check.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "kernels/dispatch.hpp"
#include "models.hpp"
#include "zbins/hash.hpp"
#include "zbins/layout.hpp"

using inputs::Matrix;
using zbins::Word;

namespace {

struct Quantized {
    std::vector<Word> keys;
    std::vector<std::uint64_t> hashes;
    std::vector<std::uint8_t> outside;
    bool operator==(const Quantized&) const = default;
};

// `codes` are clipped on the way.
template <class T>
Quantized expected(const zbins::Grid<T>& grid, const zbins::Layout& layout,
                   std::vector<std::int64_t>& codes) {
    Quantized q;
    for (auto row = codes.begin(); row != codes.end(); row += layout.d) {
        std::vector<Word> key(static_cast<std::size_t>(layout.words), 0);
        bool outside = false;
        for (std::int64_t j = 0; j < layout.d; ++j) {
            const std::int64_t last = grid.bins()[static_cast<std::size_t>(j)] - 1;
            outside |= row[j] < 0 || row[j] > last;
            row[j] = std::clamp<std::int64_t>(row[j], 0, last);
            layout.set(key.data(), j, static_cast<int>(row[j]));
        }
        q.keys.insert(q.keys.end(), key.begin(), key.end());
        q.hashes.push_back(zbins::fixed_hash(key.data(), layout.words));
        q.outside.push_back(outside ? 1 : 0);
    }
    return q;
}

// Rows as a kernel gets them.
template <class T>
struct Rows {
    const T* data;
    std::int64_t stride, n;
    bool inside;
};

template <class T>
void check_keys(const zbins::kernels::Level& level, const zbins::Grid<T>& grid, const Rows<T>& rows,
                const Quantized& wanted) {
    const zbins::Layout layout(grid.d(), grid.max_bins_of_a_dimension());
    const auto n = static_cast<std::size_t>(rows.n);
    Quantized found{std::vector<Word>(wanted.keys.size(), 7), std::vector<std::uint64_t>(n, 7),
                    std::vector<std::uint8_t>(n, 7)};
    level.of<T>().quantize(rows.data, rows.stride, rows.n, grid.axes(), layout.bits, layout.words,
                           rows.inside, found.keys.data(), found.hashes.data(),
                           found.outside.data());
    if (rows.inside) found.outside = wanted.outside;  // there is nothing to tell
    for (std::uint8_t& mark : found.outside) mark = mark != 0 ? 1 : 0;
    CHECK(found == wanted);
}

template <class T, class Code>
void check_codes(const zbins::kernels::Level& level, const zbins::Grid<T>& grid,
                 const Rows<T>& rows, const std::vector<std::int64_t>& wanted) {
    std::vector<Code> found(wanted.size(), 7);
    level.of<T>().codes(rows.data, rows.stride, rows.n, grid.axes(), rows.inside, sizeof(Code),
                        found.data());
    CHECK(std::equal(found.begin(), found.end(), wanted.begin(),
                     [](Code a, std::int64_t b) { return std::int64_t{a} == b; }));
}

template <class T>
void check_rows(const zbins::Grid<T>& grid, const Matrix<T>& x, bool inside) {
    const zbins::Layout layout(grid.d(), grid.max_bins_of_a_dimension());
    std::vector<std::int64_t> codes = models::reference_codes(grid, x);
    const Quantized wanted = expected(grid, layout, codes);
    if (inside) CHECK_EQ(std::count(wanted.outside.begin(), wanted.outside.end(), 0), x.rows);
    for (const std::int64_t gap : {0, 3}) {
        // Nothing behind the last value: there the sanitizers watch.
        const std::int64_t stride = x.cols + gap;
        std::vector<T> values(static_cast<std::size_t>((x.rows - 1) * stride + x.cols), T(-1e30));
        for (std::int64_t i = 0; i < x.rows; ++i)
            std::copy_n(&x.values[static_cast<std::size_t>(i * x.cols)], x.cols,
                        values.begin() + i * stride);
        const Rows<T> rows{values.data(), stride, x.rows, inside};
        for (const auto* level : zbins::kernels::available()) {
            const check::Note note(level->name, ", ", layout.bits, " bits, d ", x.cols, ", ",
                                   x.rows, " rows ", gap, " apart, ",
                                   inside ? "inside" : "anywhere");
            check_keys(*level, grid, rows, wanted);
            if (layout.bits <= 8) check_codes<T, std::uint8_t>(*level, grid, rows, codes);
            check_codes<T, std::uint16_t>(*level, grid, rows, codes);
            check_codes<T, std::int32_t>(*level, grid, rows, codes);
        }
    }
}

// The widest column needs all these bits; some columns are constant, others narrower.
template <class T>
zbins::Grid<T> grid_of(inputs::Random& random, std::int64_t d, int bits) {
    const std::int64_t most = std::int64_t{1} << bits;
    std::vector<grids::Range<T>> ranges;
    for (std::int64_t j = 0; j < d; ++j) {
        const T low = T(random.between(-3, 3)) / 3;
        const T high = j % 7 == 5 ? low : low + random.unit<T>() + T(0.1);
        ranges.push_back({low, high, static_cast<std::int32_t>(random.between(1, most))});
    }
    ranges[random.below(5) % static_cast<std::uint64_t>(d)] = {0, T(1.5),
                                                               static_cast<std::int32_t>(most)};
    return grids::make(ranges);
}

// As they were fitted, and grown by a bin on each side.
template <class T>
void check_shape(inputs::Random& random, std::int64_t d, int bits, std::int64_t n) {
    const auto grid = grid_of<T>(random, d, bits);
    for (const auto& each : {grid, grids::widened(grid, 1)}) {
        check_rows(each, grids::values_inside(random, each, n), true);
        check_rows(each, grids::values_around(random, each, n), false);
    }
}

constexpr int all_bits[] = {1, 2, 4, 8, 16};

template <class T>
void check_narrow_rows() {
    inputs::Random random(1);
    for (const int bits : all_bits) {
        for (std::int64_t d = 1; d <= 70; ++d) {
            // Several tiles of rows, the last one not full.
            const std::int64_t tiles = d <= 8 ? 8200 / d : 130;
            check_shape<T>(random, d, bits, tiles + random.between(1, 70));
            check_shape<T>(random, d, bits, random.between(1, 9));
        }
    }
}

// Around a tile of columns, and the only row of a tile.
template <class T>
void check_wide_rows() {
    inputs::Random random(2);
    for (const int bits : all_bits) {
        for (std::int64_t d = 4090; d <= 4100; ++d) check_shape<T>(random, d, bits, 3);
        for (const std::int64_t d : {1000, 2048, 2049, 8192, 8193, 10000})
            check_shape<T>(random, d, bits, 4);
    }
}

template <class T>
void check_hard_grids() {
    inputs::Random random(3);
    const auto grid = grids::make(grids::hard_ranges<T>());
    for (const auto& each : {grid, grids::widened(grid, 100)}) {
        check_rows(each, grids::values_inside(random, each, 500), true);
        check_rows(each, grids::values_around(random, each, 500), false);
    }
}

}  // namespace

TEST(kernels_quantize_narrow_float32_rows) {
    check_narrow_rows<float>();
}
TEST(kernels_quantize_narrow_float64_rows) {
    check_narrow_rows<double>();
}
TEST(kernels_quantize_wide_float32_rows) {
    check_wide_rows<float>();
}
TEST(kernels_quantize_wide_float64_rows) {
    check_wide_rows<double>();
}
TEST(kernels_quantize_on_hard_float32_grids) {
    check_hard_grids<float>();
}
TEST(kernels_quantize_on_hard_float64_grids) {
    check_hard_grids<double>();
}
