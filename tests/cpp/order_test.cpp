// Why: law 3. The order of every model comes from this sort, so it must be that of a plain sort at
// every size, packing and number of equal keys, and no count may be lost on the way.
#include "count/order.hpp"

#include <algorithm>
#include <bit>
#include <vector>

#include "check.hpp"
#include "inputs.hpp"
#include "recorded.hpp"

using recorded::Key;
using recorded::Set;
using zbins::Count;
using zbins::RecordShape;

namespace {

// Keys alone, and keys with a label behind them.
constexpr RecordShape shapes[] = {{1, 1}, {2, 2}, {3, 3}, {8, 8}, {2, 1}, {3, 2}, {8, 7}};

// n records of so many distinct keys, all of whose hashes begin with the same bits.
Set random_records(inputs::Random& random, RecordShape shape, std::uint64_t n,
                   std::uint64_t distinct, int known_bits) {
    const std::uint64_t begin = random.word() & ~(~std::uint64_t{0} >> known_bits);
    std::vector<Key> keys;
    for (std::uint64_t i = 0; i < distinct; ++i)
        keys.push_back(recorded::key_of(random, shape, begin | random.word() >> known_bits));
    Set set(shape);
    for (std::uint64_t i = 0; i < n; ++i) {
        const Count count = 1 + (random.word() >> random.between(2, 63));  // up to 2^62
        set.add(keys[distinct == n ? i : random.below(distinct)], count);
    }
    return set;
}

// In one piece, and in several.
void check_sums(zbins::Orderer& orderer, const Set& set, int known_bits) {
    const auto expected = recorded::expected(set);
    const int one = static_cast<int>(std::bit_width(set.size()));
    for (const int log2_piece : {one, one / 2, 1, 18}) {
        if (set.size() >> log2_piece > 10000) continue;
        const check::Note note("pieces of 2^", log2_piece);
        CHECK(recorded::summed_up(orderer, set, log2_piece, known_bits) == expected);
    }
}

// Sizes in disorder, so that one Orderer grows, and works with more room than it needs.
constexpr std::uint64_t sizes[] = {33,  0,  1,  1000, 2,  31, 32, 3,   64, 5, 4, 127,
                                   100, 34, 63, 65,   66, 7,  8,  500, 9,  6, 20};

template <class Visit>
void for_kinds(Visit&& visit) {
    for (const RecordShape& shape : shapes) {
        for (int known_bits = 0; known_bits <= 8; ++known_bits) visit(shape, known_bits);
    }
}

}  // namespace

TEST(records_are_summed_up_in_canonical_order) {
    inputs::Random random(1);
    for_kinds([&](const RecordShape& shape, int known_bits) {
        zbins::Orderer orderer(shape);
        for (const std::uint64_t n : sizes) {
            for (const std::uint64_t distinct : {n, n / 2 + 1, n / 20 + 1, std::uint64_t{1}}) {
                const check::Note note(shape.words, " words, ", shape.hashed, " hashed, ", n,
                                       " records, ", distinct, " keys, ", known_bits,
                                       " known bits");
                check_sums(orderer, random_records(random, shape, n, distinct, known_bits),
                           known_bits);
            }
        }
    });
}

TEST(many_records_are_summed_up_in_canonical_order) {
    inputs::Random random(2);
    constexpr std::uint64_t n = 100000;
    for (const RecordShape& shape : shapes) {
        zbins::Orderer orderer(shape);
        for (const std::uint64_t distinct : {n, n / 2, std::uint64_t{1000}, std::uint64_t{1}}) {
            const int known_bits = static_cast<int>(random.below(9));
            const check::Note note(shape.words, " words, ", shape.hashed, " hashed, ", distinct,
                                   " keys, ", known_bits, " known bits");
            check_sums(orderer, random_records(random, shape, n, distinct, known_bits), known_bits);
            // Known bits are a help, not a duty.
            check_sums(orderer, random_records(random, shape, 70, 60, known_bits), 0);
        }
    }
}

// One bin under many labels: equal hashes are the rule there, not the exception.
TEST(records_of_one_key_and_many_labels_are_summed_up) {
    inputs::Random random(3);
    for (const std::uint64_t labels : {2u, 31u, 32u, 33u, 1000u, 50000u}) {
        const check::Note note(labels, " labels");
        for (const int words : {2, 3}) {
            const RecordShape shape{words, words - 1};
            zbins::Orderer orderer(shape);
            Set set(shape);
            Key keys[] = {recorded::key_of(random, shape, random.word()),
                          recorded::key_of(random, shape, random.word())};
            for (std::uint64_t i = 0; i < 2 * labels; ++i) {
                Key& key = keys[random.below(2)];
                key.back() = random.below(labels);
                set.add(key, 1 + random.below(3));
            }
            check_sums(orderer, set, 0);
        }
    }
}

namespace {

using Values = std::vector<std::uint64_t>;

void check_sorted(Values values, int known_bits) {
    Values sorted = values, other(values.size());
    std::sort(sorted.begin(), sorted.end());
    zbins::radix_sort(values.data(), other.data(), values.size(), known_bits);
    CHECK(values == sorted);
}

// Values of every kind, whose top bits are the same.
void check_radix_sort(inputs::Random& random, std::size_t n, int known_bits) {
    const check::Note note(n, " values, ", known_bits, " known bits");
    const std::uint64_t begin = random.word() & ~(~std::uint64_t{0} >> known_bits);
    const auto value = [&] { return begin | random.word() >> known_bits; };
    const auto filled = [&](auto&& next) {
        Values values(n);
        for (std::uint64_t& each : values) each = next();
        return values;
    };
    Values values = filled(value);
    check_sorted(values, known_bits);
    std::sort(values.begin(), values.end());
    check_sorted(values, known_bits);
    std::reverse(values.begin(), values.end());
    check_sorted(values, known_bits);
    check_sorted(Values(n, value()), known_bits);
    const std::uint64_t few[] = {value(), value(), value()};
    check_sorted(filled([&] { return few[random.below(3)]; }), known_bits);
    for (const int shared : {10, 20, 40, 60}) {  // the top bits of all, or of one in two
        const std::uint64_t top = value() >> (64 - shared) << (64 - shared);
        check_sorted(filled([&] { return top | random.word() >> shared; }), known_bits);
        check_sorted(
            filled([&] { return random.below(2) == 0 ? value() : top | random.word() >> shared; }),
            known_bits);
    }
    for (const int moved : {0, 20, 40}) {  // dense in the middle, all bits else the same
        std::uint64_t i = 0;
        values = filled([&] { return begin | (i++ << moved) << known_bits >> known_bits; });
        random.shuffle(values);
        check_sorted(values, known_bits);
    }
}

}  // namespace

TEST(radix_sort_sorts) {
    inputs::Random random(4);
    for (std::size_t n = 0; n <= 100; ++n) {
        for (const int known_bits : {0, 1, 5, 8, 10}) check_radix_sort(random, n, known_bits);
    }
    for (const std::size_t n : {1000u, 4096u, 100000u}) {
        for (const int known_bits : {0, 3, 10}) check_radix_sort(random, n, known_bits);
    }
}

TEST(radix_sort_of_the_smallest_and_largest_values) {
    inputs::Random random(5);
    for (const std::size_t n : {1u, 2u, 33u, 5000u}) {
        Values values;
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint64_t bit = std::uint64_t{1} << random.below(64);
            const std::uint64_t ends[] = {0,   1,   ~std::uint64_t{0}, std::uint64_t{1} << 63,
                                          bit, ~bit};
            values.push_back(ends[random.below(6)]);
        }
        check_sorted(values, 0);
    }
}
