// What tests ask of the emulator; called by the test harness through ctypes.
#include "emulator/driver.hpp"

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
// A framework's: it gives a device a context, and the calling thread goes on as it was.
void* emulator_malloc(std::size_t bytes, int device) {
    void* block = nullptr;
    return emulator::allocate(&block, bytes, device) == cudaSuccess ? block : nullptr;
}
std::size_t emulator_allocated_bytes() {
    return emulator::allocated_bytes();
}
void emulator_free(void* block) {
    emulator::release(block);
}
// The device that memory is on; -1: on none.
int emulator_device_of(const void* address) {
    emulator::Allocation found{};
    return emulator::find_allocation(address, 1, found) ? found.device : -1;
}
int emulator_has_context(int device) {
    return emulator::has_context(device);
}
void emulator_forget_contexts() {
    emulator::forget_contexts();
}
void emulator_set_device(int device) {
    cudaSetDevice(device);
}
// The device whose context is current in this thread; -1: none is.
int emulator_current_context() {
    return emulator::current_context == nullptr ? -1 : emulator::current_context->device;
}
}
#pragma GCC visibility pop
