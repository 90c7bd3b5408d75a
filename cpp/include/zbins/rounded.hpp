// Arithmetic that law 1 wants: every operation rounded by itself. The host's flags refuse to fuse
// (-ffp-contract=off); on the device the intrinsics do, whatever the flags.
#pragma once

#include "zbins/types.hpp"

namespace zbins::inline v1 {

#if defined(__CUDA_ARCH__)
__device__ inline float add_rounded(float a, float b) {
    return __fadd_rn(a, b);
}
__device__ inline float subtract_rounded(float a, float b) {
    return __fsub_rn(a, b);
}
__device__ inline float multiply_rounded(float a, float b) {
    return __fmul_rn(a, b);
}
__device__ inline double add_rounded(double a, double b) {
    return __dadd_rn(a, b);
}
__device__ inline double subtract_rounded(double a, double b) {
    return __dsub_rn(a, b);
}
__device__ inline double multiply_rounded(double a, double b) {
    return __dmul_rn(a, b);
}
#else
template <class T>
ZBINS_INLINE T add_rounded(T a, T b) {
    return a + b;
}
template <class T>
ZBINS_INLINE T subtract_rounded(T a, T b) {
    return a - b;
}
template <class T>
ZBINS_INLINE T multiply_rounded(T a, T b) {
    return a * b;
}
#endif

}  // namespace zbins::inline v1
