// Tests of contexts: which calls make one, on which device, and what the driver says of it.
#include <cuda.h>

#include <functional>
#include <thread>

#include "emulator_test.hpp"

namespace {

__global__ void nothing() {}

// In a thread that has used no device yet, where no device has a context.
void in_new_thread(const std::function<void()>& f) {
    emulator::forget_contexts();
    std::thread(f).join();
}

template <class F>
F* driver_function(const char* name) {
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result{};
    CHECK(cudaGetDriverEntryPointByVersion(name, &found, 12000, cudaEnableDefault, &result) == 0);
    CHECK((found != nullptr) == (result == cudaDriverEntryPointSuccess));
    return reinterpret_cast<F*>(found);
}

}  // namespace

void test_contexts() {
    void* p = nullptr;
    CHECK(cudaMalloc(&p, 8) == 0);
    const std::function<void()> makers[] = {
        [] { CHECK(cudaSetDevice(0) == 0); },
        [] { CHECK(cudaFree(nullptr) == 0); },
        [&] { CHECK(cudaMemset(p, 0, 8) == 0); },
        [] { CHECK(launch(1, 1, nothing) == 0); },
        [] { CHECK(cudaStreamSynchronize(nullptr) == 0); },
    };
    for (const auto& make : makers) {
        in_new_thread([&] {
            CHECK(emulator::current_context == nullptr && !emulator::has_context(0));
            make();
            CHECK(emulator::current_context->device == 0);
            CHECK(emulator::has_context(0) && !emulator::has_context(1));
        });
    }
    in_new_thread([] {  // looking around makes none
        int n = 0;
        cudaDeviceProp properties{};
        CHECK(cudaGetDeviceCount(&n) == 0 && cudaGetDevice(&n) == 0 && n == 0);
        CHECK(cudaGetDeviceProperties(&properties, 1) == 0);
        CHECK(cudaDeviceGetAttribute(&n, cudaDevAttrWarpSize, 1) == 0);
        CHECK(emulator::current_context == nullptr && !emulator::has_context(0));
    });
    auto* const get = driver_function<CUresult(CUcontext*)>("cuCtxGetCurrent");
    auto* const set = driver_function<CUresult(CUcontext)>("cuCtxSetCurrent");
    CHECK(driver_function<void()>("cuNoSuchThing") == nullptr);
    in_new_thread([&] {
        CUcontext context = nullptr;
        int device = 0;
        CHECK(get(&context) == CUDA_SUCCESS && context == nullptr);
        CHECK(cudaSetDevice(1) == 0 && get(&context) == CUDA_SUCCESS && context != nullptr);
        CHECK(set(nullptr) == CUDA_SUCCESS && emulator::current_context == nullptr);
        CHECK(set(context) == CUDA_SUCCESS && cudaGetDevice(&device) == 0 && device == 1);
        CHECK(!emulator::has_context(0) && emulator::has_context(1));
    });
    CHECK(cudaFree(p) == 0);
}
