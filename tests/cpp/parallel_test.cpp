// Why: law 7 needs every failure and Ctrl-C to come back to the caller as an exception, with no
// thread left running behind it; and every task to run exactly once.
#include "zbins/parallel.hpp"

#include <stdexcept>
#include <string>

#include "check.hpp"
#include "draws.hpp"
#include "grids.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/bounds.hpp"
#include "zbins/count.hpp"

using models::on_threads;
using std::chrono::milliseconds;

namespace {

zbins::Context stopped_after(int threads, int asks) {
    zbins::Context context = on_threads(threads);
    context.interrupted = [asks, seen = 0]() mutable { return ++seen >= asks; };
    return context;
}

void nap(int ms) {
    std::this_thread::sleep_for(milliseconds(ms));
}

// A matrix of far more rows than memory holds: one row, again and again.
zbins::MatrixView<float> endless(const inputs::Matrix<float>& row) {
    auto view = row.view();
    view.rows = std::int64_t{1} << 40;
    view.row_stride = 0;
    return view;
}

}  // namespace

TEST(parallel_for_runs_every_task_once) {
    for (const int threads : {-1, 0, 1, 2, 4, 9}) {
        for (const std::int64_t tasks : {0, 1, 2, 3, 1000}) {
            const check::Note note(threads, " threads, ", tasks, " tasks");
            std::vector<std::atomic<int>> ran(static_cast<std::size_t>(tasks));
            std::atomic<int> wrong{0};
            zbins::parallel_for(on_threads(threads), threads, tasks,
                                [&](std::int64_t i, int worker) {
                                    ++ran[static_cast<std::size_t>(i)];
                                    if (worker < 0 || worker >= std::max(1, threads)) ++wrong;
                                });
            for (const auto& times : ran) CHECK_EQ(times.load(), 1);
            CHECK_EQ(wrong.load(), 0);
        }
    }
}

TEST(parallel_for_keeps_workers_apart) {
    const auto caller = std::this_thread::get_id();
    std::vector<std::thread::id> of_worker(4);
    std::atomic<int> wrong{0};
    zbins::parallel_for(on_threads(4), 4, 400, [&](std::int64_t, int worker) {
        auto& id = of_worker[static_cast<std::size_t>(worker)];  // unsynchronized: one thread each
        if (id == std::thread::id()) id = std::this_thread::get_id();
        if (id != std::this_thread::get_id()) ++wrong;
        if ((worker == 0) != (id == caller)) ++wrong;
    });
    CHECK_EQ(wrong.load(), 0);
}

TEST(parallel_for_rethrows) {
    for (const int threads : {1, 2, 4}) {
        for (const std::int64_t bad : {0, 1, 57, 99}) {
            const check::Note note(threads, " threads, task ", bad);
            std::atomic<int> running{0};
            CHECK_THROWS(
                zbins::parallel_for(on_threads(threads), threads, 100,
                                    [&](std::int64_t i, int) {
                                        ++running;
                                        nap(i % 10 == 0 ? 1 : 0);
                                        --running;
                                        if (i == bad)
                                            throw std::out_of_range("task " + std::to_string(i));
                                    }),
                std::out_of_range, "task " + std::to_string(bad));
            CHECK_EQ(running.load(), 0);  // all threads have ended
        }
    }
    // All fail at once: one exception arrives.
    CHECK_THROWS(zbins::parallel_for(on_threads(4), 4, 100,
                                     [](std::int64_t, int) { throw std::bad_alloc(); }),
                 std::bad_alloc, "");
}

TEST(parallel_for_stops_after_a_failure) {
    std::atomic<int> ran{0};
    CHECK_THROWS(zbins::parallel_for(on_threads(2), 2, 100000,
                                     [&](std::int64_t, int) {
                                         ++ran;
                                         nap(1);
                                         throw std::runtime_error("stop");
                                     }),
                 std::runtime_error, "stop");
    CHECK(ran.load() < 100);
}

TEST(parallel_for_obeys_interrupts) {
    for (const int threads : {1, 3}) {
        const check::Note note(threads, " threads");
        const auto caller = std::this_thread::get_id();
        std::atomic<int> ran{0};
        int asked = 0;
        bool elsewhere = false;
        zbins::Context context = on_threads(threads);
        context.interrupted = [&] {
            elsewhere |= std::this_thread::get_id() != caller;
            return ++asked == 3;
        };
        CHECK_THROWS(zbins::parallel_for(context, threads, 100000,
                                         [&](std::int64_t, int) {
                                             ++ran;
                                             nap(2);
                                         }),
                     zbins::Interrupted, "interrupted");
        CHECK(!elsewhere);
        CHECK_EQ(asked, 3);
        CHECK(ran.load() < 50000);
    }
}

// What the check itself throws (Python's KeyboardInterrupt) must arrive as it is.
TEST(parallel_for_rethrows_what_the_check_throws) {
    for (const int threads : {1, 3}) {
        zbins::Context context = on_threads(threads);
        context.interrupted = []() -> bool { throw std::domain_error("the caller's own"); };
        CHECK_THROWS(
            zbins::parallel_for(context, threads, 100000, [](std::int64_t, int) { nap(1); }),
            std::domain_error, "the caller's own");
    }
}

TEST(interrupt_check_asks_about_every_20_ms) {
    int asked = 0;
    zbins::Context context;
    zbins::InterruptCheck without(context);
    without();  // nobody to ask
    context.interrupted = [&] { return ++asked > 2; };
    zbins::InterruptCheck check(context);
    const auto begin = std::chrono::steady_clock::now();
    while (asked < 2) check();
    CHECK(std::chrono::steady_clock::now() - begin >= milliseconds(40));
    nap(21);
    CHECK_THROWS(check(), zbins::Interrupted, "interrupted");
    CHECK_EQ(asked, 3);
}

TEST(threads_for_gives_each_a_mebibyte) {
    constexpr double mebibyte = 1 << 20;
    const auto unforced = [](int threads, double bytes) {
        zbins::Context context;
        context.threads = threads;
        return zbins::threads_for(context, bytes);
    };
    CHECK_EQ(unforced(8, 0), 1);
    CHECK_EQ(unforced(8, 1.9 * mebibyte), 1);
    CHECK_EQ(unforced(8, 2 * mebibyte), 2);
    CHECK_EQ(unforced(8, 7.99 * mebibyte), 7);
    CHECK_EQ(unforced(8, 8 * mebibyte), 8);
    CHECK_EQ(unforced(8, 1e18), 8);
    CHECK_EQ(unforced(8, 1e300), 8);
    CHECK_EQ(unforced(8, -1), 1);
    CHECK_EQ(unforced(0, 1e18), 1);
    CHECK_EQ(unforced(-3, 1e18), 1);
    CHECK_EQ(unforced(1, 1e18), 1);
}

TEST(threads_for_obeys_a_forced_number) {
    for (const double bytes : {0.0, 1.0, 1e18}) {
        CHECK_EQ(zbins::threads_for(on_threads(5), bytes), 5);
        CHECK_EQ(zbins::threads_for(on_threads(1), bytes), 1);
        CHECK_EQ(zbins::threads_for(on_threads(0), bytes), 1);
        CHECK_EQ(zbins::threads_for(on_threads(-2), bytes), 1);
    }
}

// No task above the most, none empty, and a task for every thread where there are rows for it.
TEST(task_rows_leave_no_thread_without_work) {
    for (const std::int64_t most : {1, 7, 512, 100000}) {
        for (const std::int64_t rows : {0, 1, 2, 9, 511, 512, 513, 12345, 10000000}) {
            for (const int threads : {1, 2, 3, 16}) {
                const check::Note note("most ", most, ", ", rows, " rows, ", threads, " threads");
                const std::int64_t size = zbins::task_rows(most, rows, threads);
                CHECK(size >= 1 && size <= most);
                const std::int64_t tasks = (rows + size - 1) / size;
                CHECK(size == most || tasks <= threads);  // no more tasks than it takes
                // Rounding up may leave the last thread idle, never more than half of them.
                CHECK(2 * tasks >= std::min<std::int64_t>(threads, rows));
            }
        }
    }
    CHECK_EQ(zbins::task_rows(512, 100, 1), 100);
    CHECK_EQ(zbins::task_rows(512, 100, 3), 34);
    CHECK_EQ(zbins::task_rows(512, 100000, 3), 512);
    CHECK_EQ(zbins::task_rows(512, 0, 4), 1);
}

// Each of these would run for hours.
TEST(long_calls_obey_interrupts) {
    const auto grid = grids::make<float>({0, 0}, {1, 1}, {4, 4});
    inputs::Matrix<float> row(1, 2);
    row.values = {0.25f, 0.75f};
    const auto x = endless(row);
    for (const int threads : {1, 3}) {
        const check::Note note(threads, " threads");
        const auto context = [&] { return stopped_after(threads, 2); };
        using zbins::Interrupted;
        CHECK_THROWS(zbins::find_bounds(x, context()), Interrupted, "interrupted");
        CHECK_THROWS(zbins::find_outside(grid, x, context()), Interrupted, "interrupted");
        for (const bool inside : {true, false}) {
            // Rows are counted a part at a time, each in some 10 ms: too short to be asked within.
            zbins::Counter<float> counter(grid, threads, false);
            std::vector<std::chrono::steady_clock::time_point> asked;
            zbins::Context patient = on_threads(threads);
            patient.interrupted = [&] {
                asked.push_back(std::chrono::steady_clock::now());
                return asked.size() == 10;
            };
            CHECK_THROWS(counter.add(x, inside, nullptr, patient), Interrupted, "interrupted");
            CHECK(asked.back() - asked.front() < std::chrono::seconds(5));
        }
    }
    const auto model = models::count(grid, row.view());
    constexpr std::int64_t many = std::int64_t{1} << 26;
    zbins::Buffer<float> room(2 * many);  // 512 MiB, of which little is touched
    CHECK_THROWS((zbins::draw(grid, model, draws::range_of(1, 0, many), room.data(), 2, nullptr,
                              stopped_after(1, 2)),
                  0),
                 zbins::Interrupted, "interrupted");
}

#if defined(__GLIBC__) && !defined(__SANITIZE_THREAD__)
// A thread that is cancelled is unwound: the threads it has started end first, and nothing aborts.
TEST(parallel_for_lets_its_thread_be_cancelled) {
    for (int trial = 0; trial < 30; ++trial) {
        struct Shared {
            std::atomic<int> ran{0}, running{0};
        } shared;
        pthread_t thread;
        const auto endless = [](void* given) -> void* {
            auto& s = *static_cast<Shared*>(given);
            zbins::parallel_for(on_threads(3), 3, std::int64_t{1} << 40, [&](std::int64_t, int) {
                ++s.running;
                ++s.ran;
                for (int spin = 0; spin < 2000; ++spin)
                    std::atomic_thread_fence(std::memory_order_seq_cst);
                --s.running;
                pthread_testcancel();  // where only the caller's thread is asked to end
            });
            return nullptr;
        };
        CHECK_EQ(pthread_create(&thread, nullptr, endless, &shared), 0);
        while (shared.ran < 10 * (trial + 1)) std::this_thread::yield();
        CHECK_EQ(pthread_cancel(thread), 0);
        void* result = nullptr;
        CHECK_EQ(pthread_join(thread, &result), 0);
        CHECK(result == PTHREAD_CANCELED);
        CHECK_EQ(shared.running.load(), 0);
    }
}
#endif
