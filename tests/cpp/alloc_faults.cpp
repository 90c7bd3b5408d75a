// Why: law 7. Memory may run out at any allocation of any call: the caller then gets std::bad_alloc
// (or the answer, where it can be had without), nothing leaks, no thread is left behind, and what
// was there before is as good as ever.
#include <functional>
#include <iostream>
#include <optional>
#include <thread>

#include "check.hpp"
#include "count/runs.hpp"
#include "failing.hpp"
#include "inputs.hpp"
#include "model_files.hpp"
#include "models.hpp"
#include "sanitized.hpp"
#include "zbins/bounds.hpp"
#include "zbins/draw.hpp"
#include "zbins/quantize.hpp"

using models::on_threads;
using zbins::Pmf;

namespace {

constexpr zbins::Label classes = 3;
const models::Labels sorted_labels = models::no_renaming(classes);

struct Rows {
    Rows(std::int64_t n, std::int64_t d, std::int32_t k, std::uint64_t seed)
        : random(seed),
          x(inputs::uniform_matrix<float>(random, n, d, 0, 1)),
          grid(zbins::Grid<float>::from_bounds(
              std::vector<float>(static_cast<std::size_t>(d), 0),
              std::vector<float>(static_cast<std::size_t>(d), 1),
              std::vector<std::int32_t>(static_cast<std::size_t>(d), k))) {
        for (std::int64_t i = 0; i < n; ++i)
            labels.push_back(static_cast<zbins::Label>(random.below(classes)));
    }
    Pmf model(int threads, bool labelled) const {
        return models::count(grid, x.view(), threads, labelled ? &labels : nullptr,
                             labelled ? classes : 0);
    }

    inputs::Random random;
    inputs::Matrix<float> x;
    zbins::Grid<float> grid;
    models::Labels labels;
};

// Runs the attempt in a thread of its own, since threads keep blocks for later; the memory runs out
// between `start` and the end. Says whether all was well: no failure was due any more.
bool survives(std::int64_t allocations, bool stays,
              const std::function<void(const std::function<void()>& start)>& attempt,
              std::int64_t& refused) {
    const std::int64_t before = failing::live;
    bool threw = false;
    std::thread([&] {
        try {
            attempt([&] { failing::arm(allocations, stays); });
        } catch (const std::bad_alloc&) {
            threw = true;
        }
        failing::armed = false;
    }).join();
    const std::int64_t leaked = failing::live - before;
    CHECK_EQ(leaked, 0);
    CHECK(!threw || failing::failed > 0);
    refused += threw;
    return failing::failed == 0;
}

// Every allocation (or every `step`-th) fails in turn, once and for good; `intact` is asked after
// each.
void fail_in_turn(
    const char* name, int threads,
    const std::function<void(const std::function<void()>& start)>& attempt,
    const std::function<void()>& intact = [] {}, std::int64_t step = 1) {
    std::int64_t tried = 0, refused = 0;
    for (const bool stays : {false, true}) {
        for (std::int64_t allocations = 0;; allocations += step) {
            const check::Note note(name, ", ", threads, " threads, allocation ", allocations,
                                   stays ? " and all later ones" : "");
            const bool through = survives(allocations, stays, attempt, refused);
            intact();
            if (through) break;
            ++tried;
        }
    }
    CHECK(tried > 0);
    std::cout << "  " << name << ", " << threads << " threads: " << tried
              << " allocations failed, std::bad_alloc from " << refused << ", answered "
              << tried - refused << "\n";
}

void check_same(const Pmf& a, const Pmf& b) {
    CHECK(models::same_model(a, b));
}

}  // namespace

TEST(counting) {
    for (const bool labelled : {false, true}) {
        const Rows rows(1500, 5, 20, 1);
        const Pmf wanted = rows.model(1, labelled);
        for (const int threads : {1, 2, 3}) {
            fail_in_turn(labelled ? "count with labels" : "count", threads, [&](const auto& start) {
                start();
                check_same(rows.model(threads, labelled), wanted);
            });
        }
    }
}

// Enough rows that some of them are put in order before the end, and ranges are split.
TEST(counting_a_stream) {
    const Rows rows(400000, 2, 65536, 2);
    for (const int threads : {1, 2}) {
        const auto count = [&](const auto& start) {
            start();
            zbins::Counter<float> counter(rows.grid, threads, false);
            for (int chunk = 0; chunk < 5; ++chunk)
                counter.add(rows.x.view(), true, nullptr, on_threads(threads));
            return counter.finish({}, on_threads(threads));
        };
        const Pmf wanted = count([] {});
        fail_in_turn(
            "count of a stream", threads,
            [&](const auto& start) { check_same(count(start), wanted); }, [] {}, 97);
    }
}

TEST(merging) {
    for (const bool labelled : {false, true}) {
        const Rows rows(600, 3, 9, 3), others(500, 3, 9, 4);
        const Pmf a = rows.model(1, labelled), b = others.model(1, labelled);
        const Pmf a_before = rows.model(1, labelled), b_before = others.model(1, labelled);
        const models::Labels map = labelled ? sorted_labels : models::Labels{};
        const auto merged = [&] {
            return merge(a, b, map, map, labelled ? classes : 0, on_threads(1));
        };
        const Pmf wanted = merged();
        fail_in_turn(
            labelled ? "merge with labels" : "merge", 1,
            [&](const auto& start) {
                start();
                check_same(merged(), wanted);
            },
            [&] {
                check_same(a, a_before);
                check_same(b, b_before);
            });
    }
}

TEST(rebasing) {
    for (const bool labelled : {false, true}) {
        const Rows rows(600, 3, 9, 5);
        const Pmf pmf = rows.model(1, labelled), before = rows.model(1, labelled);
        const std::vector<float> low{0, -0.2f, -3}, high{1, 1, 1};
        const auto grown = rows.grid.grown(low, high, nullptr, nullptr);
        const auto rebased = [&] { return rebase(pmf, grown, on_threads(1)); };
        const Pmf wanted = rebased();
        fail_in_turn(
            labelled ? "rebase with labels" : "rebase", 1,
            [&](const auto& start) {
                start();
                check_same(rebased(), wanted);
            },
            [&] { check_same(pmf, before); });
    }
}

TEST(looking_up) {
    const Rows rows(3000, 4, 7, 6);
    for (const int threads : {1, 2, 3}) {
        const auto bins_of = [&](const Pmf& pmf) {
            std::vector<std::int64_t> bins(static_cast<std::size_t>(rows.x.rows));
            const auto how = on_threads(threads);
            find_bins(rows.grid, pmf, rows.x.view(), bins.data(), how, true);
            return bins;
        };
        const std::vector<std::int64_t> wanted = bins_of(rows.model(1, false));
        fail_in_turn("find", threads, [&](const auto& start) {
            const Pmf pmf = rows.model(1, false);
            std::vector<std::int64_t> bins(wanted.size());
            start();
            try {
                find_bins(rows.grid, pmf, rows.x.view(), bins.data(), on_threads(threads), true);
            } catch (const std::bad_alloc&) {
                failing::armed = false;
                CHECK(bins_of(pmf) == wanted);  // the next lookup is a good one
                throw;
            }
            CHECK(bins == wanted);
        });
    }
}

TEST(drawing) {
    const Rows rows(600, 3, 9, 7);
    const Pmf pmf = rows.model(1, true), before = rows.model(1, true);
    constexpr std::int64_t n = 2000;
    const zbins::Label one = 1;
    for (const bool conditioned : {false, true}) {
        const auto drawn = [&](int threads, std::vector<float>& out, models::Labels& labels) {
            draw(rows.grid, pmf, {5, 0, n, conditioned ? &one : nullptr, 0}, out.data(), 3,
                 labels.data(), on_threads(threads));
        };
        std::vector<float> wanted(3 * n), out(3 * n);
        models::Labels wanted_labels(n), labels(n);
        drawn(1, wanted, wanted_labels);
        for (const int threads : {1, 2, 3}) {
            fail_in_turn(
                "draw", threads,
                [&](const auto& start) {
                    start();
                    drawn(threads, out, labels);
                    CHECK(out == wanted && labels == wanted_labels);
                },
                [&] { check_same(pmf, before); });
        }
    }
}

TEST(reading_rows) {
    const Rows rows(3000, 4, 7, 8);
    const auto fortran = inputs::arrange("Fortran order", rows.x, 4, 4 * rows.x.rows, 0);
    for (const int threads : {1, 2, 3}) {
        std::vector<std::uint8_t> codes(rows.x.values.size()), wanted(codes.size());
        quantize(rows.grid, rows.x.view(), wanted.data(), on_threads(1));
        fail_in_turn("quantize", threads, [&](const auto& start) {
            start();
            quantize(rows.grid, fortran.view, codes.data(), on_threads(threads));
            CHECK(codes == wanted);
        });
        fail_in_turn("bounds", threads, [&](const auto& start) {
            start();
            const auto bounds = find_bounds(fortran.view, on_threads(threads));
            CHECK(bounds.lower[0] >= 0 && bounds.upper[3] <= 1);
        });
        fail_in_turn("find_outside", threads, [&](const auto& start) {
            start();
            CHECK_EQ(find_outside(rows.grid, fortran.view, on_threads(threads)).row, -1);
        });
    }
}

TEST(grids_and_checked_models) {
    const Rows rows(300, 3, 9, 9);
    const Pmf pmf = rows.model(1, true);
    const std::vector<float> low(3, -1), high(3, 2);
    const auto grown = rows.grid.grown(low, high, nullptr, nullptr);
    fail_in_turn("grow", 1, [&](const auto& start) {
        start();
        CHECK(rows.grid.grown(low, high, nullptr, nullptr) == grown);
        CHECK_EQ(grown.shift_from(rows.grid).size(), 3);
    });
    fail_in_turn("check", 1, [&](const auto& start) {
        std::vector<zbins::Word> keys(pmf.key(0), pmf.key(pmf.size()));
        std::vector<zbins::Count> counts;
        for (std::uint64_t bin = 0; bin < pmf.size(); ++bin) counts.push_back(pmf.count(bin));
        start();
        const Pmf same =
            Pmf::checked(pmf.layout(), models::buffer(keys), models::buffer(counts), std::nullopt)
                .on(rows.grid);
        CHECK_EQ(same.total(), pmf.total());
    });
}

TEST(what_a_thread_keeps_is_released_when_asked) {
    std::thread([] {
        zbins::release_memory();
        const std::int64_t before = failing::live;
        {
            const zbins::Buffer<char> block(1 << 20);
        }
#if !ZBINS_ADDRESS_SANITIZER
        CHECK(failing::live.load() > before);  // kept for the next call
#endif
        zbins::release_memory();
        CHECK_EQ(failing::live.load(), before);
        zbins::Buffer<char> block(1 << 20);  // and life goes on
        block[0] = 1;
        zbins::release_memory();
        block[1] = 2;
    }).join();
}

TEST(reading_model_files) {
    for (const char* name : {"names", "str_labels"}) {
        const std::string bytes = model_files::bytes_of(name);
        for (const int threads : {1, 2}) {
            fail_in_turn(name, threads, [&](const auto& start) {
                const auto how = on_threads(threads);
                start();
                const auto model = model_files::parse(bytes, how);
                CHECK_EQ(std::get<1>(model).pmf.total(), 7);
                CHECK_EQ(std::get<1>(model).description.rows_seen, 7);
            });
        }
    }
}
