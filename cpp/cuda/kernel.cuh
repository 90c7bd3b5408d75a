// What every kernel begins with.
#pragma once

#include "launch.hpp"
#include "zbins/types.hpp"

namespace zbins::cuda {

inline constexpr unsigned all_lanes = 0xffffffffu;
using Atomic = unsigned long long;  // what CUDA's atomics call a 64-bit word
static_assert(sizeof(Atomic) == sizeof(Word));

__device__ inline std::uint64_t thread_number() {
    return static_cast<std::uint64_t>(blockIdx.x) * block_threads + threadIdx.x;
}
__device__ inline std::uint64_t thread_count() {
    return static_cast<std::uint64_t>(gridDim.x) * block_threads;
}
__device__ inline Atomic* as_atomic(std::uint64_t* p) {
    return reinterpret_cast<Atomic*>(p);
}

// Past the first-level cache, which does not see what other processors write.
template <class T>
__device__ T read_now(const T* p) {
    return *static_cast<const volatile T*>(p);
}

}  // namespace zbins::cuda
