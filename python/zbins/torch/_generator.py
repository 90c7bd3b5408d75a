"""Where older pickles look for a `LatentGenerator`; later ones name `zbins.torch`."""

from .generator import LatentGenerator

__all__ = ["LatentGenerator"]
