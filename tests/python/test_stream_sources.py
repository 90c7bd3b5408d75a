"""Where chunks come from: memory maps, Parquet, generators; each gives what `fit` gives."""

from __future__ import annotations

import numpy as np
import pytest

import zbins
from compare import state


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)


def test_a_list_of_memory_maps(tmp_path, rows):
    for number, part in enumerate(np.array_split(rows, 4)):
        np.save(tmp_path / f"{number}.npy", part)
    maps = [np.load(path, mmap_mode="r") for path in sorted(tmp_path.glob("*.npy"))]
    assert state(zbins.PMFSampler(7).fit_batches(maps)) == state(zbins.PMFSampler(7).fit(rows))


def test_record_batches_of_a_parquet_file(tmp_path, rows):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "latents.parquet"
    parquet.write_table(
        arrow.table({f"z{j}": rows[:, j] for j in range(3)}), path, row_group_size=300
    )

    def batches():
        with parquet.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=128)

    assert state(zbins.PMFSampler(7).fit_batches(batches)) == state(zbins.PMFSampler(7).fit(rows))


def test_columns_of_record_batches_have_names(rows):
    arrow = pytest.importorskip("pyarrow")
    batch = arrow.RecordBatch.from_arrays([arrow.array(rows[:, j]) for j in range(2)], ["a", "b"])
    sampler = zbins.PMFSampler(7).fit_batches([batch, batch])
    assert sampler.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match=r"chunk 1 .*feature names"):
        sampler.fit_batches([batch, batch.select(["b", "a"])])


def test_a_generator_function_is_called_for_each_pass(rows):
    calls = []

    def generate():
        calls.append(None)
        yield from np.array_split(rows, 5)

    sampler = zbins.PMFSampler(7).fit_batches(generate)
    assert state(sampler) == state(zbins.PMFSampler(7).fit(rows))
    assert len(calls) == 2


def test_a_generator_is_refused(rows):
    sampler = zbins.PMFSampler(7).fit(rows)
    before = state(sampler)
    with pytest.raises(TypeError, match="only once"):
        sampler.fit_batches(part for part in np.array_split(rows, 5))
    assert state(sampler) == before


def test_chunks_of_one_buffer_are_not_kept(rows):
    """A stream may hand out the same memory again and again."""
    buffer = np.empty((100, 3), np.float32)

    def reused():
        for begin in range(0, 1000, 100):
            buffer[:] = rows[begin : begin + 100]
            yield buffer

    assert state(zbins.PMFSampler(7).fit_batches(reused)) == state(zbins.PMFSampler(7).fit(rows))
