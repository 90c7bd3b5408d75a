"""What `SamplerCallback` is given, or finds in a LightningModule by name."""

from __future__ import annotations

from typing import Any

from ..pmf.sampler import PMFSampler
from ._modules import check_call


def network_of(pl_module: Any, role: str, network: Any) -> Any:
    """Return a network, by name from the module if it was not given itself."""
    if network is not None and not isinstance(network, str):
        return network
    name = role if network is None else network
    found = pl_module
    for part in name.split("."):
        if not hasattr(found, part):
            raise ValueError(
                f"{type(pl_module).__name__} has no attribute {name!r}; pass {role}= a callable or "
                f"the name of one of its attributes, as {role}='model.{role}'"
            )
        found = getattr(found, part)
    return check_call(name, found)


def given(network: Any) -> Any:
    """Return a network that was given itself; one that was named is not known yet."""
    return None if isinstance(network, str) else network


def check_pmf(sampler: object) -> PMFSampler:
    """Return a PMFSampler, also for None, or refuse what is none."""
    if sampler is None:
        return PMFSampler()
    if isinstance(sampler, PMFSampler):
        return sampler
    is_class = isinstance(sampler, type)
    what = f"the class {sampler.__name__}" if is_class else f"a {type(sampler).__name__}"  # type: ignore[attr-defined]
    raise TypeError(
        f"sampler is {what}; accepted is a PMFSampler: the models that the processes of a training "
        "make can be merged of no other"
    )


def check_name(name: object) -> str:
    """Return what pictures and the state are called, or refuse what is no name of a folder."""
    accepted = "accepted is a string of at least one character"
    if not isinstance(name, str) or not name:
        raise TypeError(f"name is {name!r}; {accepted}")
    if name in (".", "..") or set(name) & set("/\\\0"):
        raise ValueError(
            f"name is {name!r}; {accepted}, without a path separator and not '.' or '..': it is "
            "the name of a folder too"
        )
    return name
