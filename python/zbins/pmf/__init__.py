"""`PMFSampler`: bins of a grid, counted and drawn from."""

from .sampler import PMFSampler

__all__ = ["PMFSampler"]
