#include "device.hpp"

namespace zbins::cuda {

namespace {

std::string version(int number) {
    return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

std::string explained(cudaError_t code, const std::string& doing) {
    const std::string text =
        doing + ": " + cudaGetErrorString(code) + " (" + cudaGetErrorName(code) + ")";
    if (code == cudaErrorInsufficientDriver) {
        int driver = 0, needed = 0;
        cudaDriverGetVersion(&driver);
        cudaRuntimeGetVersion(&needed);
        if (driver == 0) return "this machine has no CUDA driver (" + text + ")";
        return "the driver of this machine is for CUDA " + version(driver) +
               " and this build of zbins for CUDA " + version(needed) +
               ": update the driver, or build zbins with an older nvcc (" + text + ")";
    }
    if (code == cudaErrorStreamCaptureUnsupported) {
        return "a draw that is captured into a CUDA graph must find the model ready: draw once "
               "before (" +
               text + ")";
    }
    if (code == cudaErrorNoKernelImageForDevice) {
        return "this build of zbins has no code for this device: build it again with "
               "CMAKE_CUDA_ARCHITECTURES set (" +
               text + ")";
    }
    return text;
}

// Functions of the driver, found when first needed: nothing links against it, so that the module
// imports where there is none.
struct Driver {
    decltype(&cuCtxGetCurrent) get_current;
    decltype(&cuCtxSetCurrent) set_current;
};

void* driver_function(const char* name) {
    constexpr unsigned version = 12000;  // of the oldest driver that runs what nvcc 12.8 builds
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result{};
    check(cudaGetDriverEntryPointByVersion(name, &found, version, cudaEnableDefault, &result),
          "looking for a function of the driver");
    check(found != nullptr ? cudaSuccess : cudaErrorSymbolNotFound, name);
    return found;
}

const Driver& driver() {
    static const Driver functions{
        reinterpret_cast<decltype(&cuCtxGetCurrent)>(driver_function("cuCtxGetCurrent")),
        reinterpret_cast<decltype(&cuCtxSetCurrent)>(driver_function("cuCtxSetCurrent"))};
    return functions;
}

}  // namespace

Error::Error(cudaError_t code, const std::string& doing)
    : std::runtime_error(explained(code, doing)), code_(code) {}

void check(cudaError_t code, const char* doing) {
    if (code == cudaSuccess) return;
    cudaGetLastError();  // the next call starts without it, where the device is still good
    if (code == cudaErrorMemoryAllocation) throw std::bad_alloc();
    throw Error(code, doing);
}

DeviceGuard::DeviceGuard(int ordinal) {
    int now = 0;
    check(cudaGetDevice(&now), "looking for a CUDA device");
    // The driver's errors have the numbers of the runtime's.
    check(static_cast<cudaError_t>(driver().get_current(&before_)), "looking for a CUDA context");
    moved_ = before_ == nullptr || now != ordinal;
    if (moved_) check(cudaSetDevice(ordinal), "choosing a CUDA device");
}

DeviceGuard::~DeviceGuard() {
    if (moved_) driver().set_current(before_);
}

void wait(const Queue& queue) {
    check(cudaStreamSynchronize(queue.stream), "waiting for the device");
}

int device_count() {
    int count = 0;
    check(cudaGetDeviceCount(&count), "looking for CUDA devices");
    return count;
}

}  // namespace zbins::cuda
