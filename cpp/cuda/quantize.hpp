// Latents + grid -> codes, or codes packed into keys.
#pragma once

#include "axes.hpp"
#include "rows.hpp"
#include "zbins/layout.hpp"

namespace zbins::cuda {

// Where no value is not finite.
inline constexpr std::uint64_t no_place = ~std::uint64_t{0};

// codes[i * d + j] for every row, clipped into the grid; Code is std::uint8_t, std::uint16_t or
// std::int32_t. One pass, which also finds the first value that is not finite (then throws
// std::invalid_argument naming it); the host waits for that answer.
template <class T, class Code>
void quantize(const Queue& queue, const DeviceAxes<T>& axes, const Rows& x, Code* codes);

// Keys of rows [first, first + n) of x, layout.words each. With `inside` every value is known to
// lie within [origin, top]: the fast path. Otherwise codes are clipped into the grid,
// outside[i] becomes 1 where row i had to be (it must be zero before), and *not_finite is lowered
// to the place row * cols + col of the first value that is not finite.
template <class T>
void pack(const Queue& queue, const DeviceAxes<T>& axes, const Layout& layout, const Rows& x,
          bool inside, Word* keys, std::uint8_t* outside, std::uint64_t* not_finite);

// The first place row * cols + col of a value outside the grid; no_place if there is none. Waits.
template <class T>
std::uint64_t first_outside(const Queue& queue, const DeviceAxes<T>& axes, const Rows& x);

#define ZBINS_DECLARE(T)                                                                           \
    extern template void quantize(const Queue&, const DeviceAxes<T>&, const Rows&, std::uint8_t*); \
    extern template void quantize(const Queue&, const DeviceAxes<T>&, const Rows&,                 \
                                  std::uint16_t*);                                                 \
    extern template void quantize(const Queue&, const DeviceAxes<T>&, const Rows&, std::int32_t*); \
    extern template void pack(const Queue&, const DeviceAxes<T>&, const Layout&, const Rows&,      \
                              bool, Word*, std::uint8_t*, std::uint64_t*);                         \
    extern template std::uint64_t first_outside(const Queue&, const DeviceAxes<T>&, const Rows&);
ZBINS_DECLARE(float)
ZBINS_DECLARE(double)
#undef ZBINS_DECLARE

}  // namespace zbins::cuda
