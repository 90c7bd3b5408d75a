#include "margin.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

// x = origin + (raw + u) * width is off by at most a unit roundoff in each of the sum, the product,
// the width and the last sum, and (x - origin) * scale by as much again in each of its three. The
// first kind counts at most |raw| + 1 widths, the last sum |x| / width.
template <class T>
T safe_margin(const Axes<T>& a) {
    const StrictFloats strict;
    constexpr double roundoff = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
    constexpr T smallest = std::numeric_limits<T>::min();
    double margin = 0;
    for (std::int64_t j = 0; j < a.d; ++j) {
        if (a.width[j] == 0) continue;  // constant so far: the value is exact
        // Below the normal numbers errors are no longer relative.
        if (a.width[j] < smallest || a.scale[j] < smallest) return 1;
        // Nor where a value could overflow before it is clamped.
        const double reach = std::max(-a.first[j], a.first[j] + a.bins[j]) + 1.0;
        const double width = static_cast<double>(a.width[j]);
        constexpr double most = static_cast<double>(std::numeric_limits<T>::max());
        if (!(std::fabs(static_cast<double>(a.origin[j])) / 2 + reach * (width / 2) < most / 2.1))
            return 1;
        const double in_widths = std::fabs(static_cast<double>(a.origin[j])) / width + reach;
        margin = std::max(margin, roundoff * 1.25 * (6 * reach + in_widths));
    }
    return StrictFloats::settled(static_cast<T>(std::min(margin, 1.0)));
}

template float safe_margin(const Axes<float>&);
template double safe_margin(const Axes<double>&);

}  // namespace zbins::inline v1
