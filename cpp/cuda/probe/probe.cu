// The least that needs all the real sources need: C++20, the toolkit's headers, CUB and what CUB
// includes. CUB itself would take many seconds for each architecture, so it is only looked for.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <bit>
#include <concepts>
#include <cstdint>

#if !__has_include(<cub/cub.cuh>) || !__has_include(<thrust/version.h>) || \
    !__has_include(<cuda/std/version>)
#error "no CUB headers: cub/cub.cuh, thrust/version.h or cuda/std/version is missing (CCCL)"
#endif
#include <cub/version.cuh>
static_assert(CUB_VERSION >= 200700, "CUB counts with 64 bits from 2.7 on");

template <std::unsigned_integral T>
__global__ void probe(T* x) {
    *x = static_cast<T>(std::countl_zero(*x)) + (__half2float(__half(1.0f)) > 0);
}

int run() {
    std::uint64_t* x = nullptr;
    if (cudaMalloc(&x, sizeof(*x)) != cudaSuccess) return 1;
    probe<<<1, 1>>>(x);
    return cudaFree(x) == cudaSuccess ? 0 : 1;
}
