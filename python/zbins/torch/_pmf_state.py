"""What the state of a generator keeps of a `PMFSampler`, and what it must be. Trusts nothing.

The same is asked of model files, by the core; see `zbins.pmf.file`.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .._common.labels import classes_of
from .._types import Array
from ..pmf.model import Model

DETAILS = frozenset(
    [
        "bounds",
        "class_type",
        "classes",
        "feature_names",
        "format_version",
        "n_bins",
        "n_samples_ignored",
        "n_samples_seen",
        "out_of_range",
    ]
)
_PLAIN = {"int": int, "bool": bool, "str": str}


def _expected(d: int, m: int, words: int, labelled: bool) -> dict[str, tuple[str, tuple[int, ...]]]:
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {
        "origin": ("f", (d,)),
        "top": ("f", (d,)),
        "k": ("i4", (d,)),
        "first_bin": ("i4", (d,)),
        "n_bins": ("i4", (d,)),
        "codes": ("u8", (m, words)),
        "counts": ("i8", (m,)),
    }
    if labelled:
        shapes |= {
            "label_start": ("u8", (m + 1,)),
            "label": ("i4", (-1,)),
            "label_count": ("u8", (-1,)),
        }
    return shapes


def _check_arrays(arrays: dict[str, Array], labelled: bool) -> None:
    """Refuse missing, surplus or misshapen tensors."""
    names = set(_expected(0, 0, 0, labelled))
    if set(arrays) != names:
        raise ValueError(f"it has the tensors {sorted(arrays)}; expected are {sorted(names)}")
    origin, codes, counts = arrays["origin"], arrays["codes"], arrays["counts"]
    if origin.ndim != 1 or codes.ndim != 2 or counts.ndim != 1 or not origin.size:
        raise ValueError("a tensor has the wrong number of dimensions")
    expected = _expected(len(origin), len(counts), codes.shape[1], labelled)
    for name, (dtype, shape) in expected.items():
        array = arrays[name]
        wanted = array.shape if shape == (-1,) and array.ndim == 1 else shape
        kinds = ("f4", "f8") if dtype == "f" else (dtype,)
        if array.dtype.str[1:] not in kinds or array.shape != wanted:
            raise ValueError(f"the tensor {name!r} is {array.dtype} of shape {array.shape}")
    if origin.dtype != arrays["top"].dtype:
        raise ValueError("'origin' and 'top' have different dtypes")


def model_of(
    arrays: dict[str, Array], metadata: dict[str, Any], kind: str
) -> tuple[Model, dict[str, Any]]:
    """Return the model of arrays and details, and the constructor's parameters.

    Raises
    ------
    ValueError
        Saying what is wrong.
    """
    labelled = metadata["classes"] is not None
    if not labelled and metadata["class_type"] is not None:
        raise ValueError("it has a type of labels, but no labels")
    _check_arrays(arrays, labelled)
    classes = _classes(metadata) if labelled else None
    names = metadata["feature_names"]
    d = len(arrays["origin"])
    if names is not None and not (
        isinstance(names, list) and len(names) == d and all(isinstance(n, str) for n in names)
    ):
        raise ValueError("'feature_names' is not a list of one name per column")
    seen, ignored = metadata["n_samples_seen"], metadata["n_samples_ignored"]
    if type(seen) is not int or type(ignored) is not int or not 0 <= ignored < 1 << 63:
        raise ValueError("the numbers of rows seen and ignored are not whole and positive")
    feature_names = None if names is None else np.array(names, dtype=object)
    model = Model.from_arrays(arrays, classes, ignored, kind, feature_names)
    if model.n_seen != seen:
        raise ValueError(f"its counts add up to {model.n_seen}, but it says {seen} rows were seen")
    parameters = {name: metadata[name] for name in ("n_bins", "bounds", "out_of_range")}
    return model, parameters


def _classes(metadata: dict[str, Any]) -> Array:
    values, type_name = metadata["classes"], metadata["class_type"]
    if not isinstance(type_name, str) or type_name not in _PLAIN or not isinstance(values, list):
        raise ValueError(f"its labels are of the type {type_name!r}")
    plain = _PLAIN[type_name]
    if not values or any(type(value) is not plain for value in values):
        raise ValueError(f"its labels are not all of the type {type_name}")
    if any(a >= b for a, b in itertools.pairwise(values)):
        raise ValueError("its labels are not sorted")
    try:
        classes = classes_of(values, type_name)
    except OverflowError as error:
        raise ValueError("a label does not fit 64 bits") from error
    if classes.tolist() != values:  # NumPy drops NULs at the end of strings
        raise ValueError("a label ends in NUL")
    return classes
