// The scheduler: which fiber runs next, and what the collectives wait for.
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "emulator/warp.hpp"
#include "emulator/worker.hpp"

constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};

namespace emulator {
namespace {

constinit thread_local Worker* worker = nullptr;

int setting(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr && *text != '\0' ? std::atoi(text) : otherwise;
}

Worker& running() {
    if (worker == nullptr) die("a device function that needs a block was called on the host");
    return *worker;
}

void make_ready(Worker& w, int thread) {
    w.threads[thread].state = State::ready;
    w.ring[(w.head + w.ready++) % max_threads] = static_cast<unsigned>(thread);
}

void suspend(Worker& w) {
    w.since_yield = 0;
    switch_context(*w.threads[w.current].coroutine, w.scheduler);
}

void release_block(Worker& w) {
    w.block_result = w.predicates;
    w.arrived = w.predicates = 0;
    for (int t = 0; t < w.size; ++t) {
        if (w.threads[t].state == State::in_block) make_ready(w, t);
    }
}

void check_exited(const Warp& warp, int lane) {
    const Lane& l = warp.lanes[lane];
    if ((l.mask & warp.exited) == 0) return;
    die("%s: mask %08x of lane %d names lanes %08x, which have exited or do not exist",
        l.collective->name, l.mask, lane, l.mask & warp.exited);
}

void exit_thread(Worker& w) {
    const int t = w.current;
    w.threads[t].state = State::exited;
    --w.alive;
    Warp& warp = w.warps[t / 32];
    warp.exited |= 1u << (t % 32);
    for_lanes(warp.waiting, [&](int lane) { check_exited(warp, lane); });
    if (w.alive > 0 && w.arrived == w.alive) release_block(w);
}

// What every stack runs for ever. Later it may be resumed by another host thread, so it reads
// thread-local variables only through calls, whose result no compiler keeps.
thread_local Coroutine* starting = nullptr;
[[gnu::noinline]] Coroutine& self() {
    return *starting;
}
[[gnu::noinline]] void run_thread(Coroutine& coroutine) {
    Worker& w = *worker;
    w.grid->body(w.grid->data);
    exit_thread(w);
    switch_context(coroutine, w.scheduler);
}
[[gnu::noinline]] void arrive_first(Coroutine& coroutine) {
    arrive(coroutine, worker->scheduler);
}
void entry() {
    Coroutine& coroutine = self();
    arrive_first(coroutine);
    for (;;) run_thread(coroutine);
}

void resume(Worker& w, int t) {
    Thread& thread = w.threads[t];
    if (thread.coroutine == nullptr) {
        if (w.idle.empty()) {
            w.stacks.push_back(
                std::make_unique<Coroutine>(entry, static_cast<int>(w.stacks.size())));
            w.idle.push_back(w.stacks.back().get());
        }
        thread.coroutine = w.idle.back();
        w.idle.pop_back();
    }
    w.current = t;
    starting = thread.coroutine;
    threadIdx = thread.index;
    switch_context(w.scheduler, *thread.coroutine);
    if (thread.state == State::exited) w.idle.push_back(thread.coroutine);
}

[[noreturn]] void die_of_deadlock(const Worker& w) {
    for (int t = 0; t < w.size; ++t) {
        const Thread& thread = w.threads[t];
        const Lane& lane = w.warps[t / 32].lanes[t % 32];
        if (thread.state == State::in_block) {
            std::fprintf(stderr, "    thread %d waits in __syncthreads\n", t);
        } else if (thread.state == State::in_warp) {
            std::fprintf(stderr, "    thread %d (lane %d) waits in %s, mask %08x\n", t, t % 32,
                         lane.collective->name, lane.mask);
        }
    }
    die("deadlock: all threads of the block wait");
}

void run_block(Worker& w, std::uint64_t number) {
    const Grid& g = *w.grid;
    blockIdx = {static_cast<unsigned>(number % g.grid.x),
                static_cast<unsigned>(number / g.grid.x % g.grid.y),
                static_cast<unsigned>(number / g.grid.x / g.grid.y)};
    w.alive = w.size;
    w.head = w.ready = 0;
    for (int t = 0; t < w.size; ++t) {
        w.threads[t].coroutine = nullptr;
        make_ready(w, t);
    }
    for (int first = 0; first < w.size; first += 32) {
        const int lanes = std::min(32, w.size - first);
        w.warps[first / 32].waiting = 0;
        w.warps[first / 32].exited = lanes == 32 ? 0u : ~0u << lanes;
    }
    while (w.alive > 0) {
        if (w.ready == 0) die_of_deadlock(w);
        const auto next = static_cast<int>(w.ring[w.head]);
        w.head = (w.head + 1) % max_threads;
        --w.ready;
        resume(w, next);
    }
}

// Workers between launches. Never destroyed: a launch may come from a static destructor.
struct Pool {
    std::mutex mutex;
    std::vector<std::unique_ptr<Worker>> idle;
    std::uint64_t handed_out = 0;
};
Pool& pool() {
    static Pool& instance = *new Pool;
    return instance;
}

void work(Grid& g) {
    std::unique_ptr<Worker> mine;
    {
        Pool& p = pool();
        const std::lock_guard lock(p.mutex);
        if (p.idle.empty()) p.idle.push_back(std::make_unique<Worker>());
        mine = std::move(p.idle.back());
        p.idle.pop_back();
        mine->random = ++p.handed_out * 0x9e3779b97f4a7c15u;
    }
    Worker& w = *mine;
    w.grid = &g;
    w.yields = setting("ZBINS_EMULATOR_YIELD", 1) != 0;
    w.size = static_cast<int>(g.block.x * g.block.y * g.block.z);
    for (int t = 0; t < w.size; ++t) {
        const auto i = static_cast<unsigned>(t);
        w.threads[t].index = {i % g.block.x, i / g.block.x % g.block.y, i / g.block.x / g.block.y};
    }
#if defined(__SANITIZE_THREAD__)
    w.scheduler.tsan_fiber = __tsan_get_current_fiber();
#endif
    worker = &w;
    blockDim = g.block;
    gridDim = g.grid;
    for (;;) {
        const std::uint64_t number = g.next_block.fetch_add(1);
        if (number >= g.blocks) break;
        run_block(w, number);
    }
    worker = nullptr;
    const std::lock_guard lock(pool().mutex);
    pool().idle.push_back(std::move(mine));
}

}  // namespace

void die(const char* format, ...) {
    char text[512];
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (worker != nullptr) {
        std::fprintf(stderr, "emulator: block (%u, %u, %u), thread (%u, %u, %u): %s\n", blockIdx.x,
                     blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z, text);
    } else {
        std::fprintf(stderr, "emulator: %s\n", text);
    }
    std::fflush(stderr);
    std::abort();
}

int lane_id() {
    return running().current % 32;
}

unsigned live_lanes() {
    const Worker& w = running();
    return ~w.warps[w.current / 32].exited;
}

void yield() {
    if (worker == nullptr) return;
    Worker& w = *worker;
    make_ready(w, w.current);
    suspend(w);
}

Toss toss_yield() {
    if (worker == nullptr) return Toss::none;
    Worker& w = *worker;
    if (++w.since_yield >= 4096) return Toss::after;
    if (!w.yields) return Toss::none;
    w.random = w.random * 6364136223846793005u + 1442695040888963407u;
    const auto toss = static_cast<unsigned>(w.random >> 60);
    return toss > 1 ? Toss::none : toss == 0 ? Toss::before : Toss::after;
}

int meet_block(int predicate) {
    Worker& w = running();
    w.predicates += predicate != 0;
    w.threads[w.current].state = State::in_block;
    if (++w.arrived == w.alive) release_block(w);
    suspend(w);
    return w.block_result;
}

std::uint64_t meet(const Collective& collective, unsigned mask, std::uint64_t value, int argument) {
    Worker& w = running();
    Warp& warp = w.warps[w.current / 32];
    const int first = w.current / 32 * 32;
    const int lane = w.current % 32;
    if ((mask >> lane & 1u) == 0) {
        die("%s: called by lane %d, which its mask %08x does not name", collective.name, lane,
            mask);
    }
    warp.lanes[lane] = {value, argument, 0, mask, &collective};
    check_exited(warp, lane);
    w.threads[w.current].state = State::in_warp;
    warp.waiting |= 1u << lane;
    if ((mask & ~warp.waiting) == 0) {
        // Others may still have to meet a part of these lanes first, so a different mask is no
        // error yet; the same one with another collective can never be resolved.
        bool same = true;
        for_lanes(mask, [&](int l) {
            const Lane& other = warp.lanes[l];
            same = same && other.mask == mask;
            if (other.mask == mask && other.collective != &collective) {
                die("%s of lane %d meets %s of lane %d (mask %08x)", collective.name, lane,
                    other.collective->name, l, mask);
            }
        });
        if (same) {
            collective.resolve(warp.lanes, mask);
            warp.waiting &= ~mask;
            for_lanes(mask, [&](int l) { make_ready(w, first + l); });
        }
    }
    suspend(w);
    return warp.lanes[lane].result;
}

void run_grid(dim3 grid, dim3 block, void (*body)(void*), void* data) {
    if (worker != nullptr) die("a kernel was launched from a kernel");
    // One launch at a time, as on one stream.
    static std::mutex& launching = *new std::mutex;
    const std::lock_guard lock(launching);
    Grid g{grid, block, body, data};
    g.blocks = std::uint64_t{grid.x} * grid.y * grid.z;
    const auto wanted =
        static_cast<std::uint64_t>(std::max(1, setting("ZBINS_EMULATOR_THREADS", 2)));
    std::vector<std::thread> others;
    for (std::uint64_t i = 1; i < std::min(wanted, g.blocks); ++i) {
        others.emplace_back([&g] { work(g); });
    }
    work(g);  // the caller is one of them
    for (auto& other : others) other.join();
}

}  // namespace emulator
