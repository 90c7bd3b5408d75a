// Keys -> counts: an open-addressing table in device memory. The table owns its slots on the host;
// kernels get a view.
#pragma once

#include "device.hpp"
#include "zbins/layout.hpp"

namespace zbins::cuda {

// A slot is `free_slot`, or 32 bits of the key's hash above the number of the row that stands for
// the bin; one compare-and-swap claims it. No row has the number 2^32 - 1.
inline constexpr std::uint64_t free_slot = ~std::uint64_t{0};
inline constexpr std::uint32_t no_slot = ~std::uint32_t{0};

// As kernels see it; the functions that use it are in table.cuh.
struct TableView {
    std::uint64_t* slots;
    std::uint32_t* counts;
    std::uint32_t* full;  // becomes 1 where a row found no place: the counts are then of no use
    int log2;             // of the number of slots
    std::uint64_t seed;   // of the hash: rows cannot be made to collide by who does not know it
    const Word* keys;     // of all rows
    int words;
};

class Table {
public:
    // For 2^log2 slots, at most 2^32, all free.
    Table(const Queue& queue, int log2, std::uint64_t seed, const Word* keys, int words);

    const TableView& view() const { return view_; }
    std::uint64_t capacity() const { return std::uint64_t{1} << view_.log2; }
    // Whether any row found no place. Waits.
    bool full(const Queue& queue) const;

private:
    Array<std::uint64_t> slots_;
    Array<std::uint32_t> counts_;
    Array<std::uint32_t> full_;
    TableView view_;
};

// What tests change: tables that fill at once, and rows that collide.
struct Tuning {
    int first_log2 = 21;     // slots to begin with; with their counts they take 24 MiB
    std::uint64_t seed = 0;  // of every table; 0: a random one for each
};
inline Tuning tuning;

// How many slots to try with first for n rows, and with next where they were too few: few enough
// to lie in the cache, then ever eight times as many, up to two for each row.
int first_log2(std::uint64_t rows);
int next_log2(int log2, std::uint64_t rows);

// Most rows of one table: their slots have numbers of 32 bits, and one stands for none.
inline constexpr std::uint64_t most_rows = std::uint64_t{1} << 30;

}  // namespace zbins::cuda
