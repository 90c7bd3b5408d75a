"""Where pickles of 0.1.0 look for a `LatentGenerator`; later ones name `zbins.torch`."""

from .generator import LatentGenerator

__all__ = ["LatentGenerator"]
