"""The processes of a torch.distributed group, as bytes go through it."""

from __future__ import annotations

from typing import Any

from .._errors import public_kind
from .extras import pip_install


class Link:
    """The group, as bytes go through it.

    Parameters
    ----------
    group : ProcessGroup or None
        None: all processes.
    call : str
        What is called in all of them, for messages.

    Raises
    ------
    ImportError
        If PyTorch is not there.
    RuntimeError
        If torch.distributed is not initialised, or this process is no member.
    """

    def __init__(self, group: Any, call: str = "all_reduce") -> None:
        try:
            import torch
            import torch.distributed as dist
        except ImportError as error:
            raise ImportError(
                f"{call} needs PyTorch ({error}); install it with: {pip_install('torch')}"
            ) from error

        if not (dist.is_available() and dist.is_initialized()):
            raise RuntimeError(
                "torch.distributed is not initialised; call "
                "torch.distributed.init_process_group(...) in every process first"
            )
        self._torch, self._dist = torch, dist
        self.met = False  # whether the processes have exchanged anything yet
        self._call = call
        self.group = dist.group.WORLD if group is None else group
        self.rank: int = dist.get_rank(self.group)
        if self.rank < 0:
            raise RuntimeError("this process is no member of the group")
        self.size: int = dist.get_world_size(self.group)
        on_cuda = dist.get_backend(self.group) == "nccl"
        self._device = torch.device("cuda", torch.cuda.current_device()) if on_cuda else "cpu"

    def buffer(self, n: int) -> Any:
        """Return room for n bytes where the group's transport reads them."""
        return self._torch.empty(n, dtype=self._torch.uint8, device=self._device)

    def broadcast(self, view: Any, rank: int, payload: bytearray) -> None:
        """Fill the view, in every process, with the payload of one (which takes no memory)."""
        if rank == self.rank:
            view.copy_(self._torch.frombuffer(payload, dtype=self._torch.uint8))
        source = self._dist.get_global_rank(self.group, rank)
        self._dist.broadcast(view, src=source, group=self.group)

    def gathered(self, data: bytes) -> list[bytes]:
        """Return the bytes of every process, in the order of ranks."""
        sizes = [int(size) for size in self._all(self._torch.tensor([len(data)]))]
        padded = self._torch.frombuffer(
            bytearray(data.ljust(max(1, *sizes), b"\0")), dtype=self._torch.uint8
        )
        texts = [text.cpu().numpy().tobytes() for text in self._all(padded)]
        return [text[:size] for text, size in zip(texts, sizes, strict=True)]

    def _all(self, tensor: Any) -> list[Any]:
        self.met = True
        tensor = tensor.to(self._device)
        received = [self._torch.empty_like(tensor) for _ in range(self.size)]
        self._dist.all_gather(received, tensor, group=self.group)
        return received

    def agree(self, error: BaseException | None) -> None:
        """Raise in every process if one has an error: its own there, its words elsewhere."""
        text = "" if error is None else f"{public_kind(error)}: {error}"
        texts = self.gathered(text.encode())
        if error is not None:
            raise error
        for rank, found in enumerate(texts):
            if found:
                raise RuntimeError(f"{self._call} failed in rank {rank}: {found.decode()}")
