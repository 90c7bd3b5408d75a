"""Bugs of the device code that the tests on the emulator must catch; planted by mutate.py."""

# name: file, what stands there, what to put in its place
BUGS = {
    "guard: the thread stays on the device of the call": (
        "cpp/cuda/device.cu",
        "if (moved_) driver().set_current(before_);",
        "",
    ),
    "guard: a thread without a context is left with one": (
        "cpp/cuda/device.cu",
        "moved_ = before_ == nullptr || now != ordinal;",
        "moved_ = now != ordinal;",
    ),
    "guard: the device before gets a context": (
        "cpp/cuda/device.cu",
        "if (moved_) check(cudaSetDevice(ordinal)",
        "cudaSetDevice(now);\n    if (moved_) check(cudaSetDevice(ordinal)",
    ),
    "bounds: infinity passes": (
        "cpp/cuda/bounds.cu",
        "good = good && finite(value);",
        "good = good && value == value;",
    ),
    "bounds: the last rows are left out": (
        "cpp/cuda/values.cuh",
        "const std::int64_t from = row + u * mine.step < x.rows ? row",
        "const std::int64_t from = row + u * mine.step < x.rows - 1 ? row",
    ),
    "values: subnormal halves are lost": (
        "cpp/cuda/values.cuh",
        "const float magnitude = from_bits(rest) * 0x1p112f;",
        "const float magnitude = rest < 0x800000u ? 0 : from_bits(rest) * 0x1p112f;",
    ),
    "codes: the extent of a grown grid is forgotten": (
        "cpp/cuda/column.cuh",
        "raw_bin(z, origin, top, scale, k) - first;",
        "raw_bin(z, origin, top, scale, k);",
    ),
    "codes: the upper edge is not clipped": (
        "cpp/cuda/column.cuh",
        "low < most ? low : most",
        "low",
    ),
    "pack: lanes of one word are not all joined": (
        "cpp/cuda/quantize.cu",
        "for (int other = lanes / 2; other > 0; other /= 2)",
        "for (int other = lanes / 2; other > 1; other /= 2)",
    ),
    "pack: rows outside count": (
        "cpp/cuda/quantize.cu",
        "if (here && beyond) outside[row] = 1;",
        "",
    ),
    "table: equal hash bits count as equal keys": (
        "cpp/cuda/table.cuh",
        "if (compare_words(key, table.keys + other * table.words, table.words) == 0)",
        "if (other != free_slot)",
    ),
    "table: a slot is claimed without looking": (
        "cpp/cuda/table.cuh",
        "if (there == free_slot) return static_cast<std::uint32_t>(place);",
        "return static_cast<std::uint32_t>(place);",
    ),
    "table: a row that found no slot is lost": (
        "cpp/cuda/count.cu",
        "if (slot == no_slot) *table.full = 1;",
        "",
    ),
    "count: a warp adds one for all": (
        "cpp/cuda/count.cu",
        "static_cast<std::uint32_t>(__popc(same))",
        "1u",
    ),
    "labels: rows that are not counted come first": (
        "cpp/cuda/count.cu",
        "slot == no_slot ? bins : bin_of_slot[slot];",
        "slot == no_slot ? 0 : bin_of_slot[slot];",
    ),
    "order: ties keep the order of arrival": (
        "cpp/cuda/order.cu",
        "if (downloaded(queue, found.data()) == 0) return numbers;",
        "return numbers;",
    ),
    "merge: bins of both count twice as new": (
        "cpp/cuda/merge.cu",
        "fresh[j] = at < a.size && a.compare(at, b, j) == 0 ? 0 : 1;",
        "fresh[j] = 1;",
    ),
    "merge: the second counts replace the first": (
        "cpp/cuda/merge.cu",
        "if (i < n) to[place[i]] += cumulative[i + 1] - cumulative[i];",
        "if (i < n) to[place[i]] = cumulative[i + 1] - cumulative[i];",
    ),
    "rebase: codes are not shifted": (
        "cpp/cuda/merge.cu",
        "old.code(key, j) + shift[j]",
        "old.code(key, j)",
    ),
    "guide: one bin too far": (
        "cpp/cuda/pmf.cu",
        "guide[g] = bin < bins ? bin : (bins == 0 ? 0 : bins - 1);",
        "guide[g] = bin + 1 < bins ? bin + 1 : (bins == 0 ? 0 : bins - 1);",
    ),
    "draw: the block number starts at 0": (
        "cpp/cuda/draw.cu",
        "block + 1, 0, words);",
        "block, 0, words);",
    ),
    "draw: no clamp": (
        "cpp/cuda/draw.cu",
        "if (u[v] < margin || u[v] > T(1) - margin) x = clamp_into_bin(a, j, raw, x);",
        "",
    ),
    "draw: the number on the device stays": (
        "cpp/cuda/draw.cu",
        "if (thread_number() == 0) *first += n;",
        "if (thread_number() == 0) *first += 0 * n;",
    ),
    "find: rows outside are looked up": (
        "cpp/cuda/find.cu",
        "outside[i] != 0\n                  ? -1",
        "outside[i] == 2\n                  ? -1",
    ),
}
