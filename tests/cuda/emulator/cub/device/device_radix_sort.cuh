#pragma once

#include <bit>

#include "cub/emulated.hpp"

namespace cub {

template <class T>
struct DoubleBuffer {
    T* d_buffers[2]{};
    int selector = 0;
    DoubleBuffer() = default;
    DoubleBuffer(T* current, T* alternate) : d_buffers{current, alternate} {}
    T* Current() { return d_buffers[selector]; }
    T* Alternate() { return d_buffers[selector ^ 1]; }
};

namespace emulated {

// Unsigned bits whose order is that of the keys; +0 and -0 are one key, as in CUB.
template <class T>
auto ordered_bits(T key) {
    if constexpr (std::is_floating_point_v<T>) {
        using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
        constexpr Bits sign = Bits{1} << (sizeof(T) * 8 - 1);
        const auto bits = std::bit_cast<Bits>(key == T{0} ? T{0} : key);
        return (bits & sign) != 0 ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | sign);
    } else {
        using Bits = std::make_unsigned_t<T>;
        constexpr auto sign = static_cast<Bits>(
            std::is_signed_v<T> ? std::uint64_t{1} << (sizeof(T) * 8 - 1) : std::uint64_t{0});
        return static_cast<Bits>(static_cast<Bits>(key) ^ sign);
    }
}

// Positions of the keys in sorted order.
template <class Key>
std::vector<std::size_t> radix_order(const std::vector<Key>& keys, int begin_bit, int end_bit,
                                     bool descending) {
    const int width = end_bit - begin_bit;
    if (begin_bit < 0 || width < 0 || end_bit > static_cast<int>(sizeof(Key) * 8)) {
        emulator::die("DeviceRadixSort: bits %d to %d", begin_bit, end_bit);
    }
    const std::uint64_t mask = width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    std::vector<std::pair<std::uint64_t, std::size_t>> order(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const std::uint64_t bits = ordered_bits(keys[i]);
        const std::uint64_t digits = width == 0 ? 0 : bits >> begin_bit & mask;
        order[i] = {descending ? ~digits : digits, i};
    }
    std::sort(order.begin(), order.end());  // stable: the position breaks ties
    std::vector<std::size_t> positions(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) positions[i] = order[i].second;
    return positions;
}

struct None {};  // the values of a sort of keys alone

template <class Key, class Item>
void radix_sort(const Key* keys_in, Key* keys_out, const Item* items_in, Item* items_out,
                std::size_t count, int begin_bit, int end_bit, bool descending) {
    if (keys_in < keys_out + count && keys_out < keys_in + count) {
        emulator::die("DeviceRadixSort: input and output overlap");
    }
    const auto keys = read(keys_in, count);
    const auto order = radix_order(keys, begin_bit, end_bit, descending);
    for (std::size_t i = 0; i < count; ++i) keys_out[i] = keys[order[i]];
    if constexpr (!std::is_same_v<Item, None>) {
        const auto items = read(items_in, count);
        for (std::size_t i = 0; i < count; ++i) items_out[i] = items[order[i]];
    }
}

// The result always lands in the other buffer and the first is lost: CUB promises neither.
template <class Key, class Item>
void radix_sort(DoubleBuffer<Key>& keys, DoubleBuffer<Item>& items, std::size_t count,
                int begin_bit, int end_bit, bool descending) {
    if (count == 0) return;
    radix_sort(keys.Current(), keys.Alternate(), items.Current(), items.Alternate(), count,
               begin_bit, end_bit, descending);
    std::memset(keys.Current(), garbage, count * sizeof(Key));
    keys.selector ^= 1;
    if constexpr (!std::is_same_v<Item, None>) {
        std::memset(items.Current(), garbage, count * sizeof(Item));
        items.selector ^= 1;
    }
}

}  // namespace emulated

struct DeviceRadixSort {
#define EMULATOR_SORTS(Pairs, Keys, descending)                                                  \
    template <class K, class V, class N>                                                         \
    static cudaError_t Pairs(void* temp, std::size_t& bytes, const K* keys_in, K* keys_out,      \
                             const V* values_in, V* values_out, N n, int begin_bit = 0,          \
                             int end_bit = sizeof(K) * 8, cudaStream_t stream = nullptr) {       \
        return emulated::two_phase(                                                              \
            temp, bytes, n, sizeof(K) + sizeof(V), stream, [&](std::size_t count) {              \
                emulated::radix_sort(keys_in, keys_out, values_in, values_out, count, begin_bit, \
                                     end_bit, descending);                                       \
            });                                                                                  \
    }                                                                                            \
    template <class K, class V, class N>                                                         \
    static cudaError_t Pairs(void* temp, std::size_t& bytes, DoubleBuffer<K>& keys,              \
                             DoubleBuffer<V>& values, N n, int begin_bit = 0,                    \
                             int end_bit = sizeof(K) * 8, cudaStream_t stream = nullptr) {       \
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {           \
            emulated::radix_sort(keys, values, count, begin_bit, end_bit, descending);           \
        });                                                                                      \
    }                                                                                            \
    template <class K, class N>                                                                  \
    static cudaError_t Keys(void* temp, std::size_t& bytes, const K* keys_in, K* keys_out, N n,  \
                            int begin_bit = 0, int end_bit = sizeof(K) * 8,                      \
                            cudaStream_t stream = nullptr) {                                     \
        return emulated::two_phase(temp, bytes, n, sizeof(K), stream, [&](std::size_t count) {   \
            const emulated::None* in = nullptr;                                                  \
            emulated::None* out = nullptr;                                                       \
            emulated::radix_sort(keys_in, keys_out, in, out, count, begin_bit, end_bit,          \
                                 descending);                                                    \
        });                                                                                      \
    }                                                                                            \
    template <class K, class N>                                                                  \
    static cudaError_t Keys(void* temp, std::size_t& bytes, DoubleBuffer<K>& keys, N n,          \
                            int begin_bit = 0, int end_bit = sizeof(K) * 8,                      \
                            cudaStream_t stream = nullptr) {                                     \
        return emulated::two_phase(temp, bytes, n, 0, stream, [&](std::size_t count) {           \
            DoubleBuffer<emulated::None> none;                                                   \
            emulated::radix_sort(keys, none, count, begin_bit, end_bit, descending);             \
        });                                                                                      \
    }
    EMULATOR_SORTS(SortPairs, SortKeys, false)
    EMULATOR_SORTS(SortPairsDescending, SortKeysDescending, true)
#undef EMULATOR_SORTS
};

}  // namespace cub
