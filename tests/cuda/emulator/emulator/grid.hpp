// Threads of a block as fibers on one host thread, blocks spread over a few host threads.
// The scheduler itself is in emulator.cpp.
#pragma once

#include "emulator/types.hpp"

// Set by the scheduler before it resumes a fiber. A block never moves to another host thread, so
// the compiler may keep these addresses across a switch.
extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;
inline constexpr int warpSize = 32;

namespace emulator {

[[noreturn]] void die(const char* format, ...) __attribute__((format(printf, 1, 2)));

// What a lane brings to a warp collective, and what it takes home.
struct Lane {
    std::uint64_t value;   // in
    int argument;          // in: source lane of a shuffle
    std::uint64_t result;  // out
    unsigned mask;
    const struct Collective* collective;
};

// A kind of warp collective. Its address is its identity: lanes meet only in the same one.
// `resolve` fills `result` of all lanes of `mask` once they have all arrived.
struct Collective {
    const char* name;
    void (*resolve)(Lane* lanes, unsigned mask);
};

int lane_id();          // of the running fiber
unsigned live_lanes();  // lanes of its warp that exist and have not exited
std::uint64_t meet(const Collective& collective, unsigned mask, std::uint64_t value, int argument);
int meet_block(int predicate);  // __syncthreads; gives the number of non-zero predicates
void yield();                   // let the other fibers of the block run

// 7 times in 8 `none` (always with ZBINS_EMULATOR_YIELD=0, but for a rare one that keeps a loop
// which waits for another fiber from never ending).
enum class Toss { none, before, after };
Toss toss_yield();

// Runs body(data) once per thread of the grid; returns when all have finished.
void run_grid(dim3 grid, dim3 block, void (*body)(void*), void* data);

}  // namespace emulator

inline void __syncthreads() {
    emulator::meet_block(0);
}
inline int __syncthreads_count(int predicate) {
    return emulator::meet_block(predicate);
}
inline int __syncthreads_or(int predicate) {
    return emulator::meet_block(predicate) != 0;
}
inline int __syncthreads_and(int predicate) {
    return emulator::meet_block(!predicate) == 0;
}

inline void __threadfence() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (emulator::toss_yield() != emulator::Toss::none) emulator::yield();
}
inline void __threadfence_block() {
    __threadfence();
}
inline void __threadfence_system() {
    __threadfence();
}
// The way to wait for another thread: a fiber that spins on a plain load never lets it run.
inline void __nanosleep(unsigned) {
    emulator::yield();
}
[[noreturn]] inline void __trap() {
    emulator::die("__trap()");
}
