// The standard container beside the table.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "zbins/table.hpp"

namespace tables {

using crafted::Key;

struct KeyHash {
    std::size_t operator()(const Key& key) const {
        // Keyed with a constant: crafted keys must not slow the oracle.
        return zbins::keyed_hash(key.data(), static_cast<int>(key.size()), {1, 2});
    }
};

class Oracle {
public:
    explicit Oracle(int words) : words_(words) {}

    // Adds to the table and to the oracle; the record number must be the one of this key.
    void add(zbins::Table& table, const Key& key, zbins::Count count = 1) {
        const std::uint64_t record =
            table.add(key.data(), zbins::fixed_hash(key.data(), words_), count);
        const auto [entry, is_new] = counts_.try_emplace(key, Entry{record, 0});
        if (is_new) keys_.push_back(key);
        entry->second.count += count;
        CHECK_EQ(record, entry->second.record);
    }

    // One of the keys added so far.
    const Key& any(inputs::Random& random) const {
        return keys_[static_cast<std::size_t>(random.below(keys_.size()))];
    }

    // Every key once, with its exact count, ascending by hash and then key. Drains the table.
    void check(zbins::Table& table) const {
        CHECK_EQ(table.size(), counts_.size());
        const std::vector<std::uint64_t> order = table.drain_order();
        CHECK_EQ(order.size(), counts_.size());
        std::pair<std::uint64_t, Key> last;
        bool first = true;
        for (const std::uint64_t record : order) {
            const zbins::Word* words = table.arena().key(record);
            std::pair<std::uint64_t, Key> here{zbins::fixed_hash(words, words_),
                                               Key(words, words + words_)};
            const auto found = counts_.find(here.second);
            CHECK(found != counts_.end());
            if (found != counts_.end()) CHECK_EQ(table.arena().count(record), found->second.count);
            CHECK(first || last < here);  // strictly: so none comes twice
            last = std::move(here);
            first = false;
        }
    }

private:
    struct Entry {
        std::uint64_t record;
        zbins::Count count;
    };
    int words_;
    std::unordered_map<Key, Entry, KeyHash> counts_;
    std::vector<Key> keys_;
};

}  // namespace tables
