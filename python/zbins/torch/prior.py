"""A fitted sampler as a module: part of a decoder's checkpoint, on its device, in its export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from sklearn.exceptions import NotFittedError

from .._common.checks import check_count
from ..pmf.sampler import PMFSampler, ordered_model_of
from .tables import NAMES, Tensors, check_tables, draw, no_tables, tables_of


class PMFPrior(torch.nn.Module):  # type: ignore[misc]
    """A fitted sampler as an `nn.Module` that draws latents for a decoder.

    The model lies in buffers, so it travels in the `state_dict` of the module that holds it, moves
    with `.to`, and is part of what `torch.export` exports. Draws keep the model's probabilities
    exactly, and every draw lies in an occupied bin; its bits are torch's, not those of
    `PMFSampler.sample`.

    Parameters
    ----------
    sampler : PMFSampler or None, default=None
        Fitted, on any device; what happens to it later does not show here, but see `update`. The
        module starts on torch's default device. None: empty, until `update` or `load_state_dict`.

    Attributes
    ----------
    n_features : int
        Columns of a draw; 0 while empty.
    n_occupied : int
        Bins; 0 while empty.
    n_samples_seen : int
        Rows they hold; 0 while empty.
    dtype : dtype
        Of draws: float32 or float64, as the sampler's.
    device : device
        Where draws are made.

    Raises
    ------
    TypeError
        If `sampler` is no PMFSampler.
    NotFittedError
        If it is not fitted.
    ValueError
        If all its rows were ignored.

    Notes
    -----
    Casts (`.half()`, `.bfloat16()`, `.double()`, `.to(dtype)`) leave the buffers as they are,
    because a rounded edge would let draws out of their bin: for a decoder in half precision, cast
    the draws. ``.to(device)`` and `to_empty` work as on any module.

    `load_state_dict` takes a model of any size and of either dtype, onto the device where the
    module is (with ``assign=True``, where the checkpoint's tensors are). Tensors that are no model
    are refused with a RuntimeError, as torch refuses those of a wrong shape, and the prior stays as
    it was.

    Draws have no labels, also those of a sampler that was fitted with some. On a CPU
    `PMFSampler.sample` is ten times as fast or more (docs/decisions/0008).

    The buffers take 8 bytes per bin and 1 per bin and column (4 if more than 256 codes occur in a
    column), and three numbers of the model's dtype per column and code that occurs in it. Making
    them takes some microseconds for each of those codes.

    `torch.export` fixes `n`, as it does every int: ``export(model, (64,))`` gives 64 draws a call.
    For any `n` from 2, ``dynamic_shapes={"n": torch.export.Dim.DYNAMIC}``. For any `n` at all, take
    it from the shape of a tensor with ``Dim.DYNAMIC``, as ``prior(condition.shape[0])``. The
    exported program draws anew at every call, under `torch.manual_seed`. ``torch.compile`` works
    too, with random bits of the compiler's own.

    Examples
    --------
    >>> import torch, zbins
    >>> from zbins.torch import PMFPrior
    >>> z = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0))
    >>> prior = PMFPrior(zbins.PMFSampler(n_bins=8).fit(z))
    >>> prior
    PMFPrior(n_features=2, n_occupied=50, n_samples_seen=1000, dtype=torch.float32)
    >>> generator = torch.nn.Sequential(prior, torch.nn.Linear(2, 3))
    >>> generator(5).shape
    torch.Size([5, 3])
    """

    def __init__(self, sampler: PMFSampler | None = None) -> None:
        super().__init__()
        for name, table in no_tables().items():
            self.register_buffer(name, table)
        if sampler is not None:
            self.update(sampler)

    def update(self, sampler: PMFSampler) -> PMFPrior:
        """Take over the model of a sampler, of any size, on the device where the prior is.

        Parameters
        ----------
        sampler : PMFSampler
            Fitted.

        Returns
        -------
        self : PMFPrior
            Unchanged if the call fails.

        Raises
        ------
        TypeError, NotFittedError, ValueError
            As the constructor.
        """
        model = ordered_model_of(sampler)
        self._publish({name: t.to(self.device) for name, t in tables_of(model).items()})
        return self

    def forward(self, n: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw latents.

        Parameters
        ----------
        n : int
            At least 0.
        generator : Generator or None, default=None
            On the prior's device. None: torch's own, which `torch.manual_seed` seeds.

        Returns
        -------
        z : Tensor of shape (n, n_features)
            On the prior's device, in the model's dtype.

        Raises
        ------
        TypeError, ValueError
            For another `n`, or a generator that is none or is on another device.
        NotFittedError
            If the prior is empty.
        """
        if not isinstance(n, torch.SymInt):
            n = check_count("n", n)
        if generator is not None:
            self._check_generator(generator)
        if not self.n_occupied:
            raise NotFittedError(
                "this PMFPrior is empty; make it from a fitted sampler, or call update or "
                "load_state_dict first"
            )
        return draw(self._tables(), n, generator)

    def _check_generator(self, generator: object) -> None:
        if not isinstance(generator, torch.Generator):
            raise TypeError(
                f"generator is a {type(generator).__name__}; accepted are None and a "
                "torch.Generator"
            )
        if generator.device.type != self.device.type:
            raise ValueError(
                f"generator is on {generator.device} and the prior on {self.device}; they must be "
                "on one device"
            )

    @property
    def n_features(self) -> int:
        """Columns of a draw."""
        return int(self.places.shape[1])

    @property
    def n_occupied(self) -> int:
        """Bins."""
        return int(self.places.shape[0])

    @property
    def n_samples_seen(self) -> int:
        """Rows in the bins."""
        return int(self.cumulative[-1]) if self.n_occupied else 0

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of draws."""
        return self.origin.dtype

    @property
    def device(self) -> torch.device:
        """Where draws are made."""
        return self.origin.device

    def extra_repr(self) -> str:
        """Return what stands in the parentheses of `repr`."""
        if not self.n_occupied:
            return "empty"
        seen = "" if self.device.type == "meta" else f"n_samples_seen={self.n_samples_seen}, "
        return (
            f"n_features={self.n_features}, n_occupied={self.n_occupied}, {seen}dtype={self.dtype}"
        )

    def _tables(self) -> Tensors:
        return {name: getattr(self, name) for name in NAMES}

    def _publish(self, tables: Tensors) -> None:
        self._buffers.update(tables)  # all or none: one call, which no signal interrupts

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> PMFPrior:
        """Move the buffers, as every module does, but keep their dtypes."""

        def keeping(table: torch.Tensor) -> torch.Tensor:
            moved = fn(table)
            return moved if moved.dtype == table.dtype else table.to(moved.device)

        super()._apply(keeping, recurse)
        return self

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load tables of any size; all of them, or none where one is missing or wrong."""
        given = {name: state_dict[prefix + name] for name in NAMES if prefix + name in state_dict}
        fresh = {}
        if len(given) == len(NAMES):
            try:
                check_tables(given)
            except (TypeError, ValueError) as error:
                error_msgs.append(f"the state of {prefix or 'PMFPrior'!r} is no model: {error}")
            else:
                assign = local_metadata.get("assign_to_params_buffers", False)
                fresh = {name: self._taken(table, assign) for name, table in given.items()}
        # Torch reports missing and unexpected names, and finds nothing to copy.
        own = {prefix + name: getattr(self, name) for name in given}
        super()._load_from_state_dict(
            {**state_dict, **own},
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )
        self._publish(fresh)

    def _taken(self, table: torch.Tensor, assign: bool) -> torch.Tensor:
        if assign:
            return table.detach().contiguous()
        layout = torch.contiguous_format
        return table.detach().to(self.device, copy=True, memory_format=layout)
