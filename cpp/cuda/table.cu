#include "table.hpp"

#include <algorithm>

namespace zbins::cuda {

Table::Table(const Queue& queue, int log2, std::uint64_t seed, const Word* keys, int words)
    : slots_(queue, std::uint64_t{1} << log2),
      counts_(queue, std::uint64_t{1} << log2),
      full_(queue, 1) {
    fill_bytes(queue, slots_, 0xff);
    fill_bytes(queue, counts_, 0);
    fill_bytes(queue, full_, 0);
    view_ = {slots_.data(), counts_.data(), full_.data(), log2, seed, keys, words};
}

bool Table::full(const Queue& queue) const {
    return downloaded(queue, full_.data()) != 0;
}

namespace {
int enough_log2(std::uint64_t rows) {
    int log2 = 10;
    while ((std::uint64_t{1} << log2) < 2 * rows) ++log2;
    return log2;
}
}  // namespace

int first_log2(std::uint64_t rows) {
    return std::min(tuning.first_log2, enough_log2(rows));
}

int next_log2(int log2, std::uint64_t rows) {
    const int enough = enough_log2(rows);
    // With two slots for each row, only bad luck with the seed can fill a neighbourhood.
    return log2 < enough ? std::min(log2 + 3, enough) : log2;
}

}  // namespace zbins::cuda
