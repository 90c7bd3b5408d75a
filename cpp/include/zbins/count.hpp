// Latents + grid -> ordered codes and counts: quantize in blocks that stay in cache, count in
// tables that each own one range of hashes, so threads need no lock and no merge follows.
#pragma once

#include <span>
#include <vector>

#include "zbins/grid.hpp"
#include "zbins/layout.hpp"
#include "zbins/pmf.hpp"
#include "zbins/table.hpp"

namespace zbins {

// One row outside a grid: its first coordinate there. row is -1 if there is none.
struct Outside {
    std::int64_t row = -1;
    std::int64_t col = -1;
};
template <class T>
Outside find_outside(const Grid<T>& grid, const MatrixView<T>& x, const Context& context);

// Counts rows of one call. After an exception it is good for nothing but destruction.
template <class T>
class Counter {
public:
    // `threads`: how many may work at once in any later `add`; decides the number of tables.
    Counter(const Grid<T>& grid, int threads, bool labelled);

    // Counts the rows inside the grid and returns how many were outside and skipped. `inside`
    // promises that every value lies within [origin, top] (the fast path). `labels` has one entry
    // per row, from 0, if the counter is labelled, and is null otherwise.
    std::int64_t add(const MatrixView<T>& x, bool inside, const Label* labels,
                     const Context& context);

    // The finished model. `label_rank[l]` is the place of label l among the sorted classes.
    Pmf finish(std::span<const Label> label_rank, const Context& context);

    const Layout& layout() const { return layout_; }

private:
    struct Range {  // one range of hashes
        Table bins;
        Table pairs;  // (record of the bin, label) -> count; unused without labels
    };
    struct Scratch;

    void add_alone(const MatrixView<T>& x, bool inside, const Label* labels, std::int64_t& skipped,
                   const Context& context);
    void add_together(const MatrixView<T>& x, bool inside, const Label* labels,
                      std::int64_t& skipped, int threads, const Context& context);
    template <class RowOf>
    void insert(Range& range, const Scratch& from, std::int64_t n, const Label* labels,
                RowOf&& row_of);
    LabelCounts collect_labels(const std::vector<std::vector<std::uint64_t>>& orders,
                               std::span<const Label> label_rank, std::uint64_t bins);

    Grid<T> grid_;
    Layout layout_;
    bool labelled_;
    int range_bits_ = 0;
    std::vector<Range> ranges_;
};

extern template Outside find_outside(const Grid<float>&, const MatrixView<float>&, const Context&);
extern template Outside find_outside(const Grid<double>&, const MatrixView<double>&,
                                     const Context&);
extern template class Counter<float>;
extern template class Counter<double>;

}  // namespace zbins
