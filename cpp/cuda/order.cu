#include "order.hpp"

#include "cub.cuh"
#include "zbins/canonical.hpp"
#include "zbins/hash.hpp"

namespace zbins::cuda {

namespace {

__device__ inline const Word* key_at(const Keys& keys, std::uint64_t i) {
    const std::uint64_t place = keys.place != nullptr ? keys.place[i] : i;
    return keys.words_of_all + place * static_cast<std::uint64_t>(keys.words);
}

__global__ void hash_keys(Keys keys, std::uint64_t* hashes, std::uint32_t* numbers) {
    const std::uint64_t i = thread_number();
    if (i >= keys.size) return;
    hashes[i] = fixed_hash(key_at(keys, i), keys.words);
    numbers[i] = static_cast<std::uint32_t>(i);
}

__global__ void look_for_ties(const std::uint64_t* hashes, std::uint64_t n, std::uint32_t* found) {
    const std::uint64_t i = thread_number();
    if (i + 1 < n && hashes[i] == hashes[i + 1]) *found = 1;
}

struct Place {
    std::uint64_t hash;
    std::uint32_t number;
};

struct CanonicalLess {
    Keys keys;
    __device__ bool operator()(const Place& a, const Place& b) const {
        return canonical_less(a.hash, key_at(keys, a.number), b.hash, key_at(keys, b.number),
                              keys.words);
    }
};

__global__ void to_places(const std::uint64_t* hashes, const std::uint32_t* numbers,
                          std::uint64_t n, Place* places) {
    const std::uint64_t i = thread_number();
    if (i < n) places[i] = {hashes[i], numbers[i]};
}
__global__ void from_places(const Place* places, std::uint64_t n, std::uint32_t* numbers) {
    const std::uint64_t i = thread_number();
    if (i < n) numbers[i] = places[i].number;
}

// A word a thread: the words of a key are read together.
__global__ void arrange(Keys keys, const std::uint32_t* order, Word* to) {
    const std::uint64_t at = thread_number();
    const auto words = static_cast<std::uint64_t>(keys.words);
    if (at >= keys.size * words) return;
    to[at] = key_at(keys, order[at / words])[at % words];
}

}  // namespace

Array<std::uint32_t> canonical_order(const Queue& queue, const Keys& keys) {
    const std::uint64_t n = keys.size;
    Array<std::uint64_t> hashes(queue, n);
    Array<std::uint32_t> numbers(queue, n);
    if (n == 0) return numbers;
    launch_for(queue, n, hash_keys, keys, hashes.data(), numbers.data());
    sort_pairs(queue, hashes, numbers, 64);
    if (keys.words == 1) return numbers;  // the hash is then a bijection
    Array<std::uint32_t> found(queue, 1);
    fill_bytes(queue, found, 0);
    launch_for(queue, n, look_for_ties, hashes.data(), n, found.data());
    if (downloaded(queue, found.data()) == 0) return numbers;
    // Crafted rows, or a chance of n^2 / 2^65.
    Array<Place> places(queue, n);
    launch_for(queue, n, to_places, hashes.data(), numbers.data(), n, places.data());
    with_temporary(queue, "sorting", [&](void* temporary, std::size_t& bytes) {
        return ::cub::DeviceMergeSort::StableSortKeys(temporary, bytes, places.data(),
                                                      static_cast<std::int64_t>(n),
                                                      CanonicalLess{keys}, queue.stream);
    });
    launch_for(queue, n, from_places, places.data(), n, numbers.data());
    return numbers;
}

Array<Word> arranged(const Queue& queue, const Keys& keys, const Array<std::uint32_t>& order) {
    const std::uint64_t words = keys.size * static_cast<std::uint64_t>(keys.words);
    Array<Word> to(queue, words);
    launch_for(queue, words, arrange, keys, order.data(), to.data());
    return to;
}

}  // namespace zbins::cuda
