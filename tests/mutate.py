"""Plants known bugs in the core, one at a time, and checks that the tests catch each of them.

    .venv/bin/python tests/mutate.py            # all, about ten minutes
    .venv/bin/python tests/mutate.py clamp      # those whose name holds "clamp"

A bug that survives means the tests have a hole. The working tree is not touched: every bug is
built in a copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent

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
        "to_ordinal(max)) - 1) + T(0);",
        "to_ordinal(max)) - 2) + T(0);",
    ),
    "grid: growth forgets the older extent": (
        "cpp/src/grid.cpp",
        "std::min(old_first, raw(j, low))",
        "std::min(0, raw(j, low))",
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
        "cpp/include/zbins/table.hpp",
        "if (same_words(records_[number], key, words_)) {",
        "if (true) {",
    ),
    "table: a row that found no room is lost": (
        "cpp/src/absorb.hpp",
        "if (added == Table::Added::refused) pending.add(key, hashes[i], 1);",
        "",
    ),
    "table: growing forgets the records": (
        "cpp/include/zbins/table.hpp",
        "records_.append_all(old);",
        "",
    ),
    "order: equal hash bits count as equal keys": (
        "cpp/include/zbins/order.hpp",
        "mixed |= !same_words(key, other, shape_.words);",
        "",
    ),
    "order: ties keep the order of arrival": (
        "cpp/src/order.cpp",
        "if (a_hash != b_hash) return a_hash < b_hash;",
        "if (a_hash != b_hash) return a_hash < b_hash;\n    return a < b;",
    ),
    "order: what is left together stays unsorted": (
        "cpp/src/order.cpp",
        "if (differing >> ignored != 0)",
        "if (differing >> ignored != 0 && end - begin > 2)",
    ),
    "runs: what waits is forgotten where a run is there": (
        "cpp/src/runs.cpp",
        "merge_runs(run, ordered(waiting, r, mine), shape_, take_record);",
        "merge_runs(run, Records(), shape_, take_record);",
    ),
    "runs: gaps between ranges stay": (
        "cpp/src/runs.cpp",
        "keys.data() + begins[r] * words_);",
        "keys.data() + (begins[r] - (begins[r] > 0)) * words_);",
    ),
    "count: the last row of a block is dropped": (
        "cpp/src/count.cpp",
        "static_cast<std::uint64_t>(n), *pending);",
        "static_cast<std::uint64_t>(n - (n > 100)), *pending);",
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
        "cpp/src/draw.cpp",
        "return static_cast<T>(std::min(margin, 1.0));",
        "return 0;",
    ),
    "draw: the block number starts at 0": (
        "cpp/src/kernels/draw_kernel.hpp",
        "static_cast<std::uint64_t>(j0 / per + 1), u);",
        "static_cast<std::uint64_t>(j0 / per), u);",
    ),
    "draw: the high half of the sample number is lost": (
        "cpp/src/kernels/philox_lanes.hpp",
        "c1[v] = index[v] >> 32;",
        "c1[v] = Vector{};",
    ),
    "draw: 23 bits of offset": (
        "cpp/src/kernels/draw_kernel.hpp",
        "reinterpret_cast<Lanes>(words) >> 8)",
        "reinterpret_cast<Lanes>(words) >> 9 << 1)",
    ),
    "pick: off by one rank": (
        "cpp/include/zbins/pmf.hpp",
        "while (cumulative_[bin + 1] <= rank) ++bin;",
        "while (cumulative_[bin + 1] < rank) ++bin;",
    ),
    "labels: the remainder is ignored": (
        "cpp/src/draw.cpp",
        "s.ranks[k] - pmf.cumulative(s.bins[k])",
        "Count{0}",
    ),
}

QUICK = [
    f"tests/python/test_{name}.py"
    for name in (
        "known_answers",
        "laws_grid",
        "laws_draws",
        "threads_and_levels",
        "bad_input_values",
    )
]


def run(command: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
    )


def tests_fail(copy: Path) -> str:
    """Build the copy and run the tests on it; return what caught the bug, or nothing."""
    tools = f"{ROOT}/.venv/bin:{os.environ['PATH']}"
    pybind = run([sys.executable, "-m", "pybind11", "--cmakedir"], copy).stdout.strip()
    configure = (
        "cmake -S . -B build -G Ninja -DZBINS_PYTHON=ON -DZBINS_TESTS=ON "
        f"-DPython_EXECUTABLE={sys.executable} -Dpybind11_DIR={pybind}"
    )
    for command in (configure, "cmake --build build"):
        done = run(command.split(), copy, PATH=tools)
        if done.returncode:
            raise SystemExit(f"the copy does not build:\n{done.stdout}{done.stderr}")
    done = run(
        ["ctest", "--test-dir", "build", "--stop-on-failure", "--timeout", "60"], copy, PATH=tools
    )
    if done.returncode:
        failed = [line for line in done.stdout.splitlines() if "***" in line]
        return "C++: " + (failed[0].strip() if failed else "crashed")
    package = copy / "package" / "zbins"
    shutil.copytree(copy / "python" / "zbins", package)
    for extension in (copy / "build" / "cpp").glob("_core*.so"):
        shutil.copy(extension, package)
    python = f"import sys; sys.path.insert(0, {str(package.parent)!r}); "
    # The editable install of this checkout would otherwise come first.
    python += "sys.meta_path[:] = [f for f in sys.meta_path if 'Redirect' not in str(f)]; "
    python += "import pytest, zbins; "
    python += "assert zbins.__file__.startswith(sys.path[0]), zbins.__file__; "
    python += f"sys.exit(pytest.main({['-xq', '-p', 'no:cacheprovider', *QUICK]!r}))"
    done = run([sys.executable, "-c", python], copy, ZBINS_HYPOTHESIS="quick")
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    return failed[0][:120] if failed else ("Python: crashed" if done.returncode else "")


def main() -> None:
    wanted = " ".join(sys.argv[1:])
    survivors = []
    for name, (file, old, new) in BUGS.items():
        if wanted not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "zbins"
            skip = shutil.ignore_patterns(".git", ".venv", "build", "demo-out", "__pycache__")
            shutil.copytree(ROOT, copy, ignore=skip)
            text = (copy / file).read_text()
            if text.count(old) != 1:
                raise SystemExit(f"{name}: {file} holds the text {text.count(old)} times, not once")
            (copy / file).write_text(text.replace(old, new))
            caught = tests_fail(copy)
        print(f"{'caught  ' if caught else 'SURVIVED'} {name}: {caught}", flush=True)
        if not caught:
            survivors.append(name)
    sys.exit(f"{len(survivors)} planted bugs survived" if survivors else 0)


if __name__ == "__main__":
    main()
