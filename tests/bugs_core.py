"""Bugs of the core that its tests must catch; planted by mutate.py."""

# name: file, what stands there, what to put in its place
BUGS = {
    "grid: the maximum lands in bin k": (
        "cpp/include/zbins/axes.hpp",
        "return raw < k - 1 ? raw : k - 1;",
        "return raw;",
    ),
    "grid: just above top stays inside": (
        "cpp/include/zbins/axes.hpp",
        "if (z > top) return raw > k ? raw : k;",
        "if (z > top) return raw;",
    ),
    "grid: truncation instead of floor": (
        "cpp/include/zbins/axes.hpp",
        "raw -= static_cast<T>(raw) > t ? 1 : 0;",
        "",
    ),
    "grid: scale computed in the dtype": (
        "cpp/src/grid.cpp",
        "static_cast<T>(k / range)",
        "static_cast<T>(k) / static_cast<T>(range)",
    ),
    "grid: an edge one value off": (
        "cpp/src/grid.cpp",
        "from_ordinal<T>(next - 1) + T(0)",
        "from_ordinal<T>(next - 2) + T(0)",
    ),
    "grid: growth forgets the older extent": (
        "cpp/src/grid.cpp",
        "std::min(old_first, raw_at(a, j, low))",
        "std::min(0, raw_at(a, j, low))",
    ),
    "bounds: infinity passes": (
        "cpp/src/kernels/bounds_kernel.hpp",
        "(bits & Bits<T>::exponent) == Bits<T>::exponent",
        "value != value",
    ),
    "pack: eight codes in the wrong place": (
        "cpp/src/kernels/quantize_kernel.hpp",
        "x = (x | x >> (16 - 2 * bits)) & quads;",
        "x = (x | x >> (16 - bits)) & quads;",
    ),
    "pack: bits beyond the last column": (
        "cpp/src/kernels/quantize_kernel.hpp",
        "if (pitch > m) __builtin_memset(codes, 0, sizeof(codes));",
        "if (pitch > m + 1) __builtin_memset(codes, 0, sizeof(codes));",
    ),
    "quantize: the extent of a grown grid is forgotten": (
        "cpp/src/kernels/quantize_kernel.hpp",
        "grown ? raw - first[j] : raw",
        "raw",
    ),
    "hash: another constant": (
        "cpp/include/zbins/hash.hpp",
        "0xd6e8feb86659fd93",
        "0xd6e8feb86659fd95",
    ),
    "table: equal hash bits count as equal keys": (
        "cpp/src/count/table.hpp",
        "if (same_words(records_[number], key, words_)) {",
        "if (true) {",
    ),
    "table: a row that found no room is lost": (
        "cpp/src/count/absorb.hpp",
        "if (added == Table::Added::refused) pending.add(key, hashes[i], 1);",
        "",
    ),
    "table: growing forgets the records": (
        "cpp/src/count/table.hpp",
        "records_.append_all(old);",
        "",
    ),
    "order: equal hash bits count as equal keys": (
        "cpp/src/count/order.hpp",
        "mixed |= !same_words(key, other, words);",
        "",
    ),
    "order: ties keep the order of arrival": (
        "cpp/src/count/order.cpp",
        "if (a_hash != b_hash) return a_hash < b_hash;",
        "if (a_hash != b_hash) return a_hash < b_hash;\n    return a < b;",
    ),
    "order: what is left together stays unsorted": (
        "cpp/src/count/order.cpp",
        "if (differing >> ignored != 0)",
        "if (differing >> ignored != 0 && end - begin > 2)",
    ),
    "runs: what waits is forgotten where a run is there": (
        "cpp/src/count/runs.cpp",
        "merge_runs(run, ordered(waiting, r, mine), shape_,",
        "merge_runs(run, Records(), shape_,",
    ),
    "runs: gaps between ranges stay": (
        "cpp/src/count/runs.cpp",
        "keys.data() + begins[r] * words_);",
        "keys.data() + (begins[r] - (begins[r] > 0)) * words_);",
    ),
    "count: the last row of a block is dropped": (
        "cpp/src/count.cpp",
        "hashes.data(), static_cast<std::uint64_t>(n), pending);",
        "hashes.data(), static_cast<std::uint64_t>(n - (n > 100)), pending);",
    ),
    "merger: equal hashes count as equal keys": (
        "cpp/src/merger.hpp",
        "if (x == y) {",
        "if (false) {",
    ),
    "merger: a key that is in both lists is cut apart": (
        "cpp/src/merger.hpp",
        "return {low + apart, j};",
        "return {low + 0 * apart, j};",
    ),
    "run: counts of shared keys are not added": (
        "cpp/src/count/run.cpp",
        "target[shape.words] += in_a && in_b ? more : 0;",
        "target[shape.words] += in_a && in_b ? 0 * more : 0;",
    ),
    "rebase: what was counted stays at its old place": (
        "cpp/src/rebase.cpp",
        "counts[++bin] = pmf.count(old_bin);",
        "++bin, counts[bin] = pmf.count(bin - 1);",
    ),
    "rebase: codes are not moved": (
        "cpp/src/rebase.cpp",
        "key[w] += moved_by[w];",
        "key[w] += 0 * moved_by[w];",
    ),
    "merge: counts of shared bins are not added": (
        "cpp/src/merge.cpp",
        "(j != none ? b.count(j) : 0)",
        "(j != none && i == none ? b.count(j) : 0)",
    ),
    "draw: no clamp": (
        "cpp/src/draw.cpp",
        "if (s.unsettled[row] == 0) continue;",
        "continue;",
    ),
    "draw: no margin": (
        "cpp/src/margin.cpp",
        "StrictFloats::settled(static_cast<T>(std::min(margin, 1.0)));",
        "0;",
    ),
    "draw: the block number starts at 0": (
        "cpp/src/kernels/draw_kernel.hpp",
        "static_cast<std::uint64_t>(j0 / per + 1);",
        "static_cast<std::uint64_t>(j0 / per);",
    ),
    "draw: the high half of the sample number is lost": (
        "cpp/src/kernels/philox_lanes.hpp",
        "c1[v] = index[v] >> 32;",
        "c1[v] = Vector{};",
    ),
    "draw: 23 bits of offset": (
        "cpp/src/kernels/draw_kernel.hpp",
        "reinterpret_cast<Lanes<std::uint32_t>>(words) >> 8)",
        "reinterpret_cast<Lanes<std::uint32_t>>(words) >> 9 << 1)",
    ),
    "pick: off by one rank": (
        "cpp/include/zbins/pick.hpp",
        "while (cumulative[bin + 1] <= rank) ++bin;",
        "while (cumulative[bin + 1] < rank) ++bin;",
    ),
    "labels: the sums of a label do not begin at zero": (
        "cpp/src/categorical.cpp",
        "labels->by_label_cumulative[next[k]++] = sum[k];",
        "labels->by_label_cumulative[next[k]++] = sum[k] + static_cast<Count>(l.label[e]);",
    ),
    "labels: the remainder is ignored": (
        "cpp/include/zbins/categorical.hpp",
        "words[i] - cumulative_[category]",
        "Count{0}",
    ),
    "frame: any grid of the same bits will do": (
        "cpp/include/zbins/frame.hpp",
        "return mine != nullptr && grid.grown_from(*mine);",
        "return mine != nullptr;",
    ),
    "floats: the mode of the thread stays": (
        "cpp/include/zbins/strict_floats.hpp",
        "const std::uint32_t strict = 0x1f80;",
        "const std::uint32_t strict = before_;",
    ),
    "floats: the mode is not put back": (
        "cpp/include/zbins/strict_floats.hpp",
        'asm volatile("ldmxcsr %0" ::"m"(before_) : "memory");',
        "",
    ),
    "file: the checksum is not compared": (
        "cpp/src/file/tensor_file.cpp",
        "if (hash.digits() != digits)",
        "if (false)",
    ),
    "counter: labels below zero are counted": (
        "cpp/src/count.cpp",
        "if (*least < 0) {",
        "if (*least < -1) {",
    ),
}
