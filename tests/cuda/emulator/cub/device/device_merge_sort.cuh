#pragma once

#include <numeric>

#include "cub/emulated.hpp"

namespace cub {

struct DeviceMergeSort {
    template <class K, class V, class N, class Less>
    static cudaError_t StableSortPairs(void* temp, std::size_t& bytes, K keys, V values, N n,
                                       Less less, cudaStream_t stream = nullptr) {
        return emulated::two_phase(temp, bytes, n,
                                   sizeof(emulated::Value<K>) + sizeof(emulated::Value<V>), stream,
                                   [&](std::size_t count) {
                                       const auto old_keys = emulated::read(keys, count);
                                       const auto old_values = emulated::read(values, count);
                                       const auto order = sorted(old_keys, less);
                                       for (std::size_t i = 0; i < count; ++i) {
                                           emulated::write(keys, i, old_keys[order[i]]);
                                           emulated::write(values, i, old_values[order[i]]);
                                       }
                                   });
    }
    template <class K, class N, class Less>
    static cudaError_t StableSortKeys(void* temp, std::size_t& bytes, K keys, N n, Less less,
                                      cudaStream_t stream = nullptr) {
        return emulated::two_phase(temp, bytes, n, sizeof(emulated::Value<K>), stream,
                                   [&](std::size_t count) {
                                       const auto old_keys = emulated::read(keys, count);
                                       const auto order = sorted(old_keys, less);
                                       for (std::size_t i = 0; i < count; ++i) {
                                           emulated::write(keys, i, old_keys[order[i]]);
                                       }
                                   });
    }
    template <class K, class V, class N, class Less>
    static cudaError_t SortPairs(void* temp, std::size_t& bytes, K keys, V values, N n, Less less,
                                 cudaStream_t stream = nullptr) {
        return StableSortPairs(temp, bytes, keys, values, n, less, stream);
    }
    template <class K, class N, class Less>
    static cudaError_t SortKeys(void* temp, std::size_t& bytes, K keys, N n, Less less,
                                cudaStream_t stream = nullptr) {
        return StableSortKeys(temp, bytes, keys, n, less, stream);
    }

private:
    template <class Key, class Less>
    static std::vector<std::size_t> sorted(const std::vector<Key>& keys, Less less) {
        std::vector<std::size_t> order(keys.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return less(keys[a], keys[b]); });
        return order;
    }
};

}  // namespace cub
