// Why: what waits is held nowhere else (law 2). Every record added must come out once, unchanged,
// in the range of its hash, however many slabs that takes.
#include "count/pending.hpp"

#include <algorithm>
#include <vector>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"
#include "recorded.hpp"

using recorded::Key;
using zbins::Count;
using zbins::Pending;
using zbins::Word;

namespace {

std::size_t range_of(std::uint64_t hash, int range_bits) {
    return range_bits == 0 ? 0 : static_cast<std::size_t>(hash >> (64 - range_bits));
}

// Records as they were added, one list per range. Hashes are given, not made from the keys.
struct Added {
    struct Range {
        std::vector<std::uint64_t> hashes;
        std::vector<Word> records;
    };

    Added(int a_words, int a_range_bits)
        : words(a_words), range_bits(a_range_bits), ranges(std::size_t{1} << a_range_bits) {}

    void add(inputs::Random& random, Pending& pending, std::uint64_t hash) {
        Key key;
        while (key.size() < static_cast<std::size_t>(words)) key.push_back(random.word());
        const Count count = random.word();
        pending.add(key.data(), hash, count);
        key.push_back(count);
        Range& range = ranges[range_of(hash, range_bits)];
        range.hashes.push_back(hash);
        range.records.insert(range.records.end(), key.begin(), key.end());
        ++size;
    }

    // Looks at everything; returns the largest number of pieces of any range.
    std::size_t check(const Pending& pending) const {
        CHECK_EQ(pending.size(), size);
        CHECK_EQ(pending.ranges(), ranges.size());
        std::size_t most_pieces = 0;
        const auto stride = static_cast<std::uint64_t>(words) + 1;
        for (std::size_t r = 0; r < ranges.size(); ++r) {
            CHECK_EQ(pending.size(r), ranges[r].hashes.size());
            std::vector<zbins::Piece> pieces(1);  // one of somebody else
            pending.append_pieces(r, pieces);
            CHECK(pieces[0].size == 0 && pieces[0].records == nullptr);
            Range found;
            for (std::size_t p = 1; p < pieces.size(); ++p) {
                const auto& [hashes, records, n] = pieces[p];
                CHECK(n > 0 && n <= std::uint64_t{1} << pending.log2_chunk());
                found.hashes.insert(found.hashes.end(), hashes, hashes + n);
                found.records.insert(found.records.end(), records, records + n * stride);
            }
            CHECK(found.hashes == ranges[r].hashes);  // in the order they came
            CHECK(found.records == ranges[r].records);
            most_pieces = std::max(most_pieces, pieces.size() - 1);
        }
        return most_pieces;
    }

    int words, range_bits;
    std::uint64_t size = 0;
    std::vector<Range> ranges;
};

constexpr std::uint64_t chunk_bytes = 16 << 10;

}  // namespace

TEST(what_waits_comes_out_once_in_its_range) {
    inputs::Random random(1);
    for (const int words : {1, 2, 9, 1024}) {
        for (const int range_bits : {0, 1, 4, 8}) {
            for (const std::uint64_t n : {0u, 1u, 15u, 16u, 17u, 700u, 2000u}) {
                if (words > 1000 && n > 700) continue;
                for (const std::uint64_t expected :
                     {std::uint64_t{0}, n, 3 * n, n / 3, std::uint64_t{1} << 40}) {
                    const std::uint64_t bytes = random.below(3) * 8000;
                    const check::Note note(words, " words, 2^", range_bits, " ranges, ", n,
                                           " records, ", expected, " expected, chunks of ", bytes,
                                           " bytes");
                    Pending pending(words, range_bits, expected, bytes);
                    Added added(words, range_bits);
                    for (std::uint64_t i = 0; i < n; ++i) added.add(random, pending, random.word());
                    added.check(pending);
                }
            }
        }
    }
}

// 4 MiB are one slab.
TEST(what_waits_may_fill_many_slabs) {
    inputs::Random random(2);
    for (const int words : {1, 3}) {
        for (const int range_bits : {0, 3, 8}) {
            for (const std::uint64_t expected : {0u, 1000u, 1000000u}) {
                const check::Note note(words, " words, 2^", range_bits, " ranges, ", expected,
                                       " expected");
                Pending pending(words, range_bits, expected, chunk_bytes);
                Added added(words, range_bits);
                for (int i = 0; i < 700000; ++i) added.add(random, pending, random.word());
                added.check(pending);
            }
        }
    }
}

// Crafted rows all fall into one range, and the others have no piece.
TEST(what_waits_may_all_be_in_one_range) {
    inputs::Random random(3);
    for (const std::uint64_t hash : {std::uint64_t{0}, random.word(), ~std::uint64_t{0}}) {
        Pending pending(2, 8, 100, chunk_bytes);
        Added added(2, 8);
        for (int i = 0; i < 300000; ++i) added.add(random, pending, hash ^ (random.word() >> 8));
        added.check(pending);
    }
}

TEST(one_range_is_one_piece_where_the_guess_was_right) {
    inputs::Random random(4);
    for (const int words : {1, 2, 9}) {
        const std::uint64_t slab =
            (std::uint64_t{4} << 20) / (static_cast<std::uint64_t>(words + 2) * sizeof(Word));
        for (const std::uint64_t n : {std::uint64_t{1}, std::uint64_t{100}, slab / 7, slab / 2}) {
            const check::Note note(words, " words, ", n, " records");
            Pending pending(words, 0, n, chunk_bytes);
            Added added(words, 0);
            for (std::uint64_t i = 0; i < n; ++i) added.add(random, pending, random.word());
            CHECK_EQ(added.check(pending), 1);
        }
    }
}

TEST(what_waited_is_gone_after_clear) {
    inputs::Random random(5);
    for (const int range_bits : {0, 6}) {
        Pending pending(2, range_bits, 1000, chunk_bytes);
        for (const int n : {1, 5000, 0, 300000, 20}) {
            const check::Note note("2^", range_bits, " ranges, ", n, " records");
            Added added(2, range_bits);
            for (int i = 0; i < n; ++i) added.add(random, pending, random.word());
            added.check(pending);
            pending.clear();
            Added(2, range_bits).check(pending);
        }
    }
}

TEST(what_waits_moves_with_its_owner) {
    inputs::Random random(6);
    Pending pending(3, 4, 10, chunk_bytes);
    Added added(3, 4);
    for (int i = 0; i < 1000; ++i) added.add(random, pending, random.word());
    Pending moved = std::move(pending);
    for (int i = 0; i < 100000; ++i) added.add(random, moved, random.word());
    added.check(moved);
    Pending other(3, 2, 10, chunk_bytes);
    other = std::move(moved);
    added.add(random, other, random.word());
    added.check(other);
}
