// CUDA's keywords for a plain C++ compiler. The standard headers come first: none of them may see
// these macros.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __grid_constant__
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))
// All threads of a block run on one host thread, one block at a time: what a host thread owns is
// what a block shares. It starts as whatever the block before left there, as on a device.
#define __shared__ static thread_local
