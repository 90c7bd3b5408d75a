// What the runtime remembers between calls: the failures asked for, the last error, the devices.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "emulator/errors.hpp"
#include "emulator/grid.hpp"

// A primary context: what a process holds on a device that it uses, about half a gigabyte.
struct CUctx_st {
    int device;
    bool made = false;
};
using CUcontext = CUctx_st*;

namespace emulator {

struct Allocation {
    std::size_t bytes;
    int device;  // -1: pinned host memory
};

struct Runtime {
    std::atomic<int> driver_error{cudaSuccess};
    std::atomic<long> allocations_left{-1};  // until the one that fails; -1: none does
    std::atomic<long> kernels_left{-1};
    std::mutex mutex;  // for what follows
    std::map<std::uintptr_t, Allocation> allocations;
    std::set<const void*> destroyed_streams;
    std::map<int, CUctx_st> contexts;
    std::size_t device_bytes = std::size_t{8} << 30;  // memory of a device
    int devices = 2;

    Runtime() {
        const char* text = std::getenv("ZBINS_EMULATOR_DEVICES");
        if (text != nullptr && *text != '\0') devices = std::atoi(text);
    }
};
// Never destroyed: what frees memory may be a static object itself.
inline Runtime& runtime() {
    static Runtime& instance = *new Runtime;
    return instance;
}

inline thread_local cudaError_t last_error = cudaSuccess;
inline thread_local int chosen_device = 0;                // by cudaSetDevice of this runtime
inline thread_local CUcontext current_context = nullptr;  // the driver's: all runtimes see it

inline int current_device() {
    return current_context != nullptr ? current_context->device : chosen_device;
}
inline CUcontext make_context(int device) {
    const std::lock_guard lock(runtime().mutex);
    CUctx_st& context = runtime().contexts.try_emplace(device, CUctx_st{device}).first->second;
    context.made = true;
    return &context;
}
inline bool has_context(int device) {
    const std::lock_guard lock(runtime().mutex);
    const auto found = runtime().contexts.find(device);
    return found != runtime().contexts.end() && found->second.made;
}
inline void forget_contexts() {
    const std::lock_guard lock(runtime().mutex);
    for (auto& [device, context] : runtime().contexts) context.made = false;
}

inline cudaError_t report(cudaError_t error) {
    if (error != cudaSuccess) last_error = error;
    return error;
}

// What every call that needs a driver begins with.
inline cudaError_t driver_state() {
    const auto error = static_cast<cudaError_t>(runtime().driver_error.load());
    if (error != cudaSuccess) return error;
    return runtime().devices > 0 ? cudaSuccess : cudaErrorNoDevice;
}

// What every call that works on the current device begins with: such a device has a context.
inline cudaError_t context_state() {
    const cudaError_t error = driver_state();
    if (error == cudaSuccess) current_context = make_context(current_device());
    return error;
}

inline bool counts_down_to_zero(std::atomic<long>& left) {
    long now = left.load();
    while (now > 0 && !left.compare_exchange_weak(now, now - 1)) {
    }
    return now == 1;  // and stays 0 from then on, which fails no more
}

// For kernels and for CUB's functions, which launch kernels.
inline cudaError_t launch_state(const void* stream) {
    if (const cudaError_t error = context_state(); error != cudaSuccess) return error;
    if (counts_down_to_zero(runtime().kernels_left)) return cudaErrorLaunchFailure;
    const std::lock_guard lock(runtime().mutex);
    return runtime().destroyed_streams.count(stream) == 0 ? cudaSuccess
                                                          : cudaErrorInvalidResourceHandle;
}

// The allocation that holds [address, address + bytes), or none.
inline bool find_allocation(const void* address, std::size_t bytes, Allocation& found) {
    const auto a = reinterpret_cast<std::uintptr_t>(address);
    const std::lock_guard lock(runtime().mutex);
    auto after = runtime().allocations.upper_bound(a);
    if (after == runtime().allocations.begin()) return false;
    const auto& [start, allocation] = *--after;
    if (a - start >= allocation.bytes || bytes > allocation.bytes - (a - start)) return false;
    found = allocation;
    return true;
}

}  // namespace emulator
