// Keys -> counts, for the keys that come again: an open-addressing table small enough to stay in
// cache. It takes what finds room within a few slots and hands the rest back, so no input, crafted
// or not, makes it slow.
#pragma once

#include "count/records.hpp"
#include "zbins/types.hpp"

namespace zbins::inline v1 {

class Table {
public:
    enum class Added { found, is_new, refused };

    static constexpr int first_log2_slots = 11;
    static constexpr int max_log2_slots = 18;

    // At most `most_bytes` large, or of the first size.
    Table(int words, std::uint64_t most_bytes);

    // Counts one row with this key. `hash` must be a function of the key and spread evenly.
    Added add(const Word* key, std::uint64_t hash);
    void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots_.data() + home(hash)); }

    std::uint64_t size() const { return records_.size(); }
    const Word* record(std::uint64_t i) const { return records_[i]; }
    bool full() const { return records_.full(); }

    void clear() { resize(first_log2_slots); }
    // Room for at least this many keys (as far as a table may grow), and no keys.
    void restart(std::uint64_t keys);
    // Twice the slots (up to the most), the keys kept. `hash_of(key)` is what `add` was given.
    template <class HashOf>
    void grow(HashOf&& hash_of);
    bool may_grow() const { return log2_slots_ < most_log2_slots_; }
    std::uint64_t most_keys() const { return std::uint64_t{1} << (most_log2_slots_ - 1); }

private:
    static constexpr int probes = 8;  // one or two cache lines of slots
    static constexpr int number_bits = 24;

    std::uint64_t home(std::uint64_t hash) const { return hash >> (64 - log2_slots_); }
    Word* count_of(std::uint64_t number) { return const_cast<Word*>(records_[number]) + words_; }
    void resize(int log2_slots);

    int words_;
    int most_log2_slots_ = first_log2_slots;
    int log2_slots_ = 0;
    Buffer<std::uint64_t> slots_;  // the top bits of the hash, then a record's number plus one
    Records records_;
};

inline Table::Added Table::add(const Word* key, std::uint64_t hash) {
    std::uint64_t* slot = slots_.data() + home(hash);
    for (int probe = 0; probe < probes; ++probe, ++slot) {
        if (*slot == 0) {
            if (records_.full()) return Added::refused;
            records_.append(key, 1, words_);
            *slot = (hash >> number_bits << number_bits) | records_.size();
            return Added::is_new;
        }
        if ((*slot ^ hash) >> number_bits == 0) {
            const std::uint64_t number = (*slot & ((1 << number_bits) - 1)) - 1;
            if (same_words(records_[number], key, words_)) {
                ++*count_of(number);
                return Added::found;
            }
        }
    }
    return Added::refused;
}

template <class HashOf>
void Table::grow(HashOf&& hash_of) {
    Records old = std::move(records_);
    resize(log2_slots_ + 1);
    records_.append_all(old);
    for (std::uint64_t i = 0; i < old.size(); ++i) {
        const std::uint64_t hash = hash_of(old[i]);
        std::uint64_t slot = home(hash);
        // Half the slots are free, so one is near; where crafted keys leave none within the probes
        // a record stays counted and is only not found again.
        for (int probe = 0; probe < probes; ++probe, ++slot) {
            if (slots_[slot] != 0) continue;
            slots_[slot] = (hash >> number_bits << number_bits) | (i + 1);
            break;
        }
    }
}

}  // namespace zbins::inline v1
