// cudaLaunchKernelEx: the only way kernels are launched.
#pragma once

#include "emulator/runtime.hpp"

enum cudaLaunchAttributeID { cudaLaunchAttributeIgnore = 0 };
union cudaLaunchAttributeValue {
    char pad[64];
};
struct cudaLaunchAttribute {
    cudaLaunchAttributeID id;
    cudaLaunchAttributeValue val;
};
struct cudaLaunchConfig_t {
    dim3 gridDim;
    dim3 blockDim;
    std::size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute* attrs;
    unsigned numAttrs;
};

namespace emulator {

inline cudaError_t launch(const cudaLaunchConfig_t& config, void (*body)(void*), void* data) {
    if (const cudaError_t error = launch_state(config.stream); error != cudaSuccess) return error;
    const dim3 grid = config.gridDim, block = config.blockDim;
    const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
    if (grid.x < 1 || grid.x > 2147483647u || grid.y < 1 || grid.y > 65535 || grid.z < 1 ||
        grid.z > 65535 || block.x > 1024 || block.y > 1024 || block.z > 64 || threads < 1 ||
        threads > 1024) {
        return cudaErrorInvalidConfiguration;
    }
    if (config.dynamicSmemBytes != 0) return cudaErrorNotSupported;
    run_grid(grid, block, body, data);
    return cudaSuccess;
}

}  // namespace emulator

template <class... Expected, class... Actual>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Expected...),
                               Actual&&... arguments) {
    static_assert((sizeof(Expected) + ... + 0) <= 4096, "kernel parameters beyond 4 KiB");
    // As in cuda_runtime.h: the arguments are converted once, on the host.
    return [&](Expected... converted) {
        auto body = [&] { kernel(converted...); };
        return emulator::report(emulator::launch(
            *config, [](void* data) { (*static_cast<decltype(body)*>(data))(); }, &body));
    }(std::forward<Actual>(arguments)...);
}

template <class Kernel>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Kernel, int, std::size_t) {
    *blocks = 2;
    return emulator::report(emulator::context_state());
}

struct cudaFuncAttributes {
    int numRegs;
    std::size_t sharedSizeBytes;
};
template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Kernel) {
    *attributes = {};
    return emulator::report(emulator::context_state());
}
