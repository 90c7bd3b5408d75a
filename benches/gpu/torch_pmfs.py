"""PMFS in plain PyTorch, as a careful user would write it: the peer on the same device.

Bounds, codes, `torch.unique(dim=0)`, draws by searchsorted and rand. Works on any device.
"""

from __future__ import annotations

from typing import Any

import torch


def lattice(z: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Minimum and scale of every column, rounded as law 1 wants it; scale 0 where constant."""
    low, high = torch.aminmax(z, dim=0)
    width = high.double() - low.double()
    scale = torch.where(width > 0, k / width, torch.zeros_like(width))
    return low, scale.to(z.dtype)


def quantized(z: torch.Tensor, low: torch.Tensor, scale: torch.Tensor, k: int) -> torch.Tensor:
    """Codes clipped into the grid; k is at most 256."""
    return (z - low).mul_(scale).clamp_(0, k - 1).to(torch.uint8)


def packed(codes: torch.Tensor, k: int) -> list[torch.Tensor]:
    """Codes of a row in as few words of 63 bits as they need."""
    bits = max(1, (k - 1).bit_length())
    per_word = 63 // bits
    words = []
    for begin in range(0, codes.shape[1], per_word):
        word = torch.zeros(len(codes), dtype=torch.int64, device=codes.device)
        for column in codes[:, begin : begin + per_word].unbind(1):
            word.bitwise_left_shift_(bits).bitwise_or_(column)
        words.append(word)
    return words


def count_packed(codes: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The distinct rows and their counts: packed, sorted word by word, and runs counted."""
    words = packed(codes, k)
    order = torch.argsort(words[-1], stable=True)
    for word in reversed(words[:-1]):
        order = order[torch.argsort(word[order], stable=True)]
    changes = torch.zeros(len(codes), dtype=torch.bool, device=codes.device)
    changes[0] = True
    for word in words:
        arranged = word[order]
        changes[1:] |= arranged[1:] != arranged[:-1]
    first = torch.nonzero(changes).ravel()
    end = torch.tensor([len(codes)], device=codes.device)
    return codes[order[first]], torch.diff(torch.cat([first, end]))


class TorchPMFS:
    """The method in plain PyTorch.

    Parameters
    ----------
    k : int
        Bins of every column, at most 256.
    pack : bool
        Count by `count_packed` instead of `torch.unique(dim=0)`.
    """

    def __init__(self, k: int, pack: bool = False) -> None:
        self.k = k
        self.pack = pack

    def fit(self, z: torch.Tensor) -> TorchPMFS:
        """Bounds, codes, counts."""
        self.low, scale = lattice(z, self.k)
        self.width = torch.where(scale > 0, 1 / scale, torch.zeros_like(scale))
        codes = quantized(z, self.low, scale, self.k)
        if self.pack:
            self.codes, self.counts = count_packed(codes, self.k)
        else:
            self.codes, self.counts = torch.unique(codes, dim=0, return_counts=True)
        self.cumulative = torch.cumsum(self.counts, 0)
        self.total = int(self.cumulative[-1])
        return self

    def sample(self, n: int) -> torch.Tensor:
        """A bin by its count, a uniform point in it."""
        ranks = torch.randint(0, self.total, (n,), device=self.low.device)
        return self._points(torch.searchsorted(self.cumulative, ranks, right=True))

    def sample_multinomial(self, n: int) -> torch.Tensor:
        """The same with the bin from `torch.multinomial`, which takes at most 2**24 bins."""
        return self._points(torch.multinomial(self.counts.double(), n, replacement=True))

    def _points(self, bins: torch.Tensor) -> torch.Tensor:
        samples = self.codes[bins].to(self.low.dtype)
        samples += torch.rand_like(samples)
        return samples.mul_(self.width).add_(self.low)


def dense_counts(codes: torch.Tensor, k: int) -> torch.Tensor:
    """Counts over all k**d bins by one `torch.bincount`: where the grid fits."""
    flat = codes[:, 0].to(torch.int64)
    for column in codes.unbind(1)[1:]:
        flat = flat * k + column
    return torch.bincount(flat, minlength=k ** codes.shape[1])


def nonzero(counts: Any) -> Any:
    """Counts of the occupied bins."""
    return counts[counts > 0]
