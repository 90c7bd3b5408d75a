// Starting kernels: by name and arguments, with every error looked at.
#pragma once

#include "device.hpp"

namespace zbins::cuda {

inline constexpr int block_threads = 256;

// `blocks` blocks of block_threads threads.
template <class... Parameters, class... Arguments>
void launch(const Queue& queue, void (*kernel)(Parameters...), std::uint64_t blocks,
            Arguments&&... arguments) {
    if (blocks == 0) return;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(static_cast<unsigned>(blocks), 1, 1);
    config.blockDim = dim3(block_threads, 1, 1);
    config.stream = queue.stream;
    check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...),
          "starting a kernel");
}

// At least one thread for each of n items, in blocks. A grid has at most 2^31 - 1 blocks: 5e11
// items, more than the memory of any device holds.
inline std::uint64_t blocks_for(std::uint64_t n) {
    return (n + block_threads - 1) / block_threads;
}

template <class... Parameters, class... Arguments>
void launch_for(const Queue& queue, std::uint64_t n, void (*kernel)(Parameters...),
                Arguments&&... arguments) {
    launch(queue, kernel, blocks_for(n), std::forward<Arguments>(arguments)...);
}

// Blocks that fill the device `waves` times over: for kernels that walk their input with a stride.
inline std::uint64_t blocks_of_device(const Queue& queue, int waves = 1) {
    int processors = 0, threads = 0;
    check(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, queue.ordinal),
          "asking for the device's processors");
    check(cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, queue.ordinal),
          "asking for the device's threads");
    return static_cast<std::uint64_t>(processors) * static_cast<std::uint64_t>(waves) *
           static_cast<std::uint64_t>(threads / block_threads);
}

}  // namespace zbins::cuda
