"""Where older pickles look for the model of a `PMFSampler`; later ones hold plain values."""

from __future__ import annotations

from typing import Any

from .pmf.model import Model

__all__ = ["Model"]


def _empty(*state: Any) -> Model:
    """Return a model all of whose rows were ignored, of what they hold of it."""
    *grid, n_ignored, labelled, kind, feature_names = state
    arrays = dict(zip(("origin", "top", "k", "first_bin", "n_bins"), grid, strict=True))
    return Model.from_state(
        {
            "arrays": arrays,
            "classes": None,
            "n_ignored": n_ignored,
            "labelled": labelled,
            "kind": kind,
            "feature_names": feature_names,
        }
    )
