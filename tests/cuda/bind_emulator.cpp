// What tests ask of the emulator; called by the test harness through ctypes.
#include "emulator/runtime.hpp"

#pragma GCC visibility push(default)
extern "C" {
void emulator_allocations_until_failure(long n) {
    emulator::allocations_until_failure(n);
}
void emulator_kernels_until_failure(long n) {
    emulator::kernels_until_failure(n);
}
void emulator_fail_driver(int code) {
    emulator::fail_driver(static_cast<cudaError_t>(code));
}
void* emulator_malloc(std::size_t bytes) {
    void* block = nullptr;
    return cudaMalloc(&block, bytes) == cudaSuccess ? block : nullptr;
}
std::size_t emulator_allocated_bytes() {
    return emulator::allocated_bytes();
}
void emulator_free(void* block) {
    cudaFree(block);
}
}
#pragma GCC visibility pop
