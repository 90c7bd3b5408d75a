// Keys -> counts: an open-addressing table whose slots stay in hash order as it fills (ordered
// linear probing: Amble, Knuth, "Ordered hash tables", 1974), over a dense arena of records.
//
// A slot is one word: the top bits of the hash, then the record's number plus one (0: empty). Its
// home is given by the top bits again, and there is no wrap-around, so a scan of the slots meets
// the keys in canonical order and growing is one linear pass. Where the scan meets equal hash
// bits, full hashes and keys decide. Latents crafted to collide cost too many probes: the table
// then goes over to a keyed hash, and sorts at the end. Never quadratic.
#pragma once

#include <memory>
#include <vector>

#include "zbins/hash.hpp"
#include "zbins/types.hpp"

namespace zbins {

// Records of `words` key words and one count, in blocks, so that growing never copies.
class Arena {
public:
    explicit Arena(int words);

    std::uint64_t append(const Word* key, Count count);
    const Word* key(std::uint64_t index) const { return record(index); }
    Count& count(std::uint64_t index) { return const_cast<Word*>(record(index))[words_]; }
    Count count(std::uint64_t index) const { return record(index)[words_]; }
    std::uint64_t size() const { return size_; }
    int words() const { return words_; }

private:
    const Word* record(std::uint64_t index) const {
        return blocks_[index >> log2_block_].get() +
               (index & mask_) * (static_cast<Count>(words_) + 1);
    }

    int words_;
    int log2_block_ = 0;
    std::uint64_t mask_ = 0;
    std::uint64_t size_ = 0;
    std::vector<std::unique_ptr<Word[]>> blocks_;
};

class Table {
public:
    // `used_bits`: top bits of every hash that are the same for all keys given to this table (it
    // owns one range of hashes out of 2^used_bits).
    explicit Table(int words, int used_bits = 0);

    // Adds `count` to the key's count; returns its record number. `hash` is fixed_hash(key), or
    // any other hash if the canonical order of this table does not matter.
    std::uint64_t add(const Word* key, std::uint64_t hash, Count count = 1);

    // Two stages ahead of `add`: the slot, then the record it names.
    void prefetch_slot(std::uint64_t hash) const {
        __builtin_prefetch(slots_.data() + home(hash << used_bits_));
    }
    void prefetch_record(std::uint64_t hash) const {
        const std::uint64_t index = slots_[home(hash << used_bits_)] & index_mask();
        if (index != 0) __builtin_prefetch(arena_.key(index - 1));
    }

    const Arena& arena() const { return arena_; }
    std::uint64_t size() const { return arena_.size(); }
    bool keyed() const { return keyed_; }

    // Record numbers in canonical order: ascending fixed_hash of the key, ties by the key. The
    // table cannot be added to afterwards; its slots become the answer.
    std::vector<std::uint64_t> drain_order();

private:
    std::uint64_t index_mask() const { return (std::uint64_t{1} << log2_slots_) - 1; }
    std::uint64_t home(std::uint64_t hash) const { return hash >> (64 - log2_slots_); }
    std::uint64_t table_hash(const Word* key, std::uint64_t hash) const;
    void place_new(std::uint64_t position, std::uint64_t slot);
    bool crafted() const;
    void grow();
    void rebuild_keyed();
    void resize_slots(int log2_slots);
    bool try_place_all();
    void sort_ties(std::vector<std::uint64_t>& order, std::uint64_t begin, std::uint64_t end) const;

    Arena arena_;
    int used_bits_;
    int log2_slots_ = 0;
    std::uint64_t capacity_ = 0;  // records before the next growth
    bool keyed_ = false;
    bool overflowed_ = false;
    std::int64_t excess_work_ = 0;  // probes and moves beyond what random keys need
    std::vector<std::uint64_t> slots_;
};

// Drawn once per process; tests may read it, nothing may depend on it.
HashKey process_hash_key();

}  // namespace zbins
