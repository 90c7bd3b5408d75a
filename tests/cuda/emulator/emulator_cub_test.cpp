// Tests of the emulated runtime and CUB.
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <cub/cub.cuh>

#include "emulator_test.hpp"

namespace {

__global__ void increment(unsigned* p) {
    atomicAdd(p, 1u);
}

// ---- runtime

}  // namespace

void test_runtime() {
    int n = 0, value = 0;
    CHECK(cudaGetDeviceCount(&n) == cudaSuccess && n == 2);
    CHECK(cudaSetDevice(2) == cudaErrorInvalidDevice && cudaSetDevice(1) == cudaSuccess);
    CHECK(cudaGetDevice(&n) == cudaSuccess && n == 1);
    CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrComputeCapabilityMajor, 0) == 0 && value == 9);
    const std::size_t before = emulator::allocated_bytes();
    {
        Array<char> a(1000);
        CHECK(emulator::allocated_bytes() == before + 1000);
        CHECK(reinterpret_cast<std::uintptr_t>(a.data) % 256 == 0);
        CHECK(static_cast<unsigned char>(a.host()[999]) == 0xa5);
        cudaPointerAttributes at{};
        CHECK(cudaPointerGetAttributes(&at, a.data + 999) == 0 && at.device == 1);
        CHECK(at.type == cudaMemoryTypeDevice && at.devicePointer == a.data + 999);
        CHECK(cudaPointerGetAttributes(&at, &n) == 0 && at.type == cudaMemoryTypeUnregistered);
        CHECK(cudaMemset(a.data, 0, 1001) == cudaErrorInvalidValue);
        CHECK(cudaMemcpy(a.data, &n, 4, cudaMemcpyDeviceToHost) == cudaErrorInvalidValue);
        std::size_t free = 0, total = 0;
        CHECK(cudaMemGetInfo(&free, &total) == 0 && total - free == 1000);
    }
    CHECK(emulator::allocated_bytes() == before);
    CHECK(cudaSetDevice(0) == cudaSuccess);
    (void)cudaGetLastError();

    void* p = nullptr;
    emulator::allocations_until_failure(2);
    CHECK(cudaMalloc(&p, 8) == cudaSuccess && cudaFree(p) == cudaSuccess);
    CHECK(cudaMalloc(&p, 8) == cudaErrorMemoryAllocation && p == nullptr);
    CHECK(cudaPeekAtLastError() == cudaErrorMemoryAllocation);
    CHECK(cudaGetLastError() == cudaErrorMemoryAllocation && cudaGetLastError() == cudaSuccess);
    CHECK(cudaMalloc(&p, 8) == cudaSuccess && cudaFree(p) == cudaSuccess);
    emulator::allocations_until_failure(-1);
    emulator::device_memory(100);
    CHECK(cudaMalloc(&p, 101) == cudaErrorMemoryAllocation);
    emulator::device_memory(std::size_t{8} << 30);

    Array<unsigned> u(std::vector<unsigned>{0});
    emulator::kernels_until_failure(2);
    CHECK(launch(1, 1, increment, u.data) == cudaSuccess);
    CHECK(launch(1, 1, increment, u.data) == cudaErrorLaunchFailure);
    CHECK(launch(1, 1, increment, u.data) == cudaSuccess && u.host()[0] == 2);
    emulator::fail_driver(cudaErrorInsufficientDriver);
    CHECK(cudaGetDeviceCount(&n) == cudaErrorInsufficientDriver && n == 0);
    CHECK(cudaMalloc(&p, 8) == cudaErrorInsufficientDriver);
    CHECK(launch(1, 1, increment, u.data) == cudaErrorInsufficientDriver);
    emulator::fail_driver(cudaSuccess);
    CHECK(std::string(cudaGetErrorName(cudaErrorNoDevice)) == "cudaErrorNoDevice");

    cudaStream_t stream = nullptr;
    cudaStreamCaptureStatus status{};
    CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    CHECK(cudaStreamIsCapturing(stream, &status) == 0 && status == cudaStreamCaptureStatusNone);
    CHECK(cudaStreamDestroy(stream) == cudaSuccess);
    CHECK(cudaStreamSynchronize(stream) == cudaErrorInvalidResourceHandle);
    CHECK(cudaStreamSynchronize(nullptr) == cudaSuccess);
    (void)cudaGetLastError();

    const float nan = NAN;
    CHECK(__float2int_rd(-1.5f) == -2 && __float2int_rz(-1.5f) == -1 && __float2int_rz(nan) == 0);
    CHECK(__float2int_rd(3e9f) == INT32_MAX && __float2int_rd(-3e9f) == INT32_MIN);
    CHECK(__float2int_rd(2147483648.f) == INT32_MAX && __double2int_rd(2147483647.5) == INT32_MAX);
    CHECK(__double2int_rz(NAN) == INT32_MIN && __double2int_rd(-0.5) == -1);
    CHECK(__umul64hi(~0ull, ~0ull) == ~0ull - 1 && __umulhi(~0u, 2) == 1 && __mulhi(-1, 2) == -1);
    CHECK(__popcll(~0ull) == 64 && __ffs(8) == 4 && __clz(1) == 31 && __clzll(0) == 64);
}

namespace {

// ---- CUB

template <class F>
void twice(F f, int line) {
    std::size_t bytes = 0;
    check(f(nullptr, bytes) == cudaSuccess && bytes > 0, "size query", line);
    Array<char> temp(bytes);
    std::size_t less = bytes - 1;
    check(f(temp.data, less) == cudaErrorInvalidValue, "temporary storage too small", line);
    check(f(temp.data, bytes) == cudaSuccess, "CUB call", line);
    (void)cudaGetLastError();
}
#define TWICE(...) twice([&](void* t, std::size_t& b) { return cub::__VA_ARGS__; }, __LINE__)

template <class K>
void test_sorts(std::size_t n) {
    std::vector<K> keys(n);
    std::vector<unsigned> values(n);
    for (std::size_t i = 0; i < n; ++i) {
        const std::uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u >> 20;
        keys[i] = static_cast<K>(static_cast<K>(x % 1000) - static_cast<K>(500));
        values[i] = static_cast<unsigned>(i);
    }
    auto order = values;
    std::stable_sort(order.begin(), order.end(),
                     [&](unsigned a, unsigned b) { return keys[a] < keys[b]; });
    auto sorted = keys;
    std::stable_sort(sorted.begin(), sorted.end());
    const Array<K> in(keys);
    const Array<unsigned> vin(values);
    {
        Array<K> out(n);
        Array<unsigned> vout(n);
        TWICE(DeviceRadixSort::SortPairs(t, b, in.data, out.data, vin.data, vout.data, n));
        CHECK(out.host() == sorted && vout.host() == order && in.host() == keys);
        TWICE(DeviceRadixSort::SortKeys(t, b, in.data, out.data, static_cast<int>(n)));
        CHECK(out.host() == sorted);
    }
    {
        Array<K> k0(keys), k1(n);
        Array<unsigned> v0(values), v1(n);
        cub::DoubleBuffer<K> k(k0.data, k1.data);
        cub::DoubleBuffer<unsigned> v(v0.data, v1.data);
        TWICE(DeviceRadixSort::SortPairs(t, b, k, v, n));
        CHECK(n == 0 || (k.Current() == k1.data && k.selector == 1 && v.Alternate() == v0.data));
        CHECK(k1.host() == sorted && v1.host() == order);
    }
    {
        Array<K> k(keys);
        Array<unsigned> v(values);
        const auto less = [](const K& a, const K& b) { return a < b; };
        TWICE(DeviceMergeSort::StableSortPairs(t, b, k.data, v.data, n, less));
        CHECK(k.host() == sorted && v.host() == order);
        TWICE(DeviceMergeSort::SortKeys(t, b, k.data, n, std::greater<K>{}));
        CHECK(k.host() == std::vector<K>(sorted.rbegin(), sorted.rend()));
    }
}

}  // namespace

void test_cub() {
    for (std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{3000}}) {
        test_sorts<std::uint64_t>(n);
        test_sorts<unsigned long long>(n);
        test_sorts<std::uint32_t>(n);
        test_sorts<std::int64_t>(n);
        test_sorts<int>(n);
        test_sorts<float>(n);
        test_sorts<double>(n);
    }
    {
        const Array<unsigned> in({0x13, 0x02, 0x11, 0x03});
        Array<unsigned> out(4);
        TWICE(DeviceRadixSort::SortKeys(t, b, in.data, out.data, 4, 4, 8));
        CHECK((out.host() == std::vector<unsigned>{0x02, 0x03, 0x13, 0x11}));
    }
    Array<std::uint8_t> bytes({200, 100, 7});
    Array<unsigned> wide(3);
    TWICE(DeviceScan::ExclusiveSum(t, b, bytes.data, wide.data, 3));
    CHECK((wide.host() == std::vector<unsigned>{0, 200, 300}));
    TWICE(DeviceScan::InclusiveSum(t, b, wide.data, wide.data, 3, nullptr));
    CHECK((wide.host() == std::vector<unsigned>{0, 200, 500}));
    Array<unsigned> big({0x80000000u, 0x80000000u, 1u});
    Array<unsigned long long> sums(3);
    TWICE(DeviceScan::InclusiveSum(t, b, big.data, sums.data, 3));
    CHECK((sums.host() == std::vector<unsigned long long>{0x80000000u, 0, 1}));  // as CUB does
    const auto most = [](unsigned a, unsigned c) { return a < c ? c : a; };
    TWICE(DeviceScan::InclusiveScan(t, b, wide.data, sums.data, most, 3));
    CHECK((sums.host() == std::vector<unsigned long long>{0, 200, 500}));
    TWICE(DeviceScan::ExclusiveScan(t, b, wide.data, sums.data, most, 250u, 3));
    CHECK((sums.host() == std::vector<unsigned long long>{250, 250, 250}));

    Array<unsigned> number(1);
    const auto square = [](unsigned i) { return i * i; };
    const auto squares =
        thrust::make_transform_iterator(thrust::make_counting_iterator(0u), square);
    Array<unsigned> out(10);
    TWICE(DeviceSelect::If(t, b, squares, out.data, number.data, 10,
                           [](unsigned x) { return x % 2 == 1; }));
    CHECK(number.host()[0] == 5 && out.host()[4] == 81);
    Array<char> flags({0, 1, 0, 0, 0, 0, 0, 0, 0, 1});
    TWICE(DeviceSelect::Flagged(t, b, thrust::counting_iterator<unsigned>(7), flags.data, out.data,
                                number.data, 10));
    CHECK(number.host()[0] == 2 && out.host()[0] == 8 && out.host()[1] == 16);

    const Array<unsigned> keys({4, 4, 2, 2, 2, 4});
    Array<unsigned> unique(6), counts(6);
    TWICE(DeviceRunLengthEncode::Encode(t, b, keys.data, unique.data, counts.data, number.data, 6));
    CHECK(number.host()[0] == 3 && unique.host()[1] == 2 && counts.host()[1] == 3);
    TWICE(DeviceReduce::ReduceByKey(t, b, keys.data, unique.data, squares, counts.data, number.data,
                                    std::plus<>{}, 6));
    CHECK(number.host()[0] == 3 && counts.host()[1] == 4 + 9 + 16 && counts.host()[2] == 25);
    Array<std::uint64_t> total(1);
    TWICE(DeviceReduce::Sum(t, b, big.data, total.data, 3));
    CHECK(total.host()[0] == 0x100000001u);
    TWICE(DeviceReduce::Max(t, b, keys.data, number.data, 6));
    CHECK(number.host()[0] == 4);
    TWICE(DeviceReduce::Min(t, b, keys.data, number.data, 6));
    CHECK(number.host()[0] == 2);
    emulator::kernels_until_failure(1);
    std::size_t size = 1 << 20;
    Array<char> temp(size);
    CHECK(cub::DeviceReduce::Sum(temp.data, size, big.data, total.data, 3) ==
          cudaErrorLaunchFailure);
    (void)cudaGetLastError();
}
