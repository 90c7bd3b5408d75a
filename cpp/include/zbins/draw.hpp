// PMF + seed + range of sample numbers -> latents (laws 4, 5 and 6). Sample number i is a pure
// function of (model, seed, i): any thread, batch or machine draws the same bits.
#pragma once

#include "zbins/categorical.hpp"
#include "zbins/grid.hpp"
#include "zbins/parallel.hpp"
#include "zbins/pmf.hpp"

namespace zbins::inline v1 {

inline constexpr int stream_version = 1;

// Writes n rows of d values, `stride` elements apart. `labels_out` (may be null) receives the label
// of each draw. Throws std::invalid_argument where the model was not counted on this grid (or one
// that grew into it), has no rows, or none of a label asked for.
template <class T>
ZBINS_API void draw(const Grid<T>& grid, const Pmf& pmf, const DrawRange& range, T* out,
                    std::int64_t stride, Label* labels_out, const Context& context);

extern template void draw(const Grid<float>&, const Pmf&, const DrawRange&, float*, std::int64_t,
                          Label*, const Context&);
extern template void draw(const Grid<double>&, const Pmf&, const DrawRange&, double*, std::int64_t,
                          Label*, const Context&);

}  // namespace zbins::inline v1
