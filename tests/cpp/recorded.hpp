// Records by the thousand, and what summing them up must give, by a plain sort.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "count/order.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "zbins/hash.hpp"

namespace recorded {

using crafted::Key;
using zbins::Count;
using zbins::RecordShape;
using zbins::Word;

// Records one after another, each the words of its key and then its count.
struct Set {
    explicit Set(RecordShape a_shape) : shape(a_shape) {}

    std::uint64_t size() const { return words.size() / shape.stride(); }
    const Word* record(std::uint64_t i) const { return words.data() + i * shape.stride(); }
    void add(const Key& key, Count count) {
        words.insert(words.end(), key.begin(), key.end());
        words.push_back(count);
    }
    void shuffle(inputs::Random& random) {
        for (std::uint64_t i = size(); i > 1; --i) {
            const std::uint64_t j = random.below(i);
            std::swap_ranges(words.begin() + static_cast<std::ptrdiff_t>((i - 1) * shape.stride()),
                             words.begin() + static_cast<std::ptrdiff_t>(i * shape.stride()),
                             words.begin() + static_cast<std::ptrdiff_t>(j * shape.stride()));
        }
    }

    RecordShape shape;
    std::vector<Word> words;
};

// A random key with this hash; the words that are not hashed hold random labels.
inline Key key_of(inputs::Random& random, const RecordShape& shape, std::uint64_t hash) {
    Key key = crafted::key_with_hash(random, shape.hashed, hash);
    while (key.size() < static_cast<std::size_t>(shape.words))
        key.push_back(random.below(std::uint64_t{1} << 31));
    return key;
}

// Law 3 by std::sort: one record per distinct key, ascending by hash and then by key.
inline std::vector<Word> expected(const Set& set) {
    const auto words = set.shape.words;
    std::vector<std::pair<std::uint64_t, const Word*>> order;
    for (std::uint64_t i = 0; i < set.size(); ++i)
        order.push_back({zbins::fixed_hash(set.record(i), set.shape.hashed), set.record(i)});
    std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
        if (a.first != b.first) return a.first < b.first;
        return std::lexicographical_compare(a.second, a.second + words, b.second, b.second + words);
    });
    std::vector<Word> sums;
    const auto stride = static_cast<std::ptrdiff_t>(set.shape.stride());
    for (const auto& [hash, record] : order) {
        if (!sums.empty() && std::equal(record, record + words, sums.end() - stride)) {
            sums.back() += record[words];
        } else {
            sums.insert(sums.end(), record, record + stride);
        }
    }
    return sums;
}

// What an Orderer makes of them, in pieces of at most 2^log2_piece records.
inline std::vector<Word> summed_up(zbins::Orderer& orderer, const Set& set, int log2_piece,
                                   int known_bits) {
    std::vector<std::uint64_t> hashes;
    for (std::uint64_t i = 0; i < set.size(); ++i)
        hashes.push_back(zbins::fixed_hash(set.record(i), set.shape.hashed));
    std::vector<zbins::Piece> pieces;
    const std::uint64_t full = std::uint64_t{1} << log2_piece;
    for (std::uint64_t begin = 0; begin < set.size(); begin += pieces.back().size) {
        // Some are not full, as those that were begun last.
        const std::uint64_t most = pieces.size() % 3 == 1 ? full / 2 + 1 : full;
        const std::uint64_t size = std::min(most, set.size() - begin);
        pieces.push_back({hashes.data() + begin, set.record(begin), size});
    }
    std::vector<Word> sums;
    orderer.sum_up(pieces, log2_piece, known_bits, [&](const Word* key, Count count, int) {
        sums.insert(sums.end(), key, key + set.shape.words);
        sums.push_back(count);
    });
    return sums;
}

}  // namespace recorded
