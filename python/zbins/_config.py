"""What this build and machine are."""

from __future__ import annotations

import platform
import sys
from typing import Any

from . import _core
from ._common.threads import n_threads
from ._device.module import describe as cuda_in_words


def show_config(*, as_dict: bool = False) -> dict[str, Any] | None:
    """Print what this build and machine use: for bug reports.

    Parameters
    ----------
    as_dict : bool, default=False
        Return the entries as a dictionary instead of printing them.

    Returns
    -------
    dict or None
        Versions, the instruction set in use and those available, threads, random stream version,
        CUDA.
    """
    import numpy
    import safetensors
    import sklearn

    from . import __version__

    entries: dict[str, Any] = {
        "zbins": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scikit-learn": sklearn.__version__,
        "safetensors": safetensors.__version__,
        "platform": platform.platform(),
        "compiler": _core.compiler(),
        "instruction set": _core.simd_level(),
        "instruction sets available": _core.simd_levels(),
        "threads with n_jobs=-1": n_threads(-1, sys.maxsize),
        "random stream version": _core.stream_version,
        "cuda": cuda_in_words(),
    }
    if as_dict:
        return entries
    for name, value in entries.items():
        print(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
    return None
