// The rest of the runtime's functions, the launch, and the failures a test may ask for.
#pragma once

#include <chrono>

#include "emulator/memory.hpp"

namespace emulator {

// Every call that needs a device, and cudaGetDeviceCount, fails so until reset with cudaSuccess.
inline void fail_driver(cudaError_t error) {
    runtime().driver_error = error;
}
// The n-th allocation or launch (kernel or CUB) from now fails, n >= 1; -1: none does.
inline void allocations_until_failure(long n) {
    runtime().allocations_left = n;
}
inline void kernels_until_failure(long n) {
    runtime().kernels_left = n;
}
// Memory of each device; an allocation beyond it fails.
inline void device_memory(std::size_t bytes) {
    const std::lock_guard lock(runtime().mutex);
    runtime().device_bytes = bytes;
}

inline cudaError_t find_device(int device) {
    if (const cudaError_t error = driver_state(); error != cudaSuccess) return error;
    return device >= 0 && device < runtime().devices ? cudaSuccess : cudaErrorInvalidDevice;
}

}  // namespace emulator

inline cudaError_t cudaGetLastError() {
    return std::exchange(emulator::last_error, cudaSuccess);
}
inline cudaError_t cudaPeekAtLastError() {
    return emulator::last_error;
}

// Devices.
enum cudaDeviceAttr {
    cudaDevAttrMaxThreadsPerBlock = 1,
    cudaDevAttrMaxBlockDimX = 2,
    cudaDevAttrMaxGridDimX = 5,
    cudaDevAttrMaxGridDimY = 6,
    cudaDevAttrMaxSharedMemoryPerBlock = 8,
    cudaDevAttrWarpSize = 10,
    cudaDevAttrMaxRegistersPerBlock = 12,
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrIntegrated = 18,
    cudaDevAttrL2CacheSize = 38,
    cudaDevAttrMaxThreadsPerMultiProcessor = 39,
    cudaDevAttrUnifiedAddressing = 41,
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
    cudaDevAttrManagedMemory = 83,
    cudaDevAttrConcurrentManagedAccess = 89,
    cudaDevAttrCooperativeLaunch = 95,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97,
    cudaDevAttrMemoryPoolsSupported = 115
};
struct cudaDeviceProp {
    char name[256];
    int major, minor;
    int multiProcessorCount;
    std::size_t totalGlobalMem;
    std::size_t sharedMemPerBlock;
    int regsPerBlock;
    int warpSize;
    int maxThreadsPerBlock;
    int maxThreadsPerMultiProcessor;
    int l2CacheSize;
};

inline cudaError_t cudaGetDeviceCount(int* count) {
    *count = 0;
    if (const cudaError_t error = emulator::driver_state(); error != cudaSuccess) {
        return emulator::report(error);
    }
    *count = emulator::runtime().devices;
    return cudaSuccess;
}
inline cudaError_t cudaSetDevice(int device) {
    const cudaError_t error = emulator::find_device(device);
    if (error == cudaSuccess) {
        emulator::chosen_device = device;
        emulator::current_context = emulator::make_context(device);  // at once, since CUDA 12
    }
    return emulator::report(error);
}
inline cudaError_t cudaGetDevice(int* device) {
    const cudaError_t error = emulator::driver_state();
    if (error == cudaSuccess) *device = emulator::current_device();
    return emulator::report(error);
}
inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
    if (const cudaError_t error = emulator::find_device(device); error != cudaSuccess) {
        return emulator::report(error);
    }
    switch (attribute) {
        case cudaDevAttrMaxThreadsPerBlock:
        case cudaDevAttrMaxBlockDimX:
            *value = 1024;
            break;
        case cudaDevAttrMaxGridDimX:
            *value = 2147483647;
            break;
        case cudaDevAttrMaxGridDimY:
            *value = 65535;
            break;
        case cudaDevAttrMaxSharedMemoryPerBlock:
            *value = 49152;
            break;
        case cudaDevAttrWarpSize:
            *value = 32;
            break;
        case cudaDevAttrMaxRegistersPerBlock:
            *value = 65536;
            break;
        case cudaDevAttrMultiProcessorCount:
            *value = 2;
            break;
        case cudaDevAttrL2CacheSize:
            *value = 1 << 20;
            break;
        case cudaDevAttrMaxThreadsPerMultiProcessor:
            *value = 2048;
            break;
        case cudaDevAttrComputeCapabilityMajor:
            *value = 9;
            break;
        case cudaDevAttrComputeCapabilityMinor:
            *value = 0;
            break;
        case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
            *value = 233472;
            break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin:
            *value = 232448;
            break;
        case cudaDevAttrUnifiedAddressing:
        case cudaDevAttrMemoryPoolsSupported:
            *value = 1;
            break;
        default:
            *value = 0;
            break;
    }
    return cudaSuccess;
}
inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* out, int device) {
    if (const cudaError_t error = emulator::find_device(device); error != cudaSuccess) {
        return emulator::report(error);
    }
    *out = {"Emulated device",
            9,
            0,
            2,
            emulator::runtime().device_bytes,
            49152,
            65536,
            32,
            1024,
            2048,
            1 << 20};
    return cudaSuccess;
}
inline cudaError_t cudaDriverGetVersion(int* version) {
    *version = 13000;
    return cudaSuccess;
}
inline cudaError_t cudaRuntimeGetVersion(int* version) {
    *version = 13000;
    return cudaSuccess;
}
inline cudaError_t cudaDeviceSynchronize() {
    return emulator::report(emulator::context_state());
}

// Streams: all work is done when a call returns.
#define cudaStreamLegacy (reinterpret_cast<cudaStream_t>(0x1))
#define cudaStreamPerThread (reinterpret_cast<cudaStream_t>(0x2))
inline constexpr unsigned cudaStreamDefault = 0, cudaStreamNonBlocking = 1;
enum cudaStreamCaptureStatus {
    cudaStreamCaptureStatusNone = 0,
    cudaStreamCaptureStatusActive = 1,
    cudaStreamCaptureStatusInvalidated = 2
};

namespace emulator {
inline cudaError_t find_stream(cudaStream_t stream) {
    if (const cudaError_t error = context_state(); error != cudaSuccess) return error;
    const std::lock_guard lock(runtime().mutex);
    return runtime().destroyed_streams.count(stream) == 0 ? cudaSuccess
                                                          : cudaErrorInvalidResourceHandle;
}
}  // namespace emulator

inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    *stream = nullptr;
    if (const cudaError_t error = emulator::context_state(); error != cudaSuccess) {
        return emulator::report(error);
    }
    *stream = new CUstream_st;
    const std::lock_guard lock(emulator::runtime().mutex);
    emulator::runtime().destroyed_streams.erase(*stream);
    return cudaSuccess;
}
inline cudaError_t cudaStreamCreate(cudaStream_t* stream) {
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    if (const cudaError_t error = emulator::find_stream(stream); error != cudaSuccess) {
        return emulator::report(error);
    }
    const std::lock_guard lock(emulator::runtime().mutex);
    emulator::runtime().destroyed_streams.insert(stream);
    delete stream;
    return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    return emulator::report(emulator::find_stream(stream));
}
inline cudaError_t cudaStreamQuery(cudaStream_t stream) {
    return cudaStreamSynchronize(stream);
}
inline cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
    *status = cudaStreamCaptureStatusNone;
    return emulator::report(emulator::find_stream(stream));
}

// Events.
struct CUevent_st {
    std::chrono::steady_clock::time_point time{};
};
using cudaEvent_t = CUevent_st*;
inline constexpr unsigned cudaEventDefault = 0, cudaEventDisableTiming = 2;

inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    const cudaError_t error = emulator::context_state();
    *event = error == cudaSuccess ? new CUevent_st : nullptr;
    return emulator::report(error);
}
inline cudaError_t cudaEventCreate(cudaEvent_t* event) {
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}
inline cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr) {
    event->time = std::chrono::steady_clock::now();
    return emulator::report(emulator::find_stream(stream));
}
inline cudaError_t cudaEventSynchronize(cudaEvent_t) {
    return cudaDeviceSynchronize();
}
inline cudaError_t cudaEventQuery(cudaEvent_t) {
    return cudaDeviceSynchronize();
}
inline cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t, unsigned = 0) {
    return emulator::report(emulator::find_stream(stream));
}
inline cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return emulator::report(emulator::context_state());
}
inline cudaError_t cudaEventDestroy(cudaEvent_t event) {
    delete event;
    return emulator::report(emulator::context_state());
}
