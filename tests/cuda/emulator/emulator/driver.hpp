// The driver: two of its functions, found by name at run time as in CUDA.
#pragma once

#include <cstring>

#include "emulator/runtime.hpp"

enum CUresult : int { CUDA_SUCCESS = 0, CUDA_ERROR_INVALID_VALUE = 1 };  // as cudaError_t numbers

enum cudaDriverEntryPointQueryResult {
    cudaDriverEntryPointSuccess = 0,
    cudaDriverEntryPointSymbolNotFound = 1,
    cudaDriverEntryPointVersionNotSufficent = 2
};
inline constexpr unsigned long long cudaEnableDefault = 0;

namespace emulator {

inline CUresult get_current_context(CUcontext* context) {
    if (context == nullptr) return CUDA_ERROR_INVALID_VALUE;
    *context = current_context;
    return static_cast<CUresult>(driver_state());
}
inline CUresult set_current_context(CUcontext context) {
    current_context = context;
    return static_cast<CUresult>(driver_state());
}

}  // namespace emulator

inline cudaError_t cudaGetDriverEntryPointByVersion(const char* symbol, void** function, unsigned,
                                                    unsigned long long,
                                                    cudaDriverEntryPointQueryResult* result) {
    *function = nullptr;
    if (const cudaError_t error = emulator::driver_state(); error != cudaSuccess) {
        return emulator::report(error);
    }
    if (std::strcmp(symbol, "cuCtxGetCurrent") == 0) {
        *function = reinterpret_cast<void*>(&emulator::get_current_context);
    } else if (std::strcmp(symbol, "cuCtxSetCurrent") == 0) {
        *function = reinterpret_cast<void*>(&emulator::set_current_context);
    }
    *result =
        *function != nullptr ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
    return cudaSuccess;
}
