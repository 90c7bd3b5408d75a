"""zbins turns any trained autoencoder into a generative model."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._config import show_config
    from .pmf.sampler import PMFSampler, load
    from .pmf.summary import Summary

__version__ = "0.1.0"
__all__ = ["PMFSampler", "Summary", "load", "show_config"]

# Imported when first asked for: scikit-learn takes a second, which completion in a shell and
# `zbins --help` need not wait for.
_MODULE_OF = {
    "PMFSampler": ".pmf.sampler",
    "Summary": ".pmf.summary",
    "load": ".pmf.sampler",
    "show_config": "._config",
}
# Not in dir(): all but metrics need extras.
_SUBMODULES = ("autoencoders", "dask", "data", "metrics", "plot", "torch")


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__", "__doc__", "__file__", "__path__"]
