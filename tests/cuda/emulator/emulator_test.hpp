// Helpers of the emulator's own tests.
#pragma once

#include <cuda_runtime.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

inline int failures = 0;
inline void check(bool fine, const char* what, int line) {
    if (fine) return;
    std::fprintf(stderr, "emulator_test.cpp:%d: %s\n", line, what);
    ++failures;
}
#define CHECK(condition) check(condition, #condition, __LINE__)

template <class T>
struct Array {
    T* data = nullptr;
    std::size_t size;
    explicit Array(std::size_t n) : size(n) { CHECK(cudaMalloc(&data, n * sizeof(T)) == 0); }
    explicit Array(const std::vector<T>& v) : Array(v.size()) {
        CHECK(cudaMemcpy(data, v.data(), size * sizeof(T), cudaMemcpyHostToDevice) == 0);
    }
    Array(const Array&) = delete;
    ~Array() { CHECK(cudaFree(data) == 0); }
    std::vector<T> host() const {
        std::vector<T> v(size);
        CHECK(cudaMemcpy(v.data(), data, size * sizeof(T), cudaMemcpyDeviceToHost) == 0);
        return v;
    }
};

template <class... E, class... A>
cudaError_t launch(dim3 grid, dim3 block, void (*kernel)(E...), A... arguments) {
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = block;
    return cudaLaunchKernelEx(&config, kernel, arguments...);
}

// Runs f in a child, which must abort with `message`.
template <class F>
void check_dies(const char* message, int line, F f) {
    int ends[2];
    if (pipe(ends) != 0) return check(false, "pipe", line);
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 2);
        f();
        _exit(0);
    }
    close(ends[1]);
    std::string text;
    char buffer[256];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    check(status != 0 && text.find(message) != std::string::npos,
          (message + (": got " + text)).c_str(), line);
}
#define CHECK_DIES(message, ...) check_dies(message, __LINE__, [&] { __VA_ARGS__; })

void test_runtime();
void test_contexts();
void test_cub();
