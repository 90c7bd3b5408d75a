// Device memory: host memory that is poisoned when it is fresh and guarded behind its end.
#pragma once

#include <cstring>

#include "emulator/state.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

struct CUstream_st {};
using cudaStream_t = CUstream_st*;

enum cudaMemcpyKind {
    cudaMemcpyHostToHost = 0,
    cudaMemcpyHostToDevice = 1,
    cudaMemcpyDeviceToHost = 2,
    cudaMemcpyDeviceToDevice = 3,
    cudaMemcpyDefault = 4
};
enum cudaMemoryType {
    cudaMemoryTypeUnregistered = 0,
    cudaMemoryTypeHost = 1,
    cudaMemoryTypeDevice = 2,
    cudaMemoryTypeManaged = 3
};
struct cudaPointerAttributes {
    cudaMemoryType type;
    int device;
    void* devicePointer;
    void* hostPointer;
};

namespace emulator {

inline constexpr std::size_t alignment = 256;
inline constexpr std::size_t canary_bytes = 256;
inline constexpr int fresh = 0xa5, canary = 0xc5, freed = 0xdd;

inline std::size_t allocated_bytes() {
    std::size_t sum = 0;
    const std::lock_guard lock(runtime().mutex);
    for (const auto& [start, allocation] : runtime().allocations) {
        if (allocation.device >= 0) sum += allocation.bytes;
    }
    return sum;
}

inline std::size_t used_bytes(int device) {  // with the mutex held
    std::size_t sum = 0;
    for (const auto& [start, allocation] : runtime().allocations) {
        if (allocation.device == device) sum += allocation.bytes;
    }
    return sum;
}

inline cudaError_t allocate(void** address, std::size_t bytes, int device) {
    if (address == nullptr) return cudaErrorInvalidValue;
    *address = nullptr;
    if (const cudaError_t error = driver_state(); error != cudaSuccess) return error;
    if (device >= 0) make_context(device);
    if (counts_down_to_zero(runtime().allocations_left)) return cudaErrorMemoryAllocation;
    if (bytes == 0) return cudaSuccess;
    const std::lock_guard lock(runtime().mutex);
    if (bytes > runtime().device_bytes) return cudaErrorMemoryAllocation;
    if (device >= 0 && bytes > runtime().device_bytes - used_bytes(device)) {
        return cudaErrorMemoryAllocation;
    }
    const std::size_t whole = (bytes + canary_bytes + alignment - 1) / alignment * alignment;
    auto* block = static_cast<char*>(std::aligned_alloc(alignment, whole));
    if (block == nullptr) return cudaErrorMemoryAllocation;
    std::memset(block, fresh, bytes);
    std::memset(block + bytes, canary, whole - bytes);
    ASAN_POISON_MEMORY_REGION(block + bytes, whole - bytes);
    runtime().allocations[reinterpret_cast<std::uintptr_t>(block)] = {bytes, device};
    *address = block;
    return cudaSuccess;
}

inline cudaError_t release(void* address) {
    if (const cudaError_t error = driver_state(); error != cudaSuccess) return error;
    if (address == nullptr) return cudaSuccess;
    auto* block = static_cast<char*>(address);
    const std::lock_guard lock(runtime().mutex);
    const auto found = runtime().allocations.find(reinterpret_cast<std::uintptr_t>(address));
    if (found == runtime().allocations.end()) return cudaErrorInvalidValue;
    const std::size_t bytes = found->second.bytes;
    const std::size_t whole = (bytes + canary_bytes + alignment - 1) / alignment * alignment;
    ASAN_UNPOISON_MEMORY_REGION(block + bytes, whole - bytes);
    for (std::size_t i = bytes; i < whole; ++i) {
        if (static_cast<unsigned char>(block[i]) != canary) {
            die("cudaFree: %zu bytes at %p were overwritten %zu bytes behind their end", bytes,
                address, i - bytes);
        }
    }
    std::memset(block, freed, bytes);
    runtime().allocations.erase(found);
    std::free(block);
    return cudaSuccess;
}

// Whether [address, address + bytes) lies in one device allocation, or outside of all.
inline bool on_device(const void* address, std::size_t bytes) {
    Allocation found{};
    return find_allocation(address, bytes, found) && found.device >= 0;
}
inline bool on_host(const void* address) {
    Allocation found{};
    return address != nullptr && !(find_allocation(address, 1, found) && found.device >= 0);
}

inline cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    if (const cudaError_t error = context_state(); error != cudaSuccess) return error;
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) {
        return cudaErrorInvalidMemcpyDirection;
    }
    if (bytes == 0) return cudaSuccess;
    const auto fits = [&](const void* address, bool device) {
        return device ? on_device(address, bytes) : on_host(address);
    };
    const bool fine =
        kind == cudaMemcpyDefault
            ? (on_device(to, bytes) || on_host(to)) && (on_device(from, bytes) || on_host(from))
            : fits(to, kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice) &&
                  fits(from, kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice);
    if (!fine) return cudaErrorInvalidValue;
    std::memmove(to, from, bytes);
    return cudaSuccess;
}

inline cudaError_t fill(void* address, int value, std::size_t bytes) {
    if (const cudaError_t error = context_state(); error != cudaSuccess) return error;
    if (bytes == 0) return cudaSuccess;
    if (!on_device(address, bytes)) return cudaErrorInvalidValue;
    std::memset(address, value, bytes);
    return cudaSuccess;
}

}  // namespace emulator

inline cudaError_t cudaMalloc(void** address, std::size_t bytes) {
    (void)emulator::context_state();  // allocate() says what is wrong
    return emulator::report(emulator::allocate(address, bytes, emulator::current_device()));
}
inline cudaError_t cudaFree(void* address) {
    (void)emulator::context_state();
    return emulator::report(emulator::release(address));
}
inline cudaError_t cudaMallocAsync(void** address, std::size_t bytes, cudaStream_t) {
    return cudaMalloc(address, bytes);
}
inline cudaError_t cudaFreeAsync(void* address, cudaStream_t) {
    return cudaFree(address);
}
inline cudaError_t cudaMallocHost(void** address, std::size_t bytes, unsigned = 0) {
    (void)emulator::context_state();
    return emulator::report(emulator::allocate(address, bytes, -1));
}
inline cudaError_t cudaHostAlloc(void** address, std::size_t bytes, unsigned) {
    return cudaMallocHost(address, bytes);
}
inline cudaError_t cudaFreeHost(void* address) {
    return cudaFree(address);
}

template <class T>
cudaError_t cudaMalloc(T** address, std::size_t bytes) {
    return cudaMalloc(reinterpret_cast<void**>(address), bytes);
}
template <class T>
cudaError_t cudaMallocAsync(T** address, std::size_t bytes, cudaStream_t stream) {
    return cudaMallocAsync(reinterpret_cast<void**>(address), bytes, stream);
}
template <class T>
cudaError_t cudaMallocHost(T** address, std::size_t bytes, unsigned flags = 0) {
    return cudaMallocHost(reinterpret_cast<void**>(address), bytes, flags);
}

inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    return emulator::report(emulator::copy(to, from, bytes, kind));
}
inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes,
                                   cudaMemcpyKind kind, cudaStream_t = nullptr) {
    return cudaMemcpy(to, from, bytes, kind);
}
inline cudaError_t cudaMemset(void* address, int value, std::size_t bytes) {
    return emulator::report(emulator::fill(address, value, bytes));
}
inline cudaError_t cudaMemsetAsync(void* address, int value, std::size_t bytes,
                                   cudaStream_t = nullptr) {
    return cudaMemset(address, value, bytes);
}
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
    if (const cudaError_t error = emulator::context_state(); error != cudaSuccess) {
        return emulator::report(error);
    }
    const std::lock_guard lock(emulator::runtime().mutex);
    *total = emulator::runtime().device_bytes;
    *free = *total - emulator::used_bytes(emulator::current_device());
    return cudaSuccess;
}
inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* out, const void* address) {
    if (const cudaError_t error = emulator::driver_state(); error != cudaSuccess) {
        return emulator::report(error);
    }
    auto* pointer = const_cast<void*>(address);
    *out = {cudaMemoryTypeUnregistered, -2, nullptr, pointer};  // -2: cudaInvalidDeviceId
    emulator::Allocation found{};
    if (!emulator::find_allocation(address, 1, found)) return cudaSuccess;
    if (found.device >= 0) {
        *out = {cudaMemoryTypeDevice, found.device, pointer, nullptr};
    } else {
        *out = {cudaMemoryTypeHost, 0, pointer, pointer};
    }
    return cudaSuccess;
}
