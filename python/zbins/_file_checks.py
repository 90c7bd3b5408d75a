"""What a model file must be: its header, checksum, tensors and their meaning. Trusts nothing."""

from __future__ import annotations

import hashlib
import itertools
import json
import mmap
from typing import Any

import numpy as np

from ._model import Model
from ._types import Array

FORMAT_VERSION = 1
_MAX_HEADER = 100_000_000  # what safetensors accepts too
_DIGEST_BYTES = 32
BLANK = "0" * (2 * _DIGEST_BYTES)  # stands for the checksum while it is computed
MODEL_KEYS = frozenset(
    [
        "bounds",
        "checksum",
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
_CLASS_TYPES: dict[str, tuple[type, type]] = {
    "int": (int, np.int64),
    "bool": (bool, np.bool_),
    "str": (str, np.str_),
}


def header_of(content: bytes | mmap.mmap) -> bytes:
    """Return the safetensors header; the size it declares is checked against the file's."""
    size = len(content)
    length = int.from_bytes(content[:8], "little")
    if size < 8 or length > min(size - 8, _MAX_HEADER):
        raise ValueError(
            f"its {size} bytes are too few for the header, which says it takes {length}"
        )
    return content[8 : 8 + length]


def check_version(version: object, readable: int) -> None:
    """Refuse files of another version than this release reads."""
    if type(version) is not int or version != readable:
        raise ValueError(f"its format version is {version!r}; this release reads {readable}")


# Names that only one kind of file has, and what reads it.
_READERS = {
    "out_of_range": "zbins.load",
    "posterior": "zbins.torch.LatentGenerator.load",
    "autoencoder": "the load of a class of zbins.autoencoders",
}


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name occurs twice in the header")
    return dict(pairs)


def checked_metadata(
    content: bytes, keys: frozenset[str] = MODEL_KEYS, readable: int = FORMAT_VERSION
) -> dict[str, Any]:
    """Return our entry of a file's header, with the right names in it and a known version.

    Parameters
    ----------
    content : bytes
        The file; its checksum is compared.
    keys : frozenset of str
        The names that there must be.
    readable : int
        The version of this kind of file that this release reads.

    Raises
    ------
    ValueError, RecursionError
        Saying what is wrong.
    """
    header = header_of(content)
    entries = json.loads(header, object_pairs_hook=_no_duplicates)
    outer = entries.get("__metadata__") if isinstance(entries, dict) else None
    if (
        not isinstance(outer, dict)
        or set(outer) != {"zbins"}
        or not isinstance(outer["zbins"], str)
    ):
        raise ValueError("it has no entry 'zbins'")
    metadata = json.loads(outer["zbins"], object_pairs_hook=_no_duplicates)
    if not isinstance(metadata, dict):
        raise ValueError("its entry 'zbins' is no object")
    if set(metadata) != keys:
        for name, reader in _READERS.items():
            if name in metadata and name not in keys:
                raise ValueError(f"it is for {reader} to read")
        if "format_version" in metadata:
            check_version(metadata["format_version"], readable)
        raise ValueError("its entry 'zbins' has other names than expected")
    check_version(metadata["format_version"], readable)
    if not isinstance(metadata["checksum"], str) or len(metadata["checksum"]) != len(BLANK):
        raise ValueError("it has no checksum")
    if checksum_of(content, header, metadata["checksum"]) != metadata["checksum"]:
        raise ValueError("the checksum does not match the content")
    return metadata


def checksum_position(header: bytes, digits: str) -> int:
    """Return where in the header the checksum stands."""
    key = b'\\"checksum\\":\\"'
    at = header.find(key + digits.encode("utf-8", "replace"))
    if at < 0 or header.find(key, at + 1) >= 0:
        raise ValueError("the checksum is not where it should be")
    return at + len(key)


def checksum_of(content: bytes | mmap.mmap, header: bytes, digits: str = BLANK) -> str:
    """Return the BLAKE2b digest of the content with the digits of the checksum blanked."""
    at = checksum_position(header, digits)
    blanked = header[:at] + BLANK.encode() + header[at + len(BLANK) :]
    digest = hashlib.blake2b(content[:8] + blanked, digest_size=_DIGEST_BYTES)
    with memoryview(content) as view:
        digest.update(view[8 + len(header) :])
    return digest.hexdigest()


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
    if (
        not isinstance(type_name, str)
        or type_name not in _CLASS_TYPES
        or not isinstance(values, list)
    ):
        raise ValueError(f"its labels are of the type {type_name!r}")
    plain, dtype = _CLASS_TYPES[type_name]
    if not values or any(type(value) is not plain for value in values):
        raise ValueError(f"its labels are not all of the type {type_name}")
    if any(a >= b for a, b in itertools.pairwise(values)):
        raise ValueError("its labels are not sorted")
    try:
        classes: Array = np.array(values, dtype=dtype)
    except OverflowError as error:
        raise ValueError("a label does not fit 64 bits") from error
    if classes.tolist() != values:  # NumPy drops NULs at the end of strings
        raise ValueError("a label ends in NUL")
    return classes
