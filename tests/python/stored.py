"""All that a fitted sampler is, as the file that it would write says it."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import tempfile
import warnings

import numpy as np
import pandas as pd
import torch

OF = {
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
    "F32": "<f4",
    "U32": "<u4",
    "I32": "<i4",
    "F16": "<f2",
    "U8": "|u1",
    "BOOL": "|b1",
}
# Files that nobody keeps: where there is one, on a disk that is memory.
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def take_apart(data):
    """Return the tensors by name, and our metadata, of the bytes of a model file."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = json.loads(header.pop("__metadata__")["zbins"])
    body = data[8 + length :]
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = np.frombuffer(body[begin:end], OF[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = array.copy()
    return tensors, metadata


def as_fitted(sampler, X):
    """X with the names of the columns that the sampler was fitted on, if they had any."""
    names = getattr(sampler, "feature_names_in_", None)
    return X if names is None else pd.DataFrame(X, columns=names)


def device_of(sampler):
    """What `to` takes for samples as they are: "cpu" for tensors, None for arrays."""
    nothing = np.empty((0, sampler.n_features_in_))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its columns have no names
        codes = copy.copy(sampler).set_params(n_jobs=1).quantize(nothing)
    return "cpu" if isinstance(codes, torch.Tensor) else None


def twin_of(sampler, **parameters):
    """The same model in another estimator; what is not put in order yet in ours stays so."""
    return copy.copy(sampler).set_params(**parameters).to(device_of(sampler))


def stored(sampler):
    """Return the tensors by name, and our metadata but for parameters, of the sampler's file.

    If no row so far lay inside the bounds, they are those of the sampler with one row.
    """
    plain = {"n_bins": 1, "bounds": None, "out_of_range": "grow", "random_state": None, "n_jobs": 1}
    twin = twin_of(sampler, **plain)  # whatever they were set to since
    if not sampler.n_samples_seen_:
        twin.partial_fit(
            as_fitted(sampler, twin.lower_[None]), ["a"] if hasattr(sampler, "classes_") else None
        )
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        path = pathlib.Path(folder) / "m.zbins"
        twin.save(path)
        tensors, metadata = take_apart(path.read_bytes())
    for name in (*twin.get_params(), "checksum"):
        metadata.pop(name, None)
    return tensors, metadata
