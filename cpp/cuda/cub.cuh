// CUB's two-step calls, in one.
#pragma once

#include <cub/cub.cuh>

#include "kernel.cuh"

namespace zbins::cuda {

// Calls f(temporary, bytes) for the size of its temporary memory, then with it.
template <class F>
void with_temporary(const Queue& queue, const char* doing, F&& f) {
    std::size_t bytes = 0;
    check(f(nullptr, bytes), doing);
    Array<std::byte> temporary(queue, bytes + 1);  // never a null pointer
    check(f(static_cast<void*>(temporary.data()), bytes), doing);
}

// sums[i + 1] = the sum of the first i + 1 of n values, sums[0] = 0. In place where from is sums
// + 1.
template <class From>
void add_up(const Queue& queue, From from, Count* sums, std::uint64_t n) {
    check(cudaMemsetAsync(sums, 0, sizeof(*sums), queue.stream), "filling memory");
    if (n == 0) return;
    with_temporary(queue, "adding up", [&](void* temporary, std::size_t& bytes) {
        return ::cub::DeviceScan::InclusiveSum(temporary, bytes, from, sums + 1,
                                               static_cast<std::int64_t>(n), queue.stream);
    });
}

// Sorts keys and what belongs to each by the lowest `bits` bits, stably. The two arrays are
// replaced.
template <class Key, class Value>
void sort_pairs(const Queue& queue, Array<Key>& keys, Array<Value>& values, int bits) {
    if (keys.size() == 0) return;
    Array<Key> other_keys(queue, keys.size());
    Array<Value> other_values(queue, keys.size());
    ::cub::DoubleBuffer<Key> key_buffers(keys.data(), other_keys.data());
    ::cub::DoubleBuffer<Value> value_buffers(values.data(), other_values.data());
    with_temporary(queue, "sorting", [&](void* temporary, std::size_t& bytes) {
        return ::cub::DeviceRadixSort::SortPairs(temporary, bytes, key_buffers, value_buffers,
                                                 static_cast<std::int64_t>(keys.size()), 0, bits,
                                                 queue.stream);
    });
    if (key_buffers.Current() != keys.data()) keys = std::move(other_keys);
    if (value_buffers.Current() != values.data()) values = std::move(other_values);
}

}  // namespace zbins::cuda
