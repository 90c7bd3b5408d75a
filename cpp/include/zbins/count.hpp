// Latents + grid -> ordered codes and counts. Threads quantize blocks of rows that stay in cache.
// Rows whose bin comes again and again are counted in a small table on the spot; the others wait,
// apart by range of hashes, until a range at a time is put in order and summed up. So memory
// follows the number of occupied bins, threads need no lock, and no merge of tables follows.
#pragma once

#include <memory>
#include <span>

#include "zbins/grid.hpp"
#include "zbins/layout.hpp"
#include "zbins/pmf.hpp"

namespace zbins::inline v1 {

// One row outside a grid: its first coordinate there. row is -1 if there is none.
struct Outside {
    std::int64_t row = -1;
    std::int64_t col = -1;
};
template <class T>
ZBINS_API Outside find_outside(const Grid<T>& grid, const MatrixView<T>& x, const Context& context);

// Counts rows, of one call or of many. Views and labels that do not fit are refused before anything
// is counted; after another exception, and after `finish`, only destruction is left (anything else
// throws std::logic_error).
template <class T>
class ZBINS_API Counter {
public:
    // `threads`: how many may work at once in any later `add`.
    Counter(const Grid<T>& grid, int threads, bool labelled);
    Counter(Counter&&) noexcept;
    ~Counter();

    // Counts the rows inside the grid and returns how many were outside and skipped. `inside`
    // promises that every value lies within [origin, top] (the fast path). `labels` has one entry
    // per row, from 0, if the counter is labelled, and is null otherwise. Throws
    // std::invalid_argument where x, or the labels, do not fit.
    std::int64_t add(const MatrixView<T>& x, bool inside, const Label* labels,
                     const Context& context);

    // The finished model; the counter is used up. `label_rank[l]` is the place of label l among the
    // sorted classes; throws std::invalid_argument where that is no permutation, or lacks a label.
    Pmf finish(std::span<const Label> label_rank, const Context& context);

    const Layout& layout() const;

private:
    struct Worker;
    struct State;
    State& state() const;
    std::unique_ptr<State> state_;
};

extern template Outside find_outside(const Grid<float>&, const MatrixView<float>&, const Context&);
extern template Outside find_outside(const Grid<double>&, const MatrixView<double>&,
                                     const Context&);
extern template class Counter<float>;
extern template class Counter<double>;

}  // namespace zbins::inline v1
