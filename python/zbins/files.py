"""Model files: safetensors with one metadata entry and a checksum over everything but itself.

The tensors are those of `Model.to_arrays`:

========== ================== ==========================================================
name       shape              content
========== ================== ==========================================================
origin     (d,)               lower end of the lattice, float32 or float64
top        (d,)               upper end; equal to `origin` in a constant dimension
k          (d,)               bins between the two, int32
first_bin  (d,)               number of the first bin (0, or less where the grid grew), int32
n_bins     (d,)               bins, int32
codes      (m, words)         packed codes of the occupied bins in canonical order, uint64
counts     (m,)               rows in each, int64
label...                      with labels: for bin b the entries label_start[b] to
                              label_start[b + 1] of `label` (place among the classes) and
                              `label_count`
========== ================== ==========================================================

A code is packed with 1, 2, 4, 8 or 16 bits a dimension (the least that hold the widest), dimension
0 in the most significant bits of word 0. The same model gives the same bytes.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import secrets
from collections.abc import Iterator
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ._model import Model
from ._validate import Array

FORMAT_VERSION = 1
_MAX_HEADER = 100_000_000  # what safetensors accepts too
_DIGEST_BYTES = 32
_BLANK = "0" * (2 * _DIGEST_BYTES)
_META_KEYS = frozenset(
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


def write_model(path: str | os.PathLike[str], model: Model, parameters: dict[str, Any]) -> None:
    """Write a model file, whole or not at all, and durably.

    It is written beside the target, synced to disk and renamed over it, so that the target is
    always the old file or the new one.

    Parameters
    ----------
    path : path-like
        Overwritten if it exists; a symbolic link is followed.
    model : Model
        With at least one occupied bin.
    parameters : dict
        n_bins, bounds and out_of_range of the constructor, as plain JSON values.

    Raises
    ------
    OSError
        Naming the path: no such folder, no permission, a directory, a full disk.
    """
    target = os.path.realpath(os.fspath(path))
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, "cannot save a model over a directory", target)
    metadata = json.dumps(
        {**_describe(model), **parameters, "checksum": _BLANK},
        sort_keys=True,
        allow_nan=False,
        separators=(",", ":"),
    )
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.tmp")
    try:
        # Made here rather than by the library, so that the umask decides on permissions.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        try:
            arrays = {name: np.ascontiguousarray(a) for name, a in model.to_arrays().items()}
            try:
                save_file(arrays, temporary, metadata={"zbins": metadata})
            except SafetensorError as error:
                raise _os_error(error, target) from error
            with open(temporary, "r+b") as file:
                header = _read_header(file, target)
                checksum = _checksum(file, header)
                file.seek(8 + _position(header, _BLANK, target))
                file.write(checksum.encode())
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise type(error)(
            error.errno, f"cannot save the model: {error.strerror}", target
        ) from error
    _sync_folder(folder)


def _os_error(error: SafetensorError, target: str) -> OSError:
    """Return the system's error that safetensors reports as text."""
    text = str(error)
    for code in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.ENOENT):
        if f"os error {code}" in text:
            return OSError(code, os.strerror(code), target)
    return OSError(errno.EIO, text, target)


def _sync_folder(folder: str) -> None:
    """Make the rename durable, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _describe(model: Model) -> dict[str, Any]:
    classes = model.classes
    names = model.feature_names
    kinds = {"i": "int", "b": "bool", "U": "str"}
    return {
        "format_version": FORMAT_VERSION,
        "n_samples_seen": model.n_seen,
        "n_samples_ignored": model.n_ignored,
        "classes": None if classes is None else classes.tolist(),
        "class_type": None if classes is None else kinds[classes.dtype.kind],
        "feature_names": None if names is None else [str(name) for name in names],
    }


def read_model(path: str | os.PathLike[str], kind: str) -> tuple[Model, dict[str, Any]]:
    """Read a model file, trusting nothing in it.

    Returns
    -------
    model : Model
        Its samples are of the given kind.
    parameters : dict
        n_bins, bounds and out_of_range of the constructor.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a whole and undamaged model file, naming it and what is wrong.
    """
    name = os.fspath(path)
    with open(name, "rb") as file, _naming(name):
        header = _read_header(file, name)
        metadata = _metadata(header)
        if _checksum(file, header, metadata["checksum"]) != metadata["checksum"]:
            raise ValueError("the checksum does not match the content")
        try:
            with safe_open(name, framework="numpy") as tensors:
                arrays = {key: tensors.get_tensor(key) for key in tensors.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise ValueError(str(error)) from error
        return _model(arrays, metadata, kind)


@contextlib.contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{name!r} is not a model file of zbins, or is damaged: {error}"
        ) from error


def _read_header(file: Any, name: str) -> bytes:
    """Return the safetensors header; sizes are checked against the file before anything is read."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if len(prefix) < 8 or length > min(size - 8, _MAX_HEADER):
        raise ValueError(
            f"its {size} bytes are too few for the header, which says it takes {length}"
        )
    header: bytes = file.read(length)
    return header


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name occurs twice in the header")
    return dict(pairs)


def _metadata(header: bytes) -> dict[str, Any]:
    """Return our entry of the header, with the right names in it and a known version."""
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
    version = metadata.get("format_version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise ValueError(f"its format version is {version!r}; this release reads {FORMAT_VERSION}")
    if set(metadata) != _META_KEYS:
        raise ValueError("its entry 'zbins' has other names than expected")
    if not isinstance(metadata["checksum"], str) or len(metadata["checksum"]) != len(_BLANK):
        raise ValueError("it has no checksum")
    return metadata


def _position(header: bytes, digits: str, name: str) -> int:
    """Return where in the header the checksum stands."""
    key = b'\\"checksum\\":\\"'
    at = header.find(key + digits.encode("utf-8", "replace"))
    if at < 0 or header.find(key, at + 1) >= 0:
        raise ValueError("the checksum is not where it should be")
    return at + len(key)


def _checksum(file: Any, header: bytes, digits: str = _BLANK) -> str:
    """Return the BLAKE2b digest of the file with its checksum's digits blanked."""
    at = _position(header, digits, "")
    blanked = header[:at] + _BLANK.encode() + header[at + len(_BLANK) :]
    digest = hashlib.blake2b(len(header).to_bytes(8, "little") + blanked, digest_size=_DIGEST_BYTES)
    file.seek(8 + len(header))
    while block := file.read(1 << 20):
        digest.update(block)
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


def _model(
    arrays: dict[str, Array], metadata: dict[str, Any], kind: str
) -> tuple[Model, dict[str, Any]]:
    labelled = metadata["classes"] is not None
    _check_arrays(arrays, labelled)
    classes = _classes(metadata) if labelled else None
    names = metadata["feature_names"]
    d = len(arrays["origin"])
    if names is not None and not (
        isinstance(names, list) and len(names) == d and all(isinstance(n, str) for n in names)
    ):
        raise ValueError("'feature_names' is not a list of one name per column")
    seen, ignored = metadata["n_samples_seen"], metadata["n_samples_ignored"]
    if type(seen) is not int or type(ignored) is not int or ignored < 0:
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
        return np.array(values, dtype=dtype)
    except OverflowError as error:
        raise ValueError("a label does not fit 64 bits") from error
