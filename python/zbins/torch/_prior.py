"""Where pickles of 0.1.0 look for a `PMFPrior`; later ones name `zbins.torch`."""

from .prior import PMFPrior

__all__ = ["PMFPrior"]
