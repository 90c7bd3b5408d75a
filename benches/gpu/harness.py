"""What every bench here shares: arguments, steps of which one may fail, and the JSON they make.

A step that raises is recorded with its error, and the next goes on. The JSON is written after every
step, so that a bench that is stopped leaves what it has measured.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(1, str(HERE.parent))  # timing, answers: shared with the benches of the CPU


def leave(why: str) -> None:
    """Say in one line why nothing can be measured, and exit with 2."""
    print(f"{Path(sys.argv[0]).name}: {why}; nothing was measured", flush=True)
    raise SystemExit(2)


try:
    import torch
except ImportError as error:
    leave(f"PyTorch cannot be imported ({error})")

try:
    import zbins
    from zbins._common.arrays import to_host
except ImportError:
    zbins = to_host = None  # benches that need them leave


def need_cuda() -> None:
    """Leave where PyTorch can use no device."""
    if not torch.cuda.is_available():
        leave("no CUDA device that PyTorch can use")


def need_zbins() -> None:
    """Leave where the package has no CUDA module."""
    if zbins is None:
        leave("the package is not installed for this Python")
    try:
        importlib.import_module("zbins._cuda")
    except ImportError as error:
        leave(f"the package has no CUDA module here ({error})")


def write_json(path: Path, content: Any) -> None:
    """The old file or the new one, whole."""
    from zbins._io.atomic import atomic_file  # late: `need_zbins` says if the package is missing

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        file.write(f"{json.dumps(content, indent=1, default=str)}\n".encode())


def free_memory() -> None:
    """Give back what nothing refers to, the device's too."""
    gc.collect()
    if torch.cuda.is_available():
        # An error of the step before shows here again, and in every later step.
        with contextlib.suppress(RuntimeError):
            torch.cuda.empty_cache()


def rows_that_fit(wanted: int, bytes_per_row: int, share: float = 0.85) -> int:
    """The wanted number of rows, halved until they fit into that share of the free memory."""
    free_memory()
    free, _ = torch.cuda.mem_get_info()
    rows = wanted
    while rows > 1024 and rows * bytes_per_row > share * free:
        rows //= 2
    return rows


def occupied(sampler: Any) -> int:
    """Number of occupied bins, without copying the model to the host where that can be had."""
    try:
        return len(sampler._model.ordered().pmf)
    except (AttributeError, TypeError):
        return len(sampler.counts_)


def model_bytes(sampler: Any) -> int | None:
    """Device memory of the finished model, or None where it does not say."""
    try:
        return int(sampler._model.ordered().pmf.nbytes)
    except (AttributeError, TypeError):
        return None


def cpu_twin(sampler: Any, device: Any = None) -> Any:
    """The same model on the CPU, through its file: None for NumPy, "cpu" for torch tensors."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.zbins"
        sampler.save(path)
        return zbins.load(path, device=device)


def target(what: str, wanted: float, measured: float | None) -> dict[str, Any]:
    """What was aimed at: "seconds" at most; "share" of a ceiling, or "rate" a second, at least."""
    if measured is None:
        return {"what": what, "wanted": wanted, "measured": None, "met": False}
    met = measured <= wanted if what == "seconds" else measured >= wanted
    return {"what": what, "wanted": wanted, "measured": measured, "met": bool(met)}


class Bench:
    """One bench: its arguments, and the rows and failures of its steps.

    Parameters
    ----------
    name : str
        Under which the results are kept.
    about : str
        For --help.
    package : bool
        Whether it needs zbins with its CUDA module.
    """

    def __init__(self, name: str, about: str | None, package: bool = True) -> None:
        parser = argparse.ArgumentParser(description=(about or name).strip().splitlines()[0])
        parser.add_argument("--quick", action="store_true", help="small sizes, few repeats")
        parser.add_argument("--json", type=Path, help="write the results there")
        arguments = parser.parse_args()
        self.quick: bool = arguments.quick
        self.path: Path | None = arguments.json
        need_cuda()
        if package:
            need_zbins()
        self.results: dict[str, Any] = {
            "bench": name,
            "quick": self.quick,
            "device": torch.cuda.get_device_name(),
            "rows": [],
            "failed": [],
        }

    def run(self, step: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call it; what it returns (a row, a list of rows, or None) is kept, an error too."""
        begin = time.perf_counter()
        rows: Any = None
        try:
            rows = function(*arguments)
            # An error of a kernel may come only now.
            torch.cuda.synchronize()
        except Exception as error:
            self.results["failed"].append(
                {
                    "step": step,
                    "error": f"{type(error).__name__}: {error}"[:2000],
                    "trace": traceback.format_exc()[-3000:],
                }
            )
            print(f"{step}: FAILED: {type(error).__name__}: {error}"[:600], flush=True)
            rows = None
        else:
            for row in rows if isinstance(rows, list) else [rows]:
                if row is not None:
                    row.setdefault("job", step)
                    self.results["rows"].append(row)
            print(f"{step}: done in {time.perf_counter() - begin:.1f} s", flush=True)
        free_memory()
        self.write()
        return rows

    def write(self) -> None:
        """Write what there is so far."""
        if self.path is not None:
            write_json(self.path, self.results)

    def end(self) -> None:
        """Write, and exit with 1 if a step failed."""
        self.write()
        raise SystemExit(1 if self.results["failed"] else 0)
