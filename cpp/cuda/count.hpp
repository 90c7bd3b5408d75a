// Latents + grid -> a model, in device memory: keys, a table of them, compaction, order.
#pragma once

#include <optional>

#include "pmf.hpp"
#include "rows.hpp"

namespace zbins::cuda {

// The label of every row as its place among `classes` sorted ones, in device memory.
struct RowLabels {
    const Label* place = nullptr;
    Label classes = 0;
};

// Counts at most most_rows rows (table.hpp) inside the grid. `inside` promises that every value
// lies within [origin, top] (the fast path). Rows outside are skipped: those counted are total().
template <class T>
std::shared_ptr<Pmf> count(const Queue& queue, const Grid<T>& grid, const Rows& x, bool inside,
                           const std::optional<RowLabels>& labels);

extern template std::shared_ptr<Pmf> count(const Queue&, const Grid<float>&, const Rows&, bool,
                                           const std::optional<RowLabels>&);
extern template std::shared_ptr<Pmf> count(const Queue&, const Grid<double>&, const Rows&, bool,
                                           const std::optional<RowLabels>&);

}  // namespace zbins::cuda
