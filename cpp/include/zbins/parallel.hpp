// Threads for one call: started per call above a size threshold, no pool (a pool does not survive
// fork), exceptions rethrown on the caller's thread, Ctrl-C obeyed between tasks.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "zbins/error.hpp"
#include "zbins/strict_floats.hpp"

namespace zbins::inline v1 {

// How a call may run. `interrupted` is asked on the calling thread only, about every 20 ms.
struct Context {
    int threads = 1;
    bool forced = false;  // use that many, however small the work
    std::function<bool()> interrupted;
};

// At least 1 MiB of work a thread: below that, starting one costs more than it saves.
inline int threads_for(const Context& context, double bytes) {
    constexpr int most_threads = 4096;  // each takes memory of its own before it is started
    if (context.forced) return std::clamp(context.threads, 1, most_threads);
    constexpr double bytes_per_thread = 1 << 20;
    const double useful = std::max(1.0, bytes / bytes_per_thread);
    return static_cast<int>(std::min<double>(std::max(1, context.threads), useful));
}

// Rows of one task: `most`, or fewer where that leaves threads without work.
inline std::int64_t task_rows(std::int64_t most, std::int64_t rows, int threads) {
    return std::clamp<std::int64_t>(rows / threads + (rows % threads > 0 ? 1 : 0), 1, most);
}

// Throws Interrupted when the caller's check says stop. Cheap enough to call once per block.
class InterruptCheck {
public:
    explicit InterruptCheck(const Context& context)
        : context_(context), last_(std::chrono::steady_clock::now()) {}

    void operator()() {
        if (!context_.interrupted) return;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < std::chrono::milliseconds(20)) return;
        last_ = now;
        if (context_.interrupted()) throw Interrupted();
    }

private:
    const Context& context_;
    std::chrono::steady_clock::time_point last_;
};

// Calls task(index, worker) for every index in [0, tasks), worker in [0, threads), the caller's
// thread being worker 0. A task should take a few milliseconds at most. Where the system refuses
// a thread, the others do its share.
template <class Task>
void parallel_for(const Context& context, int threads, std::int64_t tasks, Task&& task) {
    InterruptCheck check(context);
    threads = static_cast<int>(std::min<std::int64_t>(threads, tasks));
    if (threads <= 1) {
        for (std::int64_t index = 0; index < tasks; ++index) {
            task(index, 0);
            check();
        }
        return;
    }

    std::atomic<std::int64_t> next{0};
    std::atomic<bool> stop{false};
    std::exception_ptr failure;  // of a thread that was started here
    std::mutex failure_mutex;
    const auto work = [&](int worker, auto&& after_each) {
        while (!stop.load(std::memory_order_relaxed)) {
            const std::int64_t index = next.fetch_add(1, std::memory_order_relaxed);
            if (index >= tasks) return;
            task(index, worker);
            after_each();
        }
    };
    const auto work_of_others = [&](int worker) noexcept {
        const StrictFloats strict;
        try {
            work(worker, [] {});
        } catch (...) {
            stop.store(true, std::memory_order_relaxed);
            const std::lock_guard<std::mutex> lock(failure_mutex);
            if (!failure) failure = std::current_exception();
        }
    };

    // What the caller's own thread throws is not caught, since it might be no exception at all: a
    // thread that is cancelled is unwound too. However it leaves, the others end first.
    struct Others {
        explicit Others(std::atomic<bool>& a_stop) : stop(a_stop) {}
        ~Others() {
            stop.store(true, std::memory_order_relaxed);  // by now all tasks are taken, or failed
            // To wait is a point where a thread may be cancelled, and a destructor none.
            int before = 0;
            pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
            for (auto& thread : threads) thread.join();
            pthread_setcancelstate(before, &before);
        }
        Others(const Others&) = delete;
        Others& operator=(const Others&) = delete;
        std::atomic<bool>& stop;
        std::vector<std::thread> threads;
    };
    {
        Others others(stop);
        try {
            others.threads.reserve(static_cast<std::size_t>(threads - 1));
            for (int worker = 1; worker < threads; ++worker)
                others.threads.emplace_back(work_of_others, worker);
        } catch (const std::exception&) {
            // No thread to be had, or no memory for one: worker 0 takes the tasks that are left.
        }
        work(0, check);
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace zbins::inline v1
