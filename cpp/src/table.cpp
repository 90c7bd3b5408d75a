#include "zbins/table.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <stdexcept>
#include <utility>

namespace zbins {

namespace {

constexpr int first_log2_slots = 11;
constexpr int max_log2_slots = 31;  // past it a slot could not hold hash bits and number both
// Slots past the last home, for what is displaced there.
constexpr std::uint64_t tail_slots = 128;
// Probes and moves allowed per key before the keys count as crafted. Random keys at the load below
// need about 4, so what is left over after many keys is far below zero.
constexpr std::int64_t work_per_key = 16;
constexpr std::int64_t work_for_free = 1 << 14;

constexpr std::uint64_t capacity_of(int log2_slots) {
    return (std::uint64_t{1} << log2_slots) / 8 * 5;  // load at most 0.625
}

bool same_key(const Word* a, const Word* b, int words) {
    for (int w = 0; w < words; ++w) {
        if (a[w] != b[w]) return false;
    }
    return true;
}

}  // namespace

HashKey process_hash_key() {
    static const HashKey key = [] {
        std::random_device device;
        const auto word = [&] { return (std::uint64_t{device()} << 32) | device(); };
        return HashKey{word(), word()};
    }();
    return key;
}

Arena::Arena(int words) : words_(words) {
    // Blocks of about a megabyte: small fits touch little of one, large ones get few.
    const std::uint64_t records =
        (1 << 20) / ((static_cast<std::uint64_t>(words) + 1) * sizeof(Word));
    log2_block_ = floor_log2(std::max<std::uint64_t>(records, 8));
    mask_ = (std::uint64_t{1} << log2_block_) - 1;
}

std::uint64_t Arena::append(const Word* key, Count count) {
    const std::uint64_t index = size_;
    if (index >> log2_block_ == blocks_.size()) {
        const std::size_t block = (mask_ + 1) * (static_cast<std::size_t>(words_) + 1);
        std::unique_ptr<Word[]> made(new Word[block]);
        blocks_.push_back(std::move(made));
    }
    Word* to = const_cast<Word*>(record(index));
    std::memcpy(to, key, static_cast<std::size_t>(words_) * sizeof(Word));
    to[words_] = count;
    ++size_;
    return index;
}

Table::Table(int words, int used_bits) : arena_(words), used_bits_(used_bits) {
    resize_slots(first_log2_slots);
}

void Table::resize_slots(int log2_slots) {
    if (log2_slots > max_log2_slots)
        throw std::length_error("too many occupied bins for one table");
    std::vector<std::uint64_t> slots((std::size_t{1} << log2_slots) + tail_slots);
    slots_ = std::move(slots);
    log2_slots_ = log2_slots;
    capacity_ = capacity_of(log2_slots);
    excess_work_ = 0;
}

std::uint64_t Table::table_hash(const Word* key, std::uint64_t hash) const {
    return keyed_ ? keyed_hash(key, arena_.words(), process_hash_key()) : hash << used_bits_;
}

std::uint64_t Table::add(const Word* key, std::uint64_t fixed, Count count) {
    const std::uint64_t hash = table_hash(key, fixed);
    const std::uint64_t mask = index_mask();
    const std::uint64_t wanted = hash & ~mask;
    std::uint64_t position = home(hash);
    const std::uint64_t start = position;
    for (; position < slots_.size(); ++position) {
        const std::uint64_t slot = slots_[position];
        if (slot == 0) break;
        const std::uint64_t there = slot & ~mask;
        if (there > wanted) break;
        if (there == wanted) {
            const std::uint64_t index = (slot & mask) - 1;
            if (same_key(arena_.key(index), key, arena_.words())) {
                arena_.count(index) += count;
                excess_work_ += static_cast<std::int64_t>(position - start) - work_per_key;
                if (crafted()) rebuild_keyed();
                return index;
            }
        }
    }
    excess_work_ += static_cast<std::int64_t>(position - start) - work_per_key;
    const std::uint64_t index = arena_.append(key, count);
    place_new(position, wanted | (index + 1));
    if (crafted()) rebuild_keyed();
    if (arena_.size() > capacity_) grow();
    return index;
}

// Puts a slot where the order wants it, moving what stands there along by one. Sets `overflowed_`
// if the end of the slots is reached: one slot is lost then, and all are placed anew.
void Table::place_new(std::uint64_t position, std::uint64_t slot) {
    const std::uint64_t start = position;
    for (; position < slots_.size(); ++position) {
        std::swap(slot, slots_[position]);
        if (slot == 0) {
            excess_work_ += static_cast<std::int64_t>(position - start);
            return;
        }
    }
    overflowed_ = true;
}

bool Table::crafted() const {
    return overflowed_ || (!keyed_ && excess_work_ > work_for_free);
}

void Table::grow() {
    if (keyed_) {
        resize_slots(log2_slots_ + 1);
        while (!try_place_all()) resize_slots(log2_slots_ + 1);
        return;
    }
    const std::vector<std::uint64_t> old = std::move(slots_);
    const std::uint64_t old_mask = index_mask();
    slots_ = {};
    resize_slots(log2_slots_ + 1);
    // In order already: each slot goes to its new home or right behind the one before it.
    const std::uint64_t mask = index_mask();
    std::uint64_t next = 0;
    for (const std::uint64_t slot : old) {
        if (slot == 0) continue;
        const std::uint64_t position = std::max(home(slot), next);
        if (position >= slots_.size()) {
            rebuild_keyed();
            return;
        }
        slots_[position] = (slot & ~mask) | (slot & old_mask);
        next = position + 1;
    }
}

// The refuge from crafted keys: every record placed again by the keyed hash.
void Table::rebuild_keyed() {
    keyed_ = true;
    overflowed_ = false;
    int log2_slots = log2_slots_;
    while (capacity_of(log2_slots) < arena_.size()) ++log2_slots;
    resize_slots(log2_slots);
    while (!try_place_all()) resize_slots(log2_slots_ + 1);
}

bool Table::try_place_all() {
    const std::uint64_t mask = index_mask();
    for (std::uint64_t index = 0; index < arena_.size(); ++index) {
        const std::uint64_t hash = table_hash(arena_.key(index), 0);
        std::uint64_t position = home(hash);
        while (position < slots_.size() && slots_[position] != 0 &&
               (slots_[position] & ~mask) <= (hash & ~mask)) {
            ++position;
        }
        if (position < slots_.size()) {
            place_new(position, (hash & ~mask) | (index + 1));
        } else {
            overflowed_ = true;
        }
        if (overflowed_) {
            overflowed_ = false;
            return false;
        }
    }
    excess_work_ = 0;
    return true;
}

void Table::sort_ties(std::vector<std::uint64_t>& order, std::uint64_t begin,
                      std::uint64_t end) const {
    struct Entry {
        std::uint64_t hash, index;
    };
    const int words = arena_.words();
    std::vector<Entry> entries;
    entries.reserve(end - begin);
    for (std::uint64_t i = begin; i < end; ++i) {
        entries.push_back({fixed_hash(arena_.key(order[i]), words), order[i]});
    }
    std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
        if (a.hash != b.hash) return a.hash < b.hash;
        return std::lexicographical_compare(arena_.key(a.index), arena_.key(a.index) + words,
                                            arena_.key(b.index), arena_.key(b.index) + words);
    });
    for (std::uint64_t i = begin; i < end; ++i) order[i] = entries[i - begin].index;
}

std::vector<std::uint64_t> Table::drain_order() {
    const std::uint64_t mask = index_mask();
    std::vector<std::uint64_t> order = std::move(slots_);
    slots_ = {};
    std::uint64_t size = 0, run = 0, run_bits = 0;
    // Compacts in place; a run of equal hash bits is sorted out as soon as it is complete.
    for (std::size_t position = 0; position < order.size(); ++position) {
        const std::uint64_t slot = order[position];
        if (slot == 0) continue;
        if (size > 0 && (slot & ~mask) != run_bits) {
            if (!keyed_ && size - run > 1) sort_ties(order, run, size);
            run = size;
        }
        run_bits = slot & ~mask;
        order[size++] = (slot & mask) - 1;
    }
    order.resize(size);
    order.shrink_to_fit();
    if (keyed_) {
        sort_ties(order, 0, size);
    } else if (size - run > 1) {
        sort_ties(order, run, size);
    }
    return order;
}

}  // namespace zbins
