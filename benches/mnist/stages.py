"""Stages that are done once: what each made is stored, and found again under the same settings.

A stage has a key, the digest of its settings and of the stages before it; its files carry the key
in their names. Its record, `NAME-KEY.json`, is written last, so where the record is, all is. Every
file is written whole or not at all.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from settings import VERSION

from zbins._io.atomic import atomic_file


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file: it is the old one or the new one, whole, wherever this is interrupted."""
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def as_json(content: Any) -> str:
    """Return JSON for a file."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def key_of(name: str, settings: dict[str, Any]) -> str:
    """Return the digest of a stage's name and settings."""
    text = json.dumps([VERSION, name, settings], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass
class Stage:
    """One stage: where its files lie, and, once done, what it gave.

    Attributes
    ----------
    result : dict
        What `make` returned.
    seconds, cpu_seconds : float
        On the clock, and of all threads; those of a run before this one included.
    made_now : bool
        Whether it was made in this run.
    date : str
        On which it was done.
    """

    folder: Path
    name: str
    key: str
    result: dict[str, Any]
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    made_now: bool = False
    date: str = ""

    def path(self, ending: str) -> Path:
        """Return the path of one of its files."""
        return self.folder / f"{self.name}-{self.key}.{ending}"

    def store(self, **arrays: Any) -> None:
        """Keep arrays beside the record."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        write_whole(self.path("npz"), buffer.getvalue())

    def arrays(self) -> dict[str, Any]:
        """Return the arrays that were kept."""
        with np.load(self.path("npz"), allow_pickle=False) as found:
            return dict(found)


class Store:
    """A folder of stages, in the order in which they were asked for.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    say : callable
        Takes a line of text for the user.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass  # cannot be written to: better now than after the training
        for left in folder.glob(".*.tmp"):  # of a run that was killed
            left.unlink(missing_ok=True)
        self._folder, self._say = folder, say
        self.stages: list[Stage] = []

    def run(
        self, name: str, settings: dict[str, Any], make: Callable[[Stage], dict[str, Any]]
    ) -> Stage:
        """Return the stage, made now unless it is there.

        Parameters
        ----------
        name : str
        settings : dict
            Everything that the stage depends on, JSON values; keys of other stages among them.
        make : callable
            Takes the stage, writes its files, and returns its result, which JSON can hold. It may
            add to the stage's seconds what a run before this one spent.
        """
        stage = Stage(self._folder, name, key_of(name, settings), {})
        record = _read(stage.path("json"))
        if record is not None and all((self._folder / file).is_file() for file in record["files"]):
            stage.result = record["result"]
            stage.seconds, stage.cpu_seconds = record["seconds"], record["cpu_seconds"]
            self._say(f"{name}: there already")
        else:
            begin, cpu = time.monotonic(), time.process_time()
            stage.result, stage.made_now = make(stage), True
            stage.seconds += time.monotonic() - begin
            stage.cpu_seconds += time.process_time() - cpu
            _finish(stage, settings)
            self._say(f"{name}: {stage.seconds:.1f} s")
        done = stage.path("json").stat().st_mtime
        stage.date = datetime.date.fromtimestamp(done).isoformat()
        self.stages.append(stage)
        return stage


def _finish(stage: Stage, settings: dict[str, Any]) -> None:
    """Write the record; then what was only needed to go on with the stage goes."""
    own = sorted(stage.folder.glob(f"{stage.name}-{stage.key}.*"))
    scratch = [path for path in own if path.name.split(".", 1)[1].startswith("unfinished")]
    record = {
        "settings": settings,
        "seconds": stage.seconds,
        "cpu_seconds": stage.cpu_seconds,
        "files": [path.name for path in own if path not in scratch],
        "result": stage.result,
    }
    write_whole(stage.path("json"), as_json(record))
    for path in scratch:
        path.unlink()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record
