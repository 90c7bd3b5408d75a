"""Tensor files are those that the safetensors library writes, byte for byte, and it reads them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import safetensors.numpy

from zbins._io.tensor_file import DTYPES, checked_metadata, write_tensors

KEYS = frozenset(["format_version", "checksum", "title"])
TITLE = 'é "quoted" \\ and \u001f\u007f'


def written(path, tensors):
    write_tensors(path, "file", tensors, {"format_version": 3, "title": TITLE})
    return path.read_bytes()


def as_the_library(content, save, tensors):
    """Compare with what the library writes with the same metadata."""
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    assert content == save(tensors, metadata)
    assert checked_metadata(content, KEYS, 3)["title"] == TITLE


def test_every_type_and_shape(tmp_path):
    values = np.arange(24) % 2
    tensors = {f"{kind} ü": values.reshape(2, 3, 4).astype(d) for kind, d in DTYPES.items()}
    tensors |= {"one": np.array(3.0), "none": np.empty((4, 0), np.float32)}
    tensors |= {"b": np.arange(3), "a": np.arange(4), "swapped": np.arange(5, dtype=">u2")}
    content = written(tmp_path / "t", tensors)
    native = {
        name: tensor.astype(tensor.dtype.newbyteorder("<")) for name, tensor in tensors.items()
    }
    as_the_library(content, safetensors.numpy.save, native)


def test_arrays_in_any_order_of_memory(tmp_path):
    X = np.arange(60).reshape(5, 4, 3)
    content = written(tmp_path / "t", {"X": X.T, "every other": X[::2]})
    tensors = safetensors.numpy.load(content)
    assert np.array_equal(tensors["X"], X.T)
    assert np.array_equal(tensors["every other"], X[::2])


def test_tensors_of_torch(tmp_path):
    torch = pytest.importorskip("torch")
    import safetensors.torch

    kinds = [torch.bfloat16, torch.float16, torch.float32, torch.int64, torch.uint8, torch.bool]
    tensors = {str(kind): torch.arange(6).reshape(2, 3).to(kind) for kind in kinds}
    tensors["scalar"] = torch.tensor(1.5, dtype=torch.bfloat16)
    content = written(tmp_path / "t", tensors)
    as_the_library(content, safetensors.torch.save, tensors)
    tensors = {"transposed": torch.rand(2, 3, requires_grad=True, dtype=torch.float64).T}
    read = safetensors.torch.load(written(tmp_path / "t", tensors))
    assert torch.equal(read["transposed"], tensors["transposed"])


def test_types_that_the_format_has_not(tmp_path):
    with pytest.raises(TypeError, match="'words' is of <U1; accepted are uint64, int64"):
        written(tmp_path / "t", {"words": np.array(["a"])})
    assert list(tmp_path.iterdir()) == []
