"""Fuzzes `zbins.load`: a file is refused as damaged, by name, or is a model in every respect.

``python tests/fuzz/load_file.py SECONDS`` begins with the kept corpus beside this file and with
what earlier runs left in build/fuzz; ``--corpus`` writes the kept corpus anew. Inputs are model
files, mutated as bytes and as what they mean, with a checksum that is right again: otherwise the
checksum would stop everything.
"""

from __future__ import annotations

import json
import pathlib
import random
import sys
import tempfile
import warnings

HERE = pathlib.Path(__file__).parent
CORPUS = HERE / "corpus"
WORK = HERE.parents[1] / "build" / "fuzz"
sys.path.insert(0, str(HERE.parent / "python"))

try:
    import atheris
except ImportError:
    print("SKIPPED: atheris is not installed (it needs Linux on x86-64 and Python 3.11 or later)")
    sys.exit(0)

import inspect

import numpy as np

import zbins
from compare import state
from crafting import crafted, entries_of, inner_text, model_files, put_together, take_apart
from zbins._common import labels
from zbins._device import border
from zbins.pmf import file, grid, model, sampler

PATH = pathlib.Path(tempfile.mkdtemp()) / "fuzzed.zbins"
STRANGE = [
    *(0, 1, -1, 2, 3, 255, 256, 257, 65535, 65536, 65537, 1 << 31, 1 << 32, 1 << 63, (1 << 64) - 1),
    *(1 << 64, -(1 << 63), 1e308, 1e-320, 0.5, True, None, "", "x", "x\0", "\ud800", [], {}, [[]]),
]


def instrument():
    """Let the fuzzer see which branches an input takes in all of Python that reads a file.

    It is blind in the core, which judges the file: mutations of what a file means lead it there.
    """
    for module in (border, file, grid, labels, model, sampler):
        for place in (module, model.Model):
            for function in vars(place).values():
                if inspect.isfunction(function) and function.__module__ == module.__name__:
                    atheris.instrument_func(function)


@atheris.instrument_func
def test_one_input(data):
    PATH.write_bytes(data)
    try:
        loaded = zbins.load(PATH)
    except ValueError as error:
        assert str(PATH) in str(error), error
        assert len(str(error)) < 5000, "a message as long as its file"
        return
    check_model(loaded)


def check_model(sampler):
    """What was loaded is a model that keeps the laws, and makes the same file again."""
    before = state(sampler)
    assert sampler.counts_.sum() == sampler.n_samples_seen_ > 0
    assert (sampler.codes_ < sampler.n_bins_).all()
    drawn = sampler.sample(20, random_state=1)
    assert np.isfinite(drawn).all()
    assert sampler.contains(drawn).all(), "a sample lies in no occupied bin"
    assert not np.isnan(sampler.score_samples(drawn)).any()
    if sampler._model.labelled:
        for label in sampler.classes_[:3]:
            sampler.sample(5, random_state=1, y=label)
    sampler.save(PATH)
    saved = PATH.read_bytes()
    again = zbins.load(PATH)
    assert state(again) == before
    again.save(PATH)
    assert PATH.read_bytes() == saved, "the same model makes another file"


# -- mutation ------------------------------------------------------------------------------------


def other_value(rng, value):
    """Something else in place of a JSON value, or within it."""
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        how = rng.randrange(3)
        if how == 0:
            return [*value[:place], other_value(rng, value[place]), *value[place + 1 :]]
        return value[:place] + value[place + 1 :] if how == 1 else [*value, value[place]]
    if isinstance(value, int) and rng.random() < 0.5:
        return value + rng.choice([-2, -1, 1, 2, 1 << 8, 1 << 16])
    return rng.choice(STRANGE)


def mutate_metadata(rng, tensors, metadata):
    name = rng.choice(sorted(metadata))
    how = rng.randrange(6)
    if how == 0:
        del metadata[name]
    elif how == 1:
        metadata[rng.choice(["x", "", "codes"])] = rng.choice(STRANGE)
    else:
        metadata[name] = other_value(rng, metadata[name])


def mutate_tensor(rng, tensors, metadata):
    name = rng.choice(sorted(tensors))
    array = tensors[name]
    how = rng.randrange(8)
    if how == 0:
        del tensors[name]
    elif how == 1:
        tensors[name] = array.reshape(-1)[: rng.randrange(array.size + 1)]
    elif how == 2:
        with np.errstate(all="ignore"):
            tensors[name] = array.astype(rng.choice(["<f4", "<f8", "<i4", "<i8", "<u8", "|u1"]))
    elif how == 3:
        tensors[name] = np.concatenate([array, array[: rng.randrange(3)]])
    elif array.size:
        raw = bytearray(array.tobytes())
        for _ in range(rng.randrange(1, 4)):
            width = rng.choice([1, array.itemsize])
            at = rng.randrange(len(raw) // width) * width
            some = [0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)]
            raw[at : at + width] = bytes(rng.choice(some) for _ in range(width))
        tensors[name] = np.frombuffer(bytes(raw), array.dtype).reshape(array.shape).copy()


def consistent(rng, tensors, metadata):
    """Counts changed together with their sum: such a file is a good one."""
    counts = tensors["counts"]
    if counts.size and not metadata.get("classes"):
        counts[rng.randrange(counts.size)] = rng.choice([1, 2, 1 << 20, 1 << 40, 1 << 62])
        metadata["n_samples_seen"] = int(sum(counts.tolist()))


def mutate_header(rng, tensors, metadata):
    """Offsets, shapes and dtypes that lie about the bytes."""
    entries, body = entries_of(tensors)
    entry = entries[rng.choice(sorted(entries))]
    field = rng.choice(sorted(entry))
    entry[field] = other_value(rng, entry[field])
    return put_together(entries, inner_text(metadata), body + b"\0" * rng.choice([0, 0, 1, 8]))


def mutate(data, max_size, seed):
    rng = random.Random(seed)
    if rng.random() < 0.2:
        return atheris.Mutate(data, max_size)
    try:
        tensors, metadata = take_apart(bytes(data))
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            change = rng.choice([mutate_metadata, mutate_tensor, mutate_tensor, consistent])
            change(rng, tensors, metadata)
        if rng.random() < 0.2:
            made = mutate_header(rng, tensors, metadata)
        else:
            made = crafted(tensors, metadata)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError):
        return atheris.Mutate(data, max_size)
    return made if len(made) <= max_size else bytes(data)


# -- the corpus ----------------------------------------------------------------------------------


def write_corpus():
    """Small models of every kind, and each of them damaged in three ways."""
    CORPUS.mkdir(exist_ok=True)
    for name, data in model_files().items():
        (CORPUS / name).write_bytes(data)
        for seed, change in enumerate((mutate_metadata, mutate_tensor, consistent)):
            tensors, metadata = take_apart(data)
            change(random.Random(seed), tensors, metadata)
            (CORPUS / f"{name}-{change.__name__}").write_bytes(crafted(tensors, metadata))
        (CORPUS / f"{name}-cut").write_bytes(data[: len(data) * 2 // 3])


def main():
    if sys.argv[1:] == ["--corpus"]:
        write_corpus()
        return
    seconds = int(sys.argv[1])
    found = WORK / "corpus"
    found.mkdir(parents=True, exist_ok=True)
    instrument()
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    print(
        json.dumps(
            {"target": "zbins.load", "seconds": seconds, "kept": len(list(CORPUS.iterdir()))}
        )
    )
    sys.stdout.flush()
    options = [
        f"-max_total_time={seconds}",
        "-max_len=65536",
        "-timeout=30",
        "-print_final_stats=1",
    ]
    atheris.Setup(
        [sys.argv[0], str(found), str(CORPUS), f"-artifact_prefix={WORK}/", *options],
        test_one_input,
        custom_mutator=mutate,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
