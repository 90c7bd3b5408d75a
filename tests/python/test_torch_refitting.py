"""What the processes of a training tell each other at a refit."""

from __future__ import annotations

import pytest
import torch

from zbins.pmf.reduce import Link
from zbins.torch._refitting import with_buffers_of_rank_zero


class _Two(Link):
    """As of one of two processes, of which the other does nothing wrong."""

    def __init__(self, rank):
        self.rank, self.size, self.agreed = rank, 2, []

    def agree(self, error):
        self.agreed.append(error)
        if error is not None:
            raise error


@pytest.mark.parametrize("rank", [0, 1])
def test_buffers_that_cannot_be_copied_are_told(rank):
    class Full(torch.nn.Module):
        def buffers(self):
            return [torch.zeros(2), self]

        def detach(self):
            raise MemoryError("no room")

    link = _Two(rank)
    with pytest.raises(MemoryError, match="no room"), with_buffers_of_rank_zero(Full(), link):
        raise AssertionError("it is not entered")
    assert [str(error) for error in link.agreed] == ["no room"]
