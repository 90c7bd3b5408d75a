// What must hold of a model that comes from outside (a file, a pickle) before it may be drawn from.
#include <string>
#include <vector>

#include "zbins/error.hpp"
#include "zbins/pmf.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

namespace {

template <class T>
void check_codes(const Grid<T>& grid, const Pmf& pmf, const Context& context) {
    InterruptCheck check(context);
    const StrictFloats strict;
    const Layout& layout = pmf.layout();
    if (!(layout == Layout(grid.d(), grid.max_bins_of_a_dimension())))
        throw_value_error("codes are not packed as the grid wants");
    std::vector<bool> occurs;
    for (std::int64_t j = 0; j < grid.d(); ++j) {
        const std::int32_t bins = grid.bins()[static_cast<std::size_t>(j)];
        const std::int32_t first = grid.first()[static_cast<std::size_t>(j)];
        occurs.assign(static_cast<std::size_t>(bins), false);
        for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) {
            if (bin % (1 << 16) == 0) check();
            const int code = layout.code(pmf.key(bin), j);
            if (code >= bins) {
                throw_value_error("a code of column " + std::to_string(j) + " is " +
                                  std::to_string(code) + ", outside its " + std::to_string(bins) +
                                  " bins");
            }
            occurs[static_cast<std::size_t>(code)] = true;
        }
        for (std::int32_t code = 0; code < bins; ++code) {
            if (occurs[static_cast<std::size_t>(code)] && !grid.constant(j) &&
                !grid.holds_a_value(j, code + first))
                throw_value_error("bin " + std::to_string(code) + " of column " +
                                  std::to_string(j) + " is occupied but holds no value");
        }
    }
}

}  // namespace

template <class T>
Pmf Pmf::on(const Grid<T>& grid, const Context& context) && {
    check_codes(grid, *this, context);
    frame_ = std::make_shared<const Frame>(grid);
    return std::move(*this);
}
template Pmf Pmf::on(const Grid<float>&, const Context&) &&;
template Pmf Pmf::on(const Grid<double>&, const Context&) &&;

}  // namespace zbins::inline v1
