"""`PMFSampler`: bins of a grid, counted and drawn from."""

from .sampler import PMFSampler

__all__ = ["PMFSampler"]

PMFSampler.__module__ = __name__  # pickles name where it is public, wherever it is defined
