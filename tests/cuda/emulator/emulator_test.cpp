// Tests of the emulator itself, which those of the CUDA stages rest on: collectives, atomics,
// grids.
#include "emulator_test.hpp"

namespace {

// ---- collectives. Every kernel counts the threads that found what they expected.

__device__ void expect(unsigned* good, bool fine) {
    if (fine) atomicAdd(good, 1u);
}

__global__ void reverse_block(unsigned* good, unsigned early) {
    __shared__ unsigned shared[1024];
    const unsigned n = blockDim.x - early;
    if (threadIdx.x >= n) return;  // barriers count the living only
    for (unsigned round = 0; round < 5; ++round) {
        shared[threadIdx.x] = threadIdx.x + round + blockIdx.x;
        __syncthreads();
        const unsigned other = n - 1 - threadIdx.x;
        expect(good, shared[other] == other + round + blockIdx.x);
        __syncthreads();
    }
    expect(good, __syncthreads_count(threadIdx.x % 3 == 0) == static_cast<int>((n + 2) / 3));
    expect(good, __syncthreads_or(threadIdx.x == 1) != 0);
    expect(good, __syncthreads_and(threadIdx.x == 1) == 0);
}

template <class T>
__device__ void shuffles(unsigned* good, unsigned mask, int lanes) {
    const int lane = static_cast<int>(threadIdx.x % 32);
    const T mine = static_cast<T>(lane * 3 + 1);
    const auto of = [](int l) { return static_cast<T>(l * 3 + 1); };
    expect(good, __shfl_sync(mask, mine, lanes - 1) == of(lanes - 1));
    expect(good, __shfl_up_sync(mask, mine, 1) == of(lane == 0 ? 0 : lane - 1));
    const T down = __shfl_down_sync(mask, mine, 2);
    expect(good, lane + 2 >= lanes ? true : down == of(lane + 2));
    expect(good, __shfl_xor_sync(mask, mine, 1) == of(lane ^ 1));
    expect(good, __shfl_sync(mask, mine, 1, 4) == of((lane & ~3) + 1));
    expect(good, __shfl_up_sync(mask, mine, 1, 4) == of(lane % 4 == 0 ? lane : lane - 1));
    expect(good, __shfl_down_sync(mask, mine, 1, 4) == of(lane % 4 == 3 ? lane : lane + 1));
    expect(good, __shfl_xor_sync(mask, mine, 4, 4) == of((lane & 4) != 0 ? lane ^ 4 : lane));
}
constexpr unsigned shuffle_checks = 8 * 8;

__global__ void warp_functions(unsigned* good) {
    const unsigned first = threadIdx.x / 32 * 32;
    const unsigned lanes = min(32u, blockDim.x - first);
    const unsigned lane = threadIdx.x % 32;
    const unsigned mask = lanes == 32 ? ~0u : (1u << lanes) - 1;
    const int n = static_cast<int>(lanes);
    shuffles<int>(good, mask, n);
    shuffles<unsigned>(good, mask, n);
    shuffles<long>(good, mask, n);
    shuffles<std::uint64_t>(good, mask, n);
    shuffles<long long>(good, mask, n);
    shuffles<unsigned long long>(good, mask, n);
    shuffles<float>(good, mask, n);
    shuffles<double>(good, mask, n);
    expect(good, __activemask() == mask);
    expect(good, __ballot_sync(mask, lane % 2 == 0) == (0x55555555u & mask));
    expect(good, __any_sync(mask, lane == 3) && !__any_sync(mask, lane == 99));
    expect(good, __all_sync(mask, lane < 99) && !__all_sync(mask, lane != 3));
    expect(good, __match_any_sync(mask, lane % 4) == (0x11111111u << lane % 4 & mask));
    expect(good,
           __match_any_sync(mask, (lane % 4 + 1ull) << 40) == (0x11111111u << lane % 4 & mask));
    expect(good, __reduce_add_sync(mask, lane) == lanes * (lanes - 1) / 2);
    expect(good, __reduce_min_sync(mask, static_cast<int>(lane) - 5) == -5);
    expect(good, __reduce_max_sync(mask, lane) == lanes - 1);
    __syncwarp(mask);
    // Halves go their own ways, then meet.
    const unsigned odd = 0xaaaaaaaau & mask, even = 0x55555555u & mask;
    if (lane % 2 == 1) {
        for (int i = 0; i < 5; ++i) expect(good, __ballot_sync(odd, 1) == odd);
    } else {
        for (int i = 0; i < 5; ++i) expect(good, __ballot_sync(even, 1) == even);
    }
    expect(good, __ballot_sync(mask, 1) == mask);
    if (lane >= 4 && lane < 8) return;
    const unsigned rest = mask & ~0xf0u;
    expect(good, __ballot_sync(rest, 1) == rest);  // without those that left
}

void test_collectives() {
    for (unsigned block : {1u, 31u, 32u, 33u, 250u, 1024u}) {
        for (unsigned early : {0u, 1u, 20u}) {
            if (early + 2 > block) continue;
            Array<unsigned> good(std::vector<unsigned>{0});
            CHECK(launch(7, block, reverse_block, good.data, early) == cudaSuccess);
            CHECK(good.host()[0] == 7 * 8 * (block - early));
        }
    }
    for (unsigned block : {32u, 64u, 40u, 128u + 12u}) {
        Array<unsigned> good(std::vector<unsigned>{0});
        CHECK(launch(5, block, warp_functions, good.data) == cudaSuccess);
        const unsigned warps = (block + 31) / 32;
        CHECK(good.host()[0] == 5 * (block * (shuffle_checks + 9 + 5 + 1) + block - 4 * warps));
    }
}

// ---- atomics

__global__ void count_atomically(int* i, unsigned* u, unsigned long long* l, long long* s) {
    const unsigned id = blockIdx.x * blockDim.x + threadIdx.x;
    atomicAdd(&i[0], -1);
    atomicAdd(&u[0], 1u);
    atomicAdd(&l[0], 1ull << 33);
    atomicMin(&i[1], -static_cast<int>(id));
    atomicMax(&i[2], static_cast<int>(id));
    atomicMin(&u[1], id);
    atomicMax(&u[2], id);
    atomicMin(&s[0], -static_cast<long long>(id));
    atomicMax(&s[1], static_cast<long long>(id));
    atomicMin(&l[1], 5ull + id);
    atomicMax(&l[2], 5ull + id);
    atomicOr(&u[3], 1u << id % 32);
    atomicAnd(&u[4], ~(1u << id % 32));
    atomicOr(&l[3], 1ull << id % 64);
    atomicAnd(&l[4], ~(1ull << id % 64));
    if (atomicExch(&u[5], 1u) == 0) atomicAdd(&u[6], 1u);
    if (atomicExch(&l[5], 1ull) == 0) atomicAdd(&u[6], 1u);
    unsigned seen = *static_cast<volatile unsigned*>(&u[7]);
    for (unsigned old; (old = atomicCAS(&u[7], seen, seen + 1)) != seen;) seen = old;
    unsigned long long wide = 0;
    for (unsigned long long old; (old = atomicCAS(&l[6], wide, wide + 1)) != wide;) wide = old;
    // A plain increment: the yields of atomics must lose some.
    const unsigned lost = *static_cast<volatile unsigned*>(&u[8]);
    atomicAdd(&u[9], 1u);
    *static_cast<volatile unsigned*>(&u[8]) = lost + 1;
}

void test_atomics() {
    const unsigned n = 40 * 200;
    Array<int> i({0, 0, 0});
    Array<unsigned> u({0, ~0u, 0, 0, ~0u, 0, 0, 0, 0, 0});
    Array<unsigned long long> l({0, ~0ull, 0, 0, ~0ull, 0, 0});
    Array<long long> s({0, 0});
    CHECK(launch(40, 200, count_atomically, i.data, u.data, l.data, s.data) == cudaSuccess);
    const auto hi = i.host();
    const auto hu = u.host();
    const auto hl = l.host();
    const int last = static_cast<int>(n) - 1;
    CHECK((hi == std::vector<int>{-static_cast<int>(n), -last, last}));
    CHECK(hu[0] == n && hu[1] == 0 && hu[2] == n - 1 && hu[3] == ~0u && hu[4] == 0);
    CHECK(hu[6] == 2 && hu[7] == n &&
          (hu[8] < n || std::getenv("ZBINS_EMULATOR_YIELD") != nullptr) && hu[9] == n);
    CHECK(hl[0] == (1ull << 33) * n && hl[1] == 5 && hl[2] == 4ull + n && hl[3] == ~0ull);
    CHECK(hl[4] == 0 && hl[6] == n);
    CHECK((s.host() == std::vector<long long>{-last, last}));
}

// ---- grids, and what must not work

__global__ void visit(unsigned* seen) {
    const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    atomicAdd(&seen[block * blockDim.x * blockDim.y * blockDim.z + thread], 1u);
}
// Block 0 waits for block 1: it must be running on another host thread.
__global__ void meet_blocks(unsigned* flag) {
    atomicAdd(flag, 1u);
    while (atomicAdd(flag, 0u) < 2) __nanosleep(100);
}
__global__ void bad_mask(int what) {
    if (what == 0) __syncwarp(0xfffffffeu);                      // lane 0 is not named
    if (what == 1 && threadIdx.x != 3) __syncwarp();             // lane 3 has exited
    if (what == 2) __syncwarp(threadIdx.x < 2 ? 3u : 12u | 3u);  // lanes 0 and 1 never come
    if (what == 3) threadIdx.x == 0 ? __syncwarp(0xfu) : (void)__ballot_sync(0xfu, 1);
    if (what == 4 && threadIdx.x == 0) __syncwarp(0xfu);  // others wait in the barrier
    if (what == 4) __syncthreads();
}
[[maybe_unused]] __global__ void overrun(char* p, int at) {
    p[at] = 1;
}

void test_grids() {
    Array<unsigned> seen(std::vector<unsigned>(2 * 3 * 4 * 5 * 6 * 2, 0u));
    CHECK(launch({2, 3, 4}, {5, 6, 2}, visit, seen.data) == cudaSuccess);
    CHECK(seen.host() == std::vector<unsigned>(seen.size, 1u));
    Array<unsigned> flag(std::vector<unsigned>{0});
    CHECK(launch(2, 1, meet_blocks, flag.data) == cudaSuccess);
    CHECK(launch(0, 1, visit, seen.data) == cudaErrorInvalidConfiguration);
    CHECK(launch(1, 1025, visit, seen.data) == cudaErrorInvalidConfiguration);
    CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration && cudaGetLastError() == 0);

    CHECK_DIES("which its mask fffffffe does not name", launch(1, 32, bad_mask, 0));
    CHECK_DIES("have exited", launch(1, 32, bad_mask, 1));
    CHECK_DIES("do not exist", launch(1, 31, bad_mask, 1));
    CHECK_DIES("have exited", launch(1, 4, bad_mask, 2));
    CHECK_DIES("meets", launch(1, 4, bad_mask, 3));
    CHECK_DIES("deadlock", launch(1, 4, bad_mask, 4));
    CHECK_DIES("on the host", __syncthreads());
#if !defined(__SANITIZE_ADDRESS__)  // which finds the write itself
    CHECK_DIES("overwritten 3 bytes behind", Array<char> a(5); launch(1, 1, overrun, a.data, 8));
#endif
}

// ---- speed

__global__ void nothing() {}
__global__ void barriers() {
    for (int i = 0; i < 10; ++i) __syncthreads();
}
__global__ void warps() {
    for (int i = 0; i < 10; ++i) __ballot_sync(~0u, 1);
}
void time_kernel(const char* name, unsigned blocks, void (*kernel)()) {
    const auto start = std::chrono::steady_clock::now();
    CHECK(launch(blocks, 256, kernel) == cudaSuccess);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::printf("%-24s %8.2f million threads/s\n", name, blocks * 256e-6 / taken.count());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::string(argv[1]) == "--speed") {
        time_kernel("empty kernel", 40000, nothing);
        time_kernel("10 x __syncthreads", 2000, barriers);
        time_kernel("10 x __ballot_sync", 2000, warps);
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < 1000; ++i) CHECK(launch(2, 32, nothing) == cudaSuccess);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        std::printf("%-24s %8.2f us\n", "launch of two blocks", taken.count() * 1e3);
        return failures != 0;
    }
    test_collectives();
    test_atomics();
    test_grids();
    test_runtime();
    test_contexts();
    test_cub();
    CHECK(emulator::allocated_bytes() == 0);
    if (failures == 0) std::puts("emulator: all tests passed");
    return failures != 0;
}
