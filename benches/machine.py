"""What a figure was measured on: the machine and the versions, with no name or path of it."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

import zbins

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "polars",
    "pandas",
    "boost-histogram",
    "safetensors",
    "joblib",
)


def describe() -> dict[str, Any]:
    """Date, machine, threads, instruction set and versions."""
    config = zbins.show_config(as_dict=True)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "caches": _caches(),
        "system": f"{platform.system()} {_numbers(platform.release())}",
        "huge_pages": _first_line("/sys/kernel/mm/transparent_hugepage/enabled"),
        "instruction_set": config["instruction set"],
        "threads": config["threads with n_jobs=-1"],
        "compiler": config["compiler"],
        "python": platform.python_version(),
        "versions": {"zbins": zbins.__version__}
        | {name: importlib.metadata.version(name) for name in PACKAGES},
    }


def _numbers(release: str) -> str:
    """The kernel's version without a builder's suffix."""
    found = re.match(r"[\d.]+", release)
    return found[0] if found else release


def _first_line(path: str) -> str:
    """The first line of a file of the system, or an empty string."""
    try:
        return Path(path).read_text(encoding="utf-8").strip().splitlines()[0]
    except (OSError, IndexError):
        return ""


def _cpu() -> str:
    """The processor's name, with family and model, which tell generations apart."""
    entries: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines():
            key, _, value = line.partition(":")
            entries[key.strip()] = value.strip()
    except OSError:
        return platform.processor() or platform.machine()
    name = entries.get("model name", platform.machine())
    if "cpu family" in entries:
        name += f" family {entries['cpu family']} model {entries.get('model', '?')}"
    return name


def _caches() -> list[str]:
    """The caches of the first core, such as "L2 512K"."""
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, size, kind = (_first_line(str(index / name)) for name in ("level", "size", "type"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return found


def in_words(machine: dict[str, Any]) -> str:
    """One line: what stands above every table."""
    return (
        f"{machine['date']}, {machine['cores']} cores, {machine['cpu']}, "
        f"{machine['memory_gib']:g} GiB, caches {', '.join(machine['caches'])}, "
        f"{machine['system']}, {machine['threads']} threads, {machine['instruction_set']} kernels"
    )
