// Why: memory must follow the number of occupied bins and not the number of rows, however the rows
// come; a stream of small chunks is the usual one.
#include <algorithm>
#include <fstream>

#include "check.hpp"
#include "inputs.hpp"
#include "models.hpp"
#include "zbins/count.hpp"

namespace {

// A sanitizer's own memory would be counted too; the counts themselves are checked everywhere.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr bool measured = true;
#else
constexpr bool measured = false;
#endif

// Bytes of this process in memory.
std::int64_t resident() {
    std::ifstream statm("/proc/self/statm");
    std::int64_t all = 0, pages = 0;
    statm >> all >> pages;
    return pages * 4096;
}

}  // namespace

TEST(memory_follows_bins_and_not_rows) {
    constexpr std::int64_t mib = 1 << 20;
    constexpr std::uint64_t bins = 300000;  // too many for a table: they wait and are put in order
    constexpr std::int64_t rows = 12000000;
    const auto grid = zbins::Grid<float>::from_bounds(
        std::vector<float>{0, 0}, std::vector<float>{1, 1}, std::vector<std::int32_t>{600, 500});
    for (const int threads : {1, 2}) {
        for (const std::int64_t chunk : {1000, 400000}) {
            const check::Note note("chunks of ", chunk, " rows, ", threads, " threads");
            inputs::Random random(1);
            inputs::Matrix<float> x(chunk, 2);
            const std::int64_t before = resident();
            std::int64_t most = 0;
            zbins::Counter<float> counter(grid, threads, false);
            for (std::int64_t done = 0; done < rows; done += chunk) {
                for (std::int64_t i = 0; i < chunk; ++i) {
                    const std::uint64_t bin = random.below(bins);
                    x.at(i, 0) = (static_cast<float>(bin % 600) + 0.5f) / 600;
                    x.at(i, 1) = (static_cast<float>(bin / 600) + 0.5f) / 500;
                }
                counter.add(x.view(), true, nullptr, models::on_threads(threads));
                most = std::max(most, resident() - before);
            }
            // 5 MiB of records, 32 MiB that may wait, the tables, and room to put them in order;
            // all rows would be 183 MiB.
            if (measured) CHECK_EQ(std::max(most, 110 * mib) / mib, 110);
            const auto model = counter.finish({}, models::on_threads(threads));
            CHECK_EQ(model.total(), rows);
            CHECK_EQ(model.size(), bins);
        }
    }
}
