// Which rows go through the table. It is worth its time where keys come again, and where nearly
// every key is new it only costs; both may change within a stream.
#pragma once

#include <algorithm>
#include <cstdint>

#include "count/order.hpp"
#include "count/pending.hpp"
#include "count/table.hpp"
#include "zbins/hash.hpp"

namespace zbins::inline v1 {

class Absorber {
public:
    Absorber(RecordShape shape, std::uint64_t most_bytes)
        : shape_(shape), table_(shape.words, most_bytes) {}

    // Counts n rows with these keys (`shape.words` words each) and hashes.
    void add(const Word* keys, const std::uint64_t* hashes, std::uint64_t n, Pending& pending) {
        const auto words = static_cast<std::uint64_t>(shape_.words);
        if (bypassed_ > 0) {
            bypassed_ -= std::min(bypassed_, n);
            pending.add_rows(keys, hashes, n);
            return;
        }
        std::uint64_t found = 0;
        for (std::uint64_t i = 0; i < n; ++i) {
            if (i + ahead < n) table_.prefetch(hashes[i + ahead]);
            const Word* key = keys + i * words;
            const Table::Added added = table_.add(key, slot_hash(key, hashes[i]));
            found += added == Table::Added::found;
            if (added == Table::Added::refused) pending.add(key, hashes[i], 1);
        }
        rows_ += n;
        found_ += found;
        if (rows_ >= window_) judge(pending);
    }

    // `keys` are known to be in `rows` rows: a table that could hold them all is given the room.
    void learn(std::uint64_t keys, std::uint64_t rows, Pending& pending) {
        if (table_.size() >= keys || keys > table_.most_keys() || rows < 4 * keys) return;
        give_up(pending);
        table_.restart(2 * keys);
        bypassed_ = rows_ = found_ = 0;
        window_ = 4 * keys;  // it must fill before it can be judged
    }

    // Everything in the table joins those that wait.
    void give_up(Pending& pending) {
        for (std::uint64_t i = 0; i < table_.size(); ++i) {
            const Word* key = table_.record(i);
            pending.add(key, fixed_hash(key, shape_.hashed), key[shape_.words]);
        }
        table_.clear();
    }

private:
    static constexpr std::uint64_t ahead = 8;
    static constexpr std::uint64_t first_window = 512;
    static constexpr std::uint64_t last_window = 1 << 15;
    static constexpr std::uint64_t rest = 64;  // windows without the table before the next try

    // Rows of one bin and different labels must not crowd around one slot.
    std::uint64_t slot_hash(const Word* key, std::uint64_t hash) const {
        return shape_.words == shape_.hashed ? hash : hash ^ mix64(key[shape_.hashed] + 1);
    }

    void judge(Pending& pending) {
        if (4 * found_ < rows_) {
            bypassed_ = rest * rows_;
            give_up(pending);  // the next try is of the keys that come then
        } else if (table_.full() && table_.may_grow()) {
            table_.grow(
                [&](const Word* key) { return slot_hash(key, fixed_hash(key, shape_.hashed)); });
        }
        window_ = std::min(2 * window_, last_window);
        rows_ = found_ = 0;
    }

    RecordShape shape_;
    Table table_;
    std::uint64_t window_ = first_window;
    std::uint64_t rows_ = 0, found_ = 0;  // of this window
    std::uint64_t bypassed_ = 0;          // rows still to come past the table
};

}  // namespace zbins::inline v1
