// Where a call's kernels run, and where its memory comes from. Nothing here owns a device: memory
// is allocated by the caller's framework, in the order of the stream, and given back to it.
#pragma once

#include <cuda.h>
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace zbins::cuda {

// What the runtime said of a call, or of a kernel that ran before it.
class Error : public std::runtime_error {
public:
    Error(cudaError_t code, const std::string& doing);
    cudaError_t code() const { return code_; }

private:
    cudaError_t code_;
};

// Throws Error, or std::bad_alloc where the device has no memory left.
void check(cudaError_t code, const char* doing);

// A block of device memory, for as long as any copy of it lives.
struct Block {
    void* data = nullptr;
    cudaStream_t stream = nullptr;  // it was allocated in the order of
    std::shared_ptr<void> owner;
};

class Allocator {
public:
    virtual ~Allocator() = default;
    // At least `bytes` bytes, aligned to 256. Throws where there are none.
    virtual Block allocate(std::size_t bytes) = 0;
};

// One call's place: kernels are queued on `stream` of device `ordinal`.
struct Queue {
    int ordinal = 0;
    cudaStream_t stream = nullptr;
    Allocator* allocator = nullptr;
};

// An array in device memory.
template <class T>
class Array {
public:
    Array() = default;
    Array(const Queue& queue, std::uint64_t size) : size_(size) {
        if (size == 0) return;
        if (size > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T)) throw std::bad_alloc();
        block_ = queue.allocator->allocate(size * sizeof(T));
        block_.stream = queue.stream;
    }
    T* data() { return static_cast<T*>(block_.data); }
    const T* data() const { return static_cast<const T*>(block_.data); }
    std::uint64_t size() const { return size_; }
    std::uint64_t bytes() const { return size_ * sizeof(T); }
    const Block& block() const { return block_; }

private:
    Block block_;
    std::uint64_t size_ = 0;
};

// Makes `ordinal` the calling thread's device, and leaves the thread as it was: with the context
// that was current before, or none. Not with the *device* it had: a thread that chose none has
// device 0 by default, where since CUDA 12 cudaSetDevice would make a context, half a gigabyte of
// each process on a device that nobody uses. And not with `ordinal` where there was none: other
// runtimes of the process (PyTorch's) see the driver's current context, and the user's next tensor
// would go there.
class DeviceGuard {
public:
    explicit DeviceGuard(int ordinal);
    ~DeviceGuard();
    DeviceGuard(const DeviceGuard&) = delete;
    DeviceGuard& operator=(const DeviceGuard&) = delete;

private:
    CUcontext before_ = nullptr;
    bool moved_ = false;
};

// Waits for all that was queued. The only place where the host waits for the device: where a number
// must come to it, and where a model is about to be published.
void wait(const Queue& queue);

// Number of devices. Throws Error saying why there is none (no driver, one that is too old).
int device_count();

template <class T>
void upload(const Queue& queue, T* to, const T* from, std::uint64_t n) {
    if (n == 0) return;
    check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyHostToDevice, queue.stream),
          "copying to the device");
}
template <class T>
Array<T> uploaded(const Queue& queue, const T* from, std::uint64_t n) {
    Array<T> array(queue, n);
    upload(queue, array.data(), from, n);
    return array;
}

// Waits until the values are there.
template <class T>
void download(const Queue& queue, T* to, const T* from, std::uint64_t n) {
    if (n != 0) {
        check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyDeviceToHost, queue.stream),
              "copying from the device");
    }
    wait(queue);
}
template <class T>
T downloaded(const Queue& queue, const T* from) {
    T value{};
    download(queue, &value, from, 1);
    return value;
}

template <class T>
void fill_bytes(const Queue& queue, Array<T>& array, int byte) {
    if (array.size() == 0) return;
    check(cudaMemsetAsync(array.data(), byte, array.bytes(), queue.stream), "filling memory");
}

}  // namespace zbins::cuda
