// PMF + seed + range of sample numbers -> latents in device memory: the bits that zbins::draw
// gives.
#pragma once

#include "pmf.hpp"

namespace zbins::cuda {

struct DrawRange {
    std::uint64_t seed = 0;
    std::uint64_t first = 0;                   // number of the first sample
    std::uint64_t* first_on_device = nullptr;  // if not null: read there, and moved on by n
    std::int64_t n = 0;                        // how many
    const Label* labels = nullptr;             // if not null, labels[i] conditions draw i
    Label label = -1;                          // else this one does, from 0 on
};

// Queues the draw of n rows of d values, one after the other, and returns; nothing is copied,
// allocated or waited for, so that a CUDA graph can capture it. `labels_out` (may be null) receives
// the label of each draw.
template <class T>
void draw(const Queue& queue, const DeviceAxes<T>& axes, const Pmf& pmf, const DrawRange& range,
          T* out, Label* labels_out);

// Loads the kernels of `draw`, which CUDA does at the first start of each, and may not do while a
// graph is captured.
template <class T>
void load_draw();

extern template void draw(const Queue&, const DeviceAxes<float>&, const Pmf&, const DrawRange&,
                          float*, Label*);
extern template void draw(const Queue&, const DeviceAxes<double>&, const Pmf&, const DrawRange&,
                          double*, Label*);

}  // namespace zbins::cuda
