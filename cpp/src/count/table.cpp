#include "count/table.hpp"

#include <algorithm>
#include <bit>

namespace zbins::inline v1 {

Table::Table(int words, std::uint64_t most_bytes) : words_(words) {
    const std::uint64_t slot_bytes = (static_cast<std::uint64_t>(words) + 1) * sizeof(Word) / 2 + 8;
    while (most_log2_slots_ < max_log2_slots && slot_bytes << (most_log2_slots_ + 1) <= most_bytes)
        ++most_log2_slots_;
    resize(first_log2_slots);
}

void Table::resize(int log2_slots) {
    const std::uint64_t slots = std::uint64_t{1} << log2_slots;
    slots_ = Buffer<std::uint64_t>(slots + probes);  // so that a probe needs no wrap-around
    records_ = Records(words_, slots / 2);
    std::fill(slots_.begin(), slots_.end(), 0);
    log2_slots_ = log2_slots;
}

void Table::restart(std::uint64_t keys) {
    const int needed = static_cast<int>(std::bit_width(2 * keys));
    resize(std::clamp(needed, first_log2_slots, most_log2_slots_));
}

}  // namespace zbins::inline v1
