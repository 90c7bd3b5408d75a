"""Where tests find the modules of benches/, which are scripts beside each other and no package."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHES = ROOT / "benches"


@contextlib.contextmanager
def importable(folder):
    """The modules of a folder of benches/ are found, and known, until this is left.

    Their names are as short as `data`: they are not theirs alone.
    """
    path, modules = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(folder), str(BENCHES)]
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if str(BENCHES) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
