// One column of the grid in registers, and the code of a value in it.
#pragma once

#include "values.cuh"
#include "zbins/axes.hpp"

namespace zbins::cuda {

// What is known of the values beforehand, which decides how much is looked at.
enum class Known {
    inside,  // every value lies within [origin, top]
    plain,   // nothing, but the grid has not grown, and codes are clipped into it
    nothing
};

template <class T>
struct Column {
    T origin, top, scale;
    std::int32_t k, first, bins;

    __device__ void load(const Axes<T>& a, std::int64_t j) {
        origin = a.origin[j], top = a.top[j], scale = a.scale[j];
        k = a.k[j], first = a.first[j], bins = a.bins[j];
    }

    // The code of law 1, clipped into the grid; `outside` is set where it had to be.
    template <Known known>
    __device__ std::int32_t code(T z, bool& outside) const {
        if constexpr (known == Known::nothing) {
            const std::int32_t code = raw_bin(z, origin, top, scale, k) - first;
            const std::int32_t last = bins - 1;
            outside = outside || code < 0 || code > last;
            return code < 0 ? 0 : (code > last ? last : code);
        } else {
            const T t = multiply_rounded(subtract_rounded(z, origin), scale);
            const std::int32_t last = bins - 1;
            if constexpr (known == Known::inside) {
                // A column of one value has the scale 0, and so the raw bin 0.
                const auto raw = static_cast<std::int32_t>(t);
                return (raw < k - 1 ? raw : k - 1) - first;
            } else {
                // What pinning the edges would change lies in the same bin once clipped: t is
                // monotone in z, below 0 (or -0) under origin, and at least k - 1 from top on,
                // since k times the errors of scale, difference and product is far below 1. NaN,
                // infinity times a scale of 0, becomes 0: there is one bin then.
                const T low = t > T(0) ? t : T(0);
                const auto most = static_cast<T>(last);
                return static_cast<std::int32_t>(low < most ? low : most);
            }
        }
    }
};

}  // namespace zbins::cuda
