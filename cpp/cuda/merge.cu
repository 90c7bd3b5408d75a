// Models made of other models: the union of two, and one moved to another layout. Two ordered lists
// are united by looking every element of one up in the other, which needs no sorting.
#include "cub.cuh"
#include "labels.hpp"
#include "order.hpp"
#include "zbins/canonical.hpp"
#include "zbins/hash.hpp"

namespace zbins::cuda {

namespace {

// An ordered list of keys, as something to be compared with an element of another.
struct KeyList {
    const Word* keys;
    const std::uint64_t* hashes;
    int words;
    std::uint64_t size;

    // Below zero, zero or above it, as element i comes before element j of the other list, is the
    // same, or comes after it.
    __device__ int compare(std::uint64_t i, const KeyList& other, std::uint64_t j) const {
        if (hashes[i] != other.hashes[j]) return hashes[i] < other.hashes[j] ? -1 : 1;
        const auto w = static_cast<std::uint64_t>(words);
        return compare_words(keys + i * w, other.keys + j * w, words);
    }
};

struct EntryList {
    const std::uint64_t* keys;
    std::uint64_t size;

    __device__ int compare(std::uint64_t i, const EntryList& other, std::uint64_t j) const {
        return compare_words(keys + i, other.keys + j, 1);
    }
};

// The first element of `list` that does not come before element j of the other one.
template <class List>
__device__ std::uint64_t place_in(const List& list, const List& other, std::uint64_t j) {
    std::uint64_t begin = 0, end = list.size;
    while (begin < end) {
        const std::uint64_t middle = begin + (end - begin) / 2;
        if (list.compare(middle, other, j) < 0) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    return begin;
}

template <class List>
__global__ void place_second(List a, List b, std::uint32_t* place, Count* fresh) {
    const std::uint64_t j = thread_number();
    if (j >= b.size) return;
    const std::uint64_t at = place_in(a, b, j);
    place[j] = static_cast<std::uint32_t>(at);
    fresh[j] = at < a.size && a.compare(at, b, j) == 0 ? 0 : 1;
}

// Where elements of either list go: behind those of their own list, and those of the other that
// come before and are not in both.
template <class List>
__global__ void final_first(List a, List b, const Count* fresh_before, std::uint32_t* place) {
    const std::uint64_t i = thread_number();
    if (i < a.size) place[i] = static_cast<std::uint32_t>(i + fresh_before[place_in(b, a, i)]);
}
__global__ void final_second(std::uint64_t n, const Count* fresh_before, std::uint32_t* place) {
    const std::uint64_t j = thread_number();
    if (j < n) place[j] += static_cast<std::uint32_t>(fresh_before[j]);
}

struct Places {
    Array<std::uint32_t> first, second;
    std::uint64_t size;
};

template <class List>
Places unite(const Queue& queue, const List& a, const List& b) {
    Places places{Array<std::uint32_t>(queue, a.size), Array<std::uint32_t>(queue, b.size), 0};
    Array<Count> fresh(queue, b.size);
    Array<Count> fresh_before(queue, b.size + 1);
    launch_for(queue, b.size, place_second<List>, a, b, places.second.data(), fresh.data());
    add_up(queue, fresh.data(), fresh_before.data(), b.size);
    launch_for(queue, a.size, final_first<List>, a, b, fresh_before.data(), places.first.data());
    launch_for(queue, b.size, final_second, b.size, fresh_before.data(), places.second.data());
    places.size = a.size + downloaded(queue, fresh_before.data() + b.size);
    if (places.size >= std::uint64_t{1} << 32)
        throw std::invalid_argument("the models together have " + std::to_string(places.size) +
                                    " bins or counts of labels; on a device at most 2^32 - 1 fit");
    return places;
}

__global__ void move_words(const Word* from, const std::uint32_t* place, std::uint64_t n,
                           std::uint64_t words, Word* to) {
    const std::uint64_t at = thread_number();
    if (at < n * words) to[place[at / words] * words + at % words] = from[at];
}

// Elements of one list have places of their own, so no two threads meet.
__global__ void add_counts(const Count* counts, const std::uint32_t* place, std::uint64_t n,
                           Count* to) {
    const std::uint64_t i = thread_number();
    if (i < n) to[place[i]] += counts[i];
}
__global__ void add_bins(const Count* cumulative, const std::uint32_t* place, std::uint64_t n,
                         Count* to) {
    const std::uint64_t i = thread_number();
    if (i < n) to[place[i]] += cumulative[i + 1] - cumulative[i];
}

__global__ void hash_bins(const Word* keys, int words, std::uint64_t n, std::uint64_t* hashes) {
    const std::uint64_t i = thread_number();
    if (i < n) hashes[i] = fixed_hash(keys + i * static_cast<std::uint64_t>(words), words);
}

Array<std::uint64_t> hashes_of(const Queue& queue, const PmfView& v) {
    Array<std::uint64_t> hashes(queue, v.size);
    launch_for(queue, v.size, hash_bins, v.keys, v.layout.words, v.size, hashes.data());
    return hashes;
}

DeviceLabels merged_labels(const Queue& queue, const Pmf& a, const Pmf& b, const Places& bins,
                           const LabelMap& a_labels, const LabelMap& b_labels, Label classes) {
    const auto entries = [&](const Pmf& pmf, const Array<std::uint32_t>& place,
                             const LabelMap& names) {
        const Array<Label> to = uploaded(queue, names.data(), names.size());
        wait(queue);  // `names` may end before a copy from it does
        return entries_of(queue, pmf.labels(), pmf.size(), place.data(), to.data());
    };
    const Entries mine = entries(a, bins.first, a_labels);
    const Entries theirs = entries(b, bins.second, b_labels);
    const std::uint64_t n = mine.key.size(), m = theirs.key.size();
    const Places places =
        unite(queue, EntryList{mine.key.data(), n}, EntryList{theirs.key.data(), m});
    Entries all{Array<std::uint64_t>(queue, places.size), Array<Count>(queue, places.size)};
    fill_bytes(queue, all.count, 0);
    launch_for(queue, n, move_words, mine.key.data(), places.first.data(), n, 1, all.key.data());
    launch_for(queue, m, move_words, theirs.key.data(), places.second.data(), m, 1, all.key.data());
    launch_for(queue, n, add_counts, mine.count.data(), places.first.data(), n, all.count.data());
    launch_for(queue, m, add_counts, theirs.count.data(), places.second.data(), m,
               all.count.data());
    return labels_of(queue, std::move(all), bins.size, classes);
}

}  // namespace

std::shared_ptr<Pmf> merge(const Queue& queue, const Pmf& a, const Pmf& b, const LabelMap& a_labels,
                           const LabelMap& b_labels, Label classes) {
    if (!(a.layout() == b.layout()) || a.labelled() != b.labelled())
        throw std::logic_error("merge needs two models of one layout, both labelled or neither");
    const PmfView first = a.view(), second = b.view();
    const int words = a.layout().words;
    const Array<std::uint64_t> first_hashes = hashes_of(queue, first);
    const Array<std::uint64_t> second_hashes = hashes_of(queue, second);
    const Places places = unite(queue, KeyList{first.keys, first_hashes.data(), words, first.size},
                                KeyList{second.keys, second_hashes.data(), words, second.size});

    const auto w = static_cast<std::uint64_t>(words);
    Array<Word> keys(queue, places.size * w);
    Array<Count> counts(queue, places.size + 1);
    fill_bytes(queue, counts, 0);
    launch_for(queue, first.size * w, move_words, first.keys, places.first.data(), first.size, w,
               keys.data());
    launch_for(queue, second.size * w, move_words, second.keys, places.second.data(), second.size,
               w, keys.data());
    launch_for(queue, first.size, add_bins, first.cumulative, places.first.data(), first.size,
               counts.data() + 1);
    launch_for(queue, second.size, add_bins, second.cumulative, places.second.data(), second.size,
               counts.data() + 1);
    std::optional<DeviceLabels> labels;
    if (a.labelled()) labels = merged_labels(queue, a, b, places, a_labels, b_labels, classes);
    return std::make_shared<Pmf>(queue, a.layout(), std::move(keys), std::move(counts),
                                 std::move(labels));
}

namespace {

__global__ void shift_codes(const Word* from, Layout old, Layout layout, const std::int32_t* shift,
                            std::uint64_t n, Word* to) {
    const std::uint64_t at = thread_number();
    const auto words = static_cast<std::uint64_t>(layout.words);
    if (at >= n * words) return;
    const Word* key = from + at / words * static_cast<std::uint64_t>(old.words);
    const auto begin = static_cast<std::int64_t>(at % words) * layout.per_word();
    Word word = 0;
    for (int c = 0; c < layout.per_word(); ++c) {
        const std::int64_t j = begin + c;
        const int code = j < layout.d ? old.code(key, j) + shift[j] : 0;
        word = word << layout.bits | static_cast<Word>(code);
    }
    to[at] = word;
}

__global__ void arrange_counts(const Count* cumulative, const std::uint32_t* order, std::uint64_t n,
                               Count* counts, std::uint32_t* place) {
    const std::uint64_t i = thread_number();
    if (i >= n) return;
    const std::uint64_t from = order[i];
    counts[i] = cumulative[from + 1] - cumulative[from];
    place[from] = static_cast<std::uint32_t>(i);
}

}  // namespace

std::shared_ptr<Pmf> rebase(const Queue& queue, const Pmf& pmf, Layout layout,
                            std::span<const std::int32_t> shift) {
    const PmfView v = pmf.view();
    const auto words = static_cast<std::uint64_t>(layout.words);
    const Array<std::int32_t> shifts = uploaded(queue, shift.data(), shift.size());
    Array<Word> moved(queue, v.size * words);
    launch_for(queue, v.size * words, shift_codes, v.keys, v.layout, layout, shifts.data(), v.size,
               moved.data());
    const Keys keys{moved.data(), nullptr, v.size, layout.words};
    const Array<std::uint32_t> order = canonical_order(queue, keys);
    Array<Count> counts(queue, v.size + 1);
    Array<std::uint32_t> place(queue, v.size);
    launch_for(queue, v.size, arrange_counts, v.cumulative, order.data(), v.size, counts.data() + 1,
               place.data());
    std::optional<DeviceLabels> labels;
    if (pmf.labelled()) {
        Entries entries = entries_of(queue, pmf.labels(), v.size, place.data(), nullptr);
        sort_entries(queue, entries, v.size);
        labels = labels_of(queue, std::move(entries), v.size, pmf.labels().classes);
    }
    return std::make_shared<Pmf>(queue, layout, arranged(queue, keys, order), std::move(counts),
                                 std::move(labels));
}

}  // namespace zbins::cuda
