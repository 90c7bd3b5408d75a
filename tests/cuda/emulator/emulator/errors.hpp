// The error codes this project may meet, with CUDA's numbers.
#pragma once

#define EMULATOR_ERRORS(X)                      \
    X(cudaSuccess, 0)                           \
    X(cudaErrorInvalidValue, 1)                 \
    X(cudaErrorMemoryAllocation, 2)             \
    X(cudaErrorInitializationError, 3)          \
    X(cudaErrorCudartUnloading, 4)              \
    X(cudaErrorInvalidConfiguration, 9)         \
    X(cudaErrorInvalidDevicePointer, 17)        \
    X(cudaErrorInvalidMemcpyDirection, 21)      \
    X(cudaErrorStubLibrary, 34)                 \
    X(cudaErrorInsufficientDriver, 35)          \
    X(cudaErrorDevicesUnavailable, 46)          \
    X(cudaErrorInvalidDeviceFunction, 98)       \
    X(cudaErrorNoDevice, 100)                   \
    X(cudaErrorInvalidDevice, 101)              \
    X(cudaErrorInvalidKernelImage, 200)         \
    X(cudaErrorDeviceUninitialized, 201)        \
    X(cudaErrorNoKernelImageForDevice, 209)     \
    X(cudaErrorECCUncorrectable, 214)           \
    X(cudaErrorInvalidPtx, 218)                 \
    X(cudaErrorUnsupportedPtxVersion, 222)      \
    X(cudaErrorInvalidResourceHandle, 400)      \
    X(cudaErrorSymbolNotFound, 500)             \
    X(cudaErrorNotReady, 600)                   \
    X(cudaErrorIllegalAddress, 700)             \
    X(cudaErrorLaunchOutOfResources, 701)       \
    X(cudaErrorLaunchTimeout, 702)              \
    X(cudaErrorAssert, 710)                     \
    X(cudaErrorIllegalInstruction, 715)         \
    X(cudaErrorMisalignedAddress, 716)          \
    X(cudaErrorLaunchFailure, 719)              \
    X(cudaErrorNotPermitted, 800)               \
    X(cudaErrorNotSupported, 801)               \
    X(cudaErrorSystemNotReady, 802)             \
    X(cudaErrorSystemDriverMismatch, 803)       \
    X(cudaErrorCompatNotSupportedOnDevice, 804) \
    X(cudaErrorStreamCaptureUnsupported, 900)   \
    X(cudaErrorStreamCaptureInvalidated, 901)   \
    X(cudaErrorUnknown, 999)

enum cudaError {
#define EMULATOR_ERROR(name, number) name = number,
    EMULATOR_ERRORS(EMULATOR_ERROR)
#undef EMULATOR_ERROR
};
using cudaError_t = cudaError;

inline const char* cudaGetErrorName(cudaError_t error) {
    switch (error) {
#define EMULATOR_ERROR(name, number) \
    case name:                       \
        return #name;
        EMULATOR_ERRORS(EMULATOR_ERROR)
#undef EMULATOR_ERROR
    }
    return "unrecognized error code";
}
inline const char* cudaGetErrorString(cudaError_t error) {
    switch (error) {
        case cudaSuccess:
            return "no error";
        case cudaErrorMemoryAllocation:
            return "out of memory";
        case cudaErrorNoDevice:
            return "no CUDA-capable device is detected";
        case cudaErrorInsufficientDriver:
            return "CUDA driver version is insufficient for CUDA runtime version";
        case cudaErrorLaunchFailure:
            return "unspecified launch failure";
        default:
            return cudaGetErrorName(error);
    }
}
#undef EMULATOR_ERRORS
