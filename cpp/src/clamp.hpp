// The clamp of law 4, by bisection over the ordered values of the dtype. Host and device.
#pragma once

#include "ordered_float.hpp"
#include "zbins/axes.hpp"

namespace zbins::inline v1 {

template <class T>
ZBINS_HD int raw_at(const Axes<T>& a, std::int64_t j, T z) {
    return raw_bin(z, a.origin[j], a.top[j], a.scale[j], a.k[j]);
}

// The smallest ordinal in (below, above] whose value is in a raw bin >= `raw`, given that `below`
// is not and `above` is. The raw bin is monotone in the value.
template <class T>
ZBINS_HD Ordinal<T> bisect(const Axes<T>& a, std::int64_t j, std::int32_t raw, Ordinal<T> below,
                           Ordinal<T> above) {
    while (true) {
        // The mean, rounded down, without overflow: the two may be at the far ends of the type.
        const Ordinal<T> middle = (below & above) + ((below ^ above) >> 1);
        if (middle == below) return above;
        (raw_at(a, j, from_ordinal<T>(middle)) >= raw ? above : below) = middle;
    }
}

// `x` moved to the nearest value whose raw bin is `raw`. For x already in the bin this is x itself,
// so it is called only where a draw may have been rounded over an edge.
template <class T>
ZBINS_HD T clamp_into_bin(const Axes<T>& a, std::int64_t j, std::int32_t raw, T x) {
    const Ordinal<T> max = to_ordinal(std::numeric_limits<T>::max());
    Ordinal<T> near = to_ordinal(x);
    near = near < -max ? -max : (near > max ? max : near);
    const int start = raw_at(a, j, from_ordinal<T>(near));
    if (start == raw) return from_ordinal<T>(near) + T(0);
    // A rounded draw is usually one step off, at worst hundreds: gallop outward, then bisect.
    const bool upward = start < raw;
    const Ordinal<T> end = upward ? max : -max;
    Ordinal<T> far = near;
    for (Ordinal<T> step = 1;; step = step > max / 2 ? max : 2 * step) {
        const bool reaches_end = upward ? end - step <= near : end + step >= near;
        far = reaches_end ? end : (upward ? near + step : near - step);
        const int raw_far = raw_at(a, j, from_ordinal<T>(far));
        if (upward ? raw_far >= raw : raw_far <= raw) break;
        if (reaches_end) break;
        near = far;
    }
    const Ordinal<T> found = upward ? bisect(a, j, raw, near, far)
                                    : static_cast<Ordinal<T>>(bisect(a, j, raw + 1, far, near) - 1);
    return from_ordinal<T>(found) + T(0);
}

}  // namespace zbins::inline v1
