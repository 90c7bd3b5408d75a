"""The machine that figures were measured on: the card, its clocks as found, versions, the CPU.

    python benches/gpu/card.py      # prints it as JSON

Nothing is set, and nothing that names this very card (its serial number) is read.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

FIELDS = (
    "name",
    "driver_version",
    "memory.total",
    "compute_cap",
    "power.limit",
    "ecc.mode.current",
    "mig.mode.current",
)
CLOCKS = (
    "clocks.sm",
    "clocks.mem",
    "clocks.max.sm",
    "clocks.max.mem",
    "power.draw",
    "temperature.gpu",
    "utilization.gpu",
)
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "pybind11", "safetensors")


def said(*command: str, seconds: float = 20) -> str:
    """What a command prints, or nothing if it cannot be run or takes longer."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def asked(fields: tuple[str, ...]) -> dict[str, str]:
    """Values of the first card. Field by field where all at once are refused."""
    query = ["nvidia-smi", "--format=csv,noheader", "--id=0"]
    values = said(*query, f"--query-gpu={','.join(fields)}").split(", ")
    if len(values) == len(fields):
        return dict(zip(fields, values, strict=True))
    return {field: said(*query, f"--query-gpu={field}") for field in fields}


def clocks() -> dict[str, str]:
    """Clocks, power and heat at this moment."""
    return asked(CLOCKS)


def version_of(package: str) -> str:
    """Its version, or "none"."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def cpu() -> str:
    """The processor's name."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()


def through_torch() -> dict[str, Any]:
    """The card as PyTorch sees it."""
    try:
        import torch

        if not torch.cuda.is_available():
            return {"available": False, "cuda": torch.version.cuda}
        properties = torch.cuda.get_device_properties(0)
        free, total = torch.cuda.mem_get_info()
        return {
            "available": True,
            "cuda": torch.version.cuda,
            "name": properties.name,
            "multiprocessors": properties.multi_processor_count,
            "cache_bytes": getattr(properties, "L2_cache_size", None),
            "free_bytes": free,
            "total_bytes": total,
        }
    except (ImportError, RuntimeError, AttributeError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def describe() -> dict[str, Any]:
    """All of it."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    nvcc = re.search(r"release ([\d.]+)", said(os.environ.get("CUDACXX", "nvcc"), "--version"))
    return {
        "card": asked(FIELDS),
        "clocks_before": clocks(),
        "nvcc": nvcc[1] if nvcc else "none",
        "torch": through_torch(),
        "cpu": cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {(re.match(r'[0-9.]+', platform.release()) or ['?'])[0]}",
        "python": platform.python_version(),
        "versions": {name: version_of(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    print(json.dumps(describe(), indent=1))
