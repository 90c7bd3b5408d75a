// Why: law 3. All that puts two ordered lists together is one walk, from the front or from the
// back, of the whole or of parts: a key passed over, met twice or met out of order would be rows
// lost.
#include "merger.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "check.hpp"
#include "crafted.hpp"
#include "inputs.hpp"

using crafted::Key;
using zbins::From;
using zbins::OrderedKeys;
using zbins::Walked;
using zbins::Word;

namespace {

using Place = std::pair<std::uint64_t, Key>;  // the canonical order

// Some of the keys, in order, a word of something else after each.
class List {
public:
    List(inputs::Random& random, const std::vector<Key>& keys, std::uint64_t percent) {
        for (const Key& key : keys) {
            if (random.below(100) < percent)
                places.push_back(
                    {zbins::fixed_hash(key.data(), static_cast<int>(key.size())), key});
        }
        std::sort(places.begin(), places.end());
        places.erase(std::unique(places.begin(), places.end()), places.end());
        for (const auto& [hash, key] : places) {
            hashes_.push_back(hash);
            words_.insert(words_.end(), key.begin(), key.end());
            words_.push_back(random.word());
        }
    }
    OrderedKeys keys(int words) const {
        return {words_.data(), static_cast<std::uint64_t>(words) + 1, hashes_.data(),
                places.size()};
    }

    std::vector<Place> places;

private:
    std::vector<std::uint64_t> hashes_;
    std::vector<Word> words_;
};

// The union, and in which of the lists each key is.
std::map<Place, std::pair<bool, bool>> both(const List& a, const List& b) {
    std::map<Place, std::pair<bool, bool>> all;
    for (const Place& place : a.places) all[place].first = true;
    for (const Place& place : b.places) all[place].second = true;
    return all;
}

template <From from>
std::map<Place, std::pair<bool, bool>> walked(const List& a, const List& b, int words) {
    std::map<Place, std::pair<bool, bool>> seen;
    constexpr bool forward = from == From::front;
    const auto see = [&](const Place& place, bool in_a, bool in_b) {
        if (!seen.empty())
            CHECK(forward ? seen.rbegin()->first < place : place < seen.begin()->first);
        seen[place] = {in_a, in_b};
    };
    const Walked end =
        zbins::merge_ordered<from>(a.keys(words), b.keys(words), words,
                                   [&](std::uint64_t i, std::uint64_t j, bool in_a, bool in_b) {
                                       CHECK(in_a || in_b);
                                       see(in_a ? a.places[i] : b.places[j], in_a, in_b);
                                   });
    if (forward) {
        CHECK(end.a == a.places.size() || end.b == b.places.size());
        for (std::uint64_t i = end.a; i < a.places.size(); ++i) see(a.places[i], true, false);
        for (std::uint64_t j = end.b; j < b.places.size(); ++j) see(b.places[j], false, true);
    } else {
        CHECK(end.a == 0 || end.b == 0);
        for (std::uint64_t i = end.a; i > 0; --i) see(a.places[i - 1], true, false);
        for (std::uint64_t j = end.b; j > 0; --j) see(b.places[j - 1], false, true);
    }
    return seen;
}

// Every cut leaves what it should on either side, and no key on both.
void check_cuts(const List& a, const List& b, int words) {
    const std::uint64_t all = a.places.size() + b.places.size();
    Walked last;
    for (std::uint64_t n = 0; n <= all; ++n) {
        const Walked cut = zbins::cut_ordered(a.keys(words), b.keys(words), words, n);
        CHECK(cut.a + cut.b == n || cut.a + cut.b == n + 1);
        CHECK(cut.a >= last.a && cut.b >= last.b);
        const bool a_left =
            cut.a == 0 || cut.b == b.places.size() || a.places[cut.a - 1] < b.places[cut.b];
        const bool b_left =
            cut.b == 0 || cut.a == a.places.size() || b.places[cut.b - 1] < a.places[cut.a];
        CHECK(a_left && b_left);
        last = cut;
    }
}

void check_lists(inputs::Random& random, int words, const std::vector<Key>& keys) {
    for (const auto& [a_percent, b_percent] : {std::pair<std::uint64_t, std::uint64_t>{100, 100},
                                               {50, 50},
                                               {5, 95},
                                               {100, 0},
                                               {0, 30},
                                               {0, 0}}) {
        const check::Note note(words, " words, ", keys.size(), " keys, ", a_percent, " % and ",
                               b_percent, " %");
        const List a(random, keys, a_percent), b(random, keys, b_percent);
        CHECK(walked<From::front>(a, b, words) == both(a, b));
        CHECK(walked<From::back>(a, b, words) == both(a, b));
        check_cuts(a, b, words);
    }
}

}  // namespace

TEST(a_walk_meets_every_key_once_and_in_order) {
    inputs::Random random(1);
    for (const int words : {1, 2, 5}) {
        for (const std::uint64_t n : {0u, 1u, 2u, 3u, 20u, 500u}) {
            std::vector<Key> keys;
            for (std::uint64_t i = 0; i < n; ++i)
                keys.push_back(crafted::key_with_hash(random, words, random.word()));
            check_lists(random, words, keys);
        }
    }
}

// Among keys of few hashes, the keys themselves decide; the smallest and largest hash are no signs.
TEST(a_walk_of_keys_that_share_hashes_is_in_order) {
    inputs::Random random(2);
    for (const int words : {2, 3}) {
        for (int round = 0; round < 10; ++round) {
            const std::uint64_t hashes[] = {0, random.word(), ~std::uint64_t{0}};
            std::vector<Key> keys;
            for (int i = 0; i < 200; ++i)
                keys.push_back(crafted::key_with_hash(random, words, hashes[random.below(3)]));
            check_lists(random, words, keys);
        }
    }
}
