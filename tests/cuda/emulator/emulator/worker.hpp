// The scheduler's data. Included by emulator.cpp alone.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "emulator/coroutine.hpp"

namespace emulator {

inline constexpr int max_threads = 1024;  // of a block

struct Grid {
    dim3 grid, block;
    void (*body)(void*);
    void* data;
    std::atomic<std::uint64_t> next_block{0};
    std::uint64_t blocks = 0;
};

enum class State : unsigned char { ready, in_block, in_warp, exited };

struct Thread {
    Coroutine* coroutine;  // from its first step to its last
    uint3 index;
    State state;
};

struct Warp {
    Lane lanes[32];
    unsigned waiting;  // in a collective
    unsigned exited;   // or never existed
};

// What runs the blocks on one host thread. Kept for later launches, for the sake of its stacks.
struct Worker {
    Context scheduler;
    std::vector<std::unique_ptr<Coroutine>> stacks;
    std::vector<Coroutine*> idle;
    Thread threads[max_threads];
    Warp warps[max_threads / 32];
    unsigned ring[max_threads];  // ready threads, in order; each is in it once at most
    unsigned head = 0, ready = 0;
    int current = 0, size = 0, alive = 0;
    int arrived = 0, predicates = 0, block_result = 0;  // of __syncthreads
    std::uint64_t random = 0;
    unsigned since_yield = 0;
    bool yields = true;
    Grid* grid = nullptr;
};

}  // namespace emulator
