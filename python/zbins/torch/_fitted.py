"""Where older pickles look for what a `LatentGenerator` has learned; later ones hold a tuple."""

from .generator import Fit

__all__ = ["Fit"]
