"""zbins turns any trained autoencoder into a generative model."""

from ._config import show_config
from ._loading import load
from .pmf import PMFSampler
from .summary import Summary

__version__ = "0.1.0"
__all__ = ["PMFSampler", "Summary", "load", "show_config"]
