// What the codes of a model mean: the grid they were counted on, whatever its dtype. A model can
// only be drawn from, or looked up, on that grid or on one that grew from it.
#pragma once

#include <variant>
#include <vector>

#include "zbins/grid.hpp"
#include "zbins/layout.hpp"

namespace zbins::inline v1 {

class ZBINS_API Frame {
public:
    template <class T>
    explicit Frame(const Grid<T>& grid)
        : grid_(grid), layout_(grid.d(), grid.max_bins_of_a_dimension()) {}

    const Layout& layout() const { return layout_; }
    bool operator==(const Frame& other) const { return grid_ == other.grid_; }

    // Whether `grid` is this one, or grew from it.
    template <class T>
    bool grew_into(const Grid<T>& grid) const {
        const auto* mine = std::get_if<Grid<T>>(&grid_);
        return mine != nullptr && grid.grown_from(*mine);
    }
    // Whether every code means on `grid` what it means here: it is this grid, or it grew from it
    // and the codes stayed what they were.
    template <class T>
    bool stands_on(const Grid<T>& grid) const {
        const auto* mine = std::get_if<Grid<T>>(&grid_);
        if (mine == nullptr) return false;
        return grid == *mine ||  // most often
               (grid.grown_from(*mine) && grid.same_codes(*mine) &&
                Layout(grid.d(), grid.max_bins_of_a_dimension()) == layout_);
    }
    // What to add to the codes here to get those on `grid`, which this one must have grown into.
    template <class T>
    std::vector<std::int32_t> shift_to(const Grid<T>& grid) const {
        return grid.shift_from(std::get<Grid<T>>(grid_));
    }

private:
    std::variant<Grid<float>, Grid<double>> grid_;
    Layout layout_;
};

}  // namespace zbins::inline v1
