"""Where older pickles look for a `PMFPrior`; later ones name `zbins.torch`."""

from .prior import PMFPrior

__all__ = ["PMFPrior"]
