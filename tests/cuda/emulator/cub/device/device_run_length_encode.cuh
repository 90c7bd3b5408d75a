#pragma once

#include "cub/emulated.hpp"

namespace cub {

struct DeviceRunLengthEncode {
    // `int` items only, as in CCCL 3.0.
    template <class In, class Unique, class Counts, class Number>
    static cudaError_t Encode(void* temp, std::size_t& bytes, In in, Unique unique_out,
                              Counts counts_out, Number runs_out, int n,
                              cudaStream_t stream = nullptr) {
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {
            const auto values = emulated::read(in, count);
            std::size_t runs = 0;
            for (std::size_t i = 0; i < count;) {
                const std::size_t first = i;
                while (++i < count && values[i] == values[first]) {
                }
                emulated::write(unique_out, runs, values[first]);
                emulated::write(counts_out, runs++, static_cast<int>(i - first));
            }
            emulated::write(runs_out, 0, runs);
        });
    }
};

}  // namespace cub
