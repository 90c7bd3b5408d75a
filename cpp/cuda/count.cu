#include "count.hpp"

#include <thrust/iterator/counting_iterator.h>

#include <random>

#include "cub.cuh"
#include "labels.hpp"
#include "order.hpp"
#include "quantize.hpp"
#include "table.cuh"

namespace zbins::cuda {

namespace {

// A slot for every row, and its count. Rows of a warp that share a slot are added at once: most
// rows may lie in few bins, and additions to one address wait for each other.
__global__ void count_rows(TableView table, std::uint64_t rows, const std::uint8_t* outside,
                           std::uint32_t* slot_of_row) {
    const std::uint64_t row = thread_number();
    std::uint32_t slot = no_slot;
    // One thread asks for all: the answer lies at one address.
    const bool full = __syncthreads_or(threadIdx.x == 0 && read_now(table.full) != 0) != 0;
    const bool counts = row < rows && !full && (outside == nullptr || outside[row] == 0);
    if (counts) {
        slot = claim(table, static_cast<std::uint32_t>(row));
        if (slot == no_slot) *table.full = 1;
    }
    if (slot_of_row != nullptr && row < rows) slot_of_row[row] = slot;
    __syncwarp(all_lanes);
    const unsigned same = __match_any_sync(all_lanes, slot);
    if (slot != no_slot && __ffs(static_cast<int>(same)) - 1 == static_cast<int>(threadIdx.x % 32))
        atomicAdd(table.counts + slot, static_cast<std::uint32_t>(__popc(same)));
}

struct Taken {
    const std::uint64_t* slots;
    __device__ bool operator()(std::uint32_t slot) const { return slots[slot] != free_slot; }
};

__global__ void read_slots(const std::uint64_t* slots, const std::uint32_t* taken, std::uint64_t n,
                           std::uint32_t* row) {
    const std::uint64_t i = thread_number();
    if (i < n) row[i] = static_cast<std::uint32_t>(slots[taken[i]]);
}

__global__ void read_counts(const std::uint32_t* counts, const std::uint32_t* taken,
                            const std::uint32_t* order, std::uint64_t n, Count* to) {
    const std::uint64_t i = thread_number();
    if (i < n) to[i] = counts[taken[order[i]]];
}

// From now on a slot holds its bin's number rather than its count.
__global__ void number_slots(const std::uint32_t* taken, const std::uint32_t* order,
                             std::uint64_t n, std::uint32_t* bin_of_slot) {
    const std::uint64_t i = thread_number();
    if (i < n) bin_of_slot[taken[order[i]]] = static_cast<std::uint32_t>(i);
}

// Rows that are not counted come last.
__global__ void entries_of_rows(const std::uint32_t* slot_of_row, const std::uint32_t* bin_of_slot,
                                const Label* label, std::uint64_t bins, std::uint64_t rows,
                                std::uint64_t* keys) {
    const std::uint64_t row = thread_number();
    if (row >= rows) return;
    const std::uint32_t slot = slot_of_row[row];
    const std::uint64_t bin = slot == no_slot ? bins : bin_of_slot[slot];
    keys[row] = bin << 32 | static_cast<std::uint32_t>(label[row]);
}

__global__ void widen_counts(const std::uint32_t* from, std::uint64_t n, Count* to) {
    const std::uint64_t i = thread_number();
    if (i < n) to[i] = from[i];
}

// Of this process, so that rows cannot be made to collide beforehand.
std::uint64_t random_seed() {
    if (tuning.seed != 0) return tuning.seed;
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
}

struct Counted {
    Table table;
    Array<std::uint32_t> slot_of_row;  // empty without labels
};

Counted counted(const Queue& queue, const Layout& layout, const Array<Word>& keys,
                std::uint64_t rows, const std::uint8_t* outside, bool labelled) {
    int log2 = first_log2(rows);
    for (int attempt = 0; attempt < 16; ++attempt, log2 = next_log2(log2, rows)) {
        Counted tried{Table(queue, log2, random_seed(), keys.data(), layout.words),
                      Array<std::uint32_t>(queue, labelled ? rows : 0)};
        launch_for(queue, rows, count_rows, tried.table.view(), rows, outside,
                   tried.slot_of_row.data());
        if (!tried.table.full(queue)) return tried;
    }
    throw std::runtime_error("counting " + std::to_string(rows) + " rows in a table of 2^" +
                             std::to_string(log2) + " slots failed 16 times");
}

DeviceLabels labels_of_rows(const Queue& queue, const Counted& counted,
                            const Array<std::uint32_t>& taken, const Array<std::uint32_t>& order,
                            std::uint64_t bins, const RowLabels& labels) {
    const std::uint64_t rows = counted.slot_of_row.size();
    const TableView& table = counted.table.view();
    launch_for(queue, bins, number_slots, taken.data(), order.data(), bins, table.counts);
    Array<std::uint64_t> keys(queue, rows);
    Array<std::uint64_t> sorted(queue, rows);
    launch_for(queue, rows, entries_of_rows, counted.slot_of_row.data(), table.counts, labels.place,
               bins, rows, keys.data());
    ::cub::DoubleBuffer<std::uint64_t> buffers(keys.data(), sorted.data());
    with_temporary(queue, "sorting", [&](void* temporary, std::size_t& bytes) {
        return ::cub::DeviceRadixSort::SortKeys(temporary, bytes, buffers,
                                                static_cast<std::int64_t>(rows), 0,
                                                bits_of_entries(bins), queue.stream);
    });
    Array<std::uint64_t> unique(queue, rows);
    Array<std::uint32_t> lengths(queue, rows);
    Array<std::uint32_t> runs(queue, 1);
    with_temporary(queue, "adding up labels", [&](void* temporary, std::size_t& bytes) {
        return ::cub::DeviceRunLengthEncode::Encode(temporary, bytes, buffers.Current(),
                                                    unique.data(), lengths.data(), runs.data(),
                                                    static_cast<int>(rows), queue.stream);
    });
    std::uint64_t n = downloaded(queue, runs.data());
    // Those of rows that were not counted lie behind the others, one for each label.
    const auto classes = static_cast<std::uint64_t>(labels.classes);
    std::vector<std::uint64_t> last(std::min(n, classes));
    download(queue, last.data(), unique.data() + (n - last.size()), last.size());
    for (; !last.empty() && last.back() >> 32 == bins; last.pop_back()) --n;
    Entries entries{Array<std::uint64_t>(queue, n), Array<Count>(queue, n)};
    if (n != 0) {
        check(cudaMemcpyAsync(entries.key.data(), unique.data(), n * sizeof(std::uint64_t),
                              cudaMemcpyDeviceToDevice, queue.stream),
              "copying on the device");
    }
    launch_for(queue, n, widen_counts, lengths.data(), n, entries.count.data());
    return labels_of(queue, std::move(entries), bins, labels.classes);
}

}  // namespace

template <class T>
std::shared_ptr<Pmf> count(const Queue& queue, const Grid<T>& grid, const Rows& x, bool inside,
                           const std::optional<RowLabels>& labels) {
    const auto rows = static_cast<std::uint64_t>(x.rows);
    if (rows > most_rows) throw std::logic_error("too many rows for one table");
    const Layout layout(grid.d(), grid.max_bins_of_a_dimension());
    const DeviceAxes<T> axes(queue, grid);
    Array<Word> keys(queue, rows * static_cast<std::uint64_t>(layout.words));
    Array<std::uint8_t> outside(queue, inside ? 0 : rows);
    Array<std::uint64_t> not_finite(queue, 1);  // the caller's bounds have found them all
    fill_bytes(queue, outside, 0);
    fill_bytes(queue, not_finite, 0xff);
    if (rows != 0)
        pack(queue, axes, layout, x, inside, keys.data(), outside.data(), not_finite.data());
    const Counted found = counted(queue, layout, keys, rows, outside.data(), labels.has_value());

    Array<std::uint32_t> taken(queue, std::min(found.table.capacity(), rows));
    Array<std::uint64_t> how_many(queue, 1);
    with_temporary(queue, "looking for bins", [&](void* temporary, std::size_t& bytes) {
        return ::cub::DeviceSelect::If(
            temporary, bytes, ::thrust::counting_iterator<std::uint32_t>(0), taken.data(),
            how_many.data(), static_cast<std::int64_t>(found.table.capacity()),
            Taken{found.table.view().slots}, queue.stream);
    });
    const std::uint64_t bins = downloaded(queue, how_many.data());
    Array<std::uint32_t> row(queue, bins);
    launch_for(queue, bins, read_slots, found.table.view().slots, taken.data(), bins, row.data());
    const Keys of_bins{keys.data(), row.data(), bins, layout.words};
    const Array<std::uint32_t> order = canonical_order(queue, of_bins);
    Array<Count> counts(queue, bins + 1);
    launch_for(queue, bins, read_counts, found.table.view().counts, taken.data(), order.data(),
               bins, counts.data() + 1);
    Array<Word> in_order = arranged(queue, of_bins, order);
    std::optional<DeviceLabels> of_labels;
    if (labels) of_labels = labels_of_rows(queue, found, taken, order, bins, *labels);
    return std::make_shared<Pmf>(queue, layout, std::move(in_order), std::move(counts),
                                 std::move(of_labels));
}

template std::shared_ptr<Pmf> count(const Queue&, const Grid<float>&, const Rows&, bool,
                                    const std::optional<RowLabels>&);
template std::shared_ptr<Pmf> count(const Queue&, const Grid<double>&, const Rows&, bool,
                                    const std::optional<RowLabels>&);

}  // namespace zbins::cuda
