"""Folders of images, each in a file of its own, decoded when asked for, or once."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import json
import math
import os
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from .._common.progress import Progress
from .._common.threads import n_threads
from .._types import Array
from ._cache import CacheFile
from ._paths import as_folder, as_path, missing
from ._pixels import Size, checked_channels, checked_size, decode, need_pillow
from ._split import Split

_VERSION = 1  # of what `decode` makes of a file: another one makes every cache stale
_A_TASK = 1 << 20  # bytes of decoded images
_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
_MEMORY = "memory"


class Reading(NamedTuple):
    """How image files are read: what the functions that open them are asked for, checked.

    Attributes
    ----------
    shape : tuple of int
        (c, h, w) of the images as they are trained on.
    crop : tuple of int or None
        As in `decode`.
    cache : str or None
        None: decode at every access. "memory": keep what was decoded, in each process. Else a
        folder: decode everything at the first access, once for all processes and runs.
    """

    shape: tuple[int, int, int]
    crop: Size | None
    cache: str | None

    @classmethod
    def of(cls, size: object, channels: object, crop: object, cache: Any) -> Reading:
        """Check the arguments, and that there is Pillow to read with.

        Raises
        ------
        ImportError, ValueError, TypeError
            As `image_folder`.
        """
        need_pillow()
        shape = (checked_channels(channels), *checked_size(size))
        part = None if crop is None else checked_size(crop, "crop")
        return cls(shape, part, _checked_cache(cache))


class ImageFiles:
    """A `Source` over image files.

    Parameters
    ----------
    title : str
        What the data set is called in the name of its cache file.
    root : str
        The folder.
    names : sequence of str
        Of the files, from there.
    reading : Reading
        How.
    """

    def __init__(self, title: str, root: str, names: Sequence[str], reading: Reading) -> None:
        self._title, self._root, self._names = title, root, tuple(names)
        self.shape = (len(self._names), *reading.shape)
        self._crop, self._cache = reading.crop, reading.cache
        self._kept: Array | None = None  # decoded so far, cache="memory"
        self._has = np.zeros(0, bool)
        self._file: CacheFile | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": None, "_has": np.zeros(0, bool), "_file": None}

    def read(self, number: int) -> Array:
        """See `Source.read`."""
        if self._cache is None:
            return self._decode(number)
        if self._cache == _MEMORY:
            kept = self._room()
            if not self._has[number]:
                kept[number] = self._decode(number)
                self._has[number] = True
            image: Array = kept[number]
            return image
        return self._on_disk(self._cache).read(number)

    def whole(self) -> Array:
        """See `Source.whole`."""
        if self._cache is not None and self._cache != _MEMORY:
            return self._on_disk(self._cache).whole()
        in_memory = self._cache == _MEMORY
        images = self._room() if in_memory else np.empty(self.shape, np.uint8)
        wanted = np.flatnonzero(~self._has) if in_memory else np.arange(len(images))
        with contextlib.closing(self._decoded(wanted)) as decoded:
            for number, image in zip(wanted, decoded, strict=True):
                images[number] = image
                if in_memory:
                    self._has[number] = True
        shared = images.view()
        shared.flags.writeable = False
        return shared

    def _room(self) -> Array:
        if self._kept is None:
            self._has = np.zeros(len(self._names), bool)
            self._kept = np.zeros(self.shape, np.uint8)  # pages come as they are written
        return self._kept

    def _decode(self, number: int) -> Array:
        path = os.path.join(self._root, self._names[number])
        return decode(path, number, self.shape[1:], self._crop)

    def _decoded(self, numbers: Array) -> Generator[Array, None, None]:
        """Decode images on all cores, in order, a few tasks ahead: memory stays small."""
        threads = n_threads(-1, len(numbers) << 20)
        some = max(1, min(64, _A_TASK // math.prod(self.shape[1:])))
        tasks = iter([numbers[i : i + some] for i in range(0, len(numbers), some)])
        stop = threading.Event()  # Ctrl-C waits for an image at most, not for a task
        pool = ThreadPoolExecutor(threads)  # Pillow decodes without holding the interpreter
        running: collections.deque[Future[list[Array]]] = collections.deque()
        try:
            with Progress(None, len(numbers), f"decoding {self._title}", "image") as progress:
                while True:
                    while len(running) < 2 * threads and (task := next(tasks, None)) is not None:
                        running.append(pool.submit(self._decode_some, task, stop))
                    if not running:
                        return
                    images = running.popleft().result()
                    progress.advance(len(images), len(images))
                    yield from images
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _decode_some(self, numbers: Array, stop: threading.Event) -> list[Array]:
        return [self._decode(int(number)) for number in numbers if not stop.is_set()]

    def _on_disk(self, folder: str) -> CacheFile:
        if self._file is None:
            place, key = self._place_and_key()
            self._file = CacheFile(
                folder, place, key, self.shape, lambda: self._decoded(np.arange(len(self._names)))
            )
        return self._file

    def _place_and_key(self) -> tuple[str, str]:
        """Return the name of the cache file, and what tells a stale one from a good one."""
        c, h, w = self.shape[1:]
        setting = [_VERSION, os.path.realpath(self._root), self.shape[1:], self._crop]
        place = f"{self._title}-{c}x{h}x{w}-{_digest(setting)[:8]}"
        files = []
        for name in self._names:
            status = os.stat(os.path.join(self._root, name))
            files.append((name, status.st_size, status.st_mtime_ns))
        return place, _digest(files)[:16]


def _digest(value: object) -> str:
    text = json.dumps(value, separators=(",", ":"))  # ASCII, whatever the names are
    return hashlib.sha256(text.encode()).hexdigest()


def listed(root: str) -> list[str]:
    """Return the names of all image files below a folder, from there, in the order of the names.

    Hidden files (also those that macOS puts into archives) and other kinds of files are left out.
    """
    found = []
    for folder, folders, files in os.walk(root, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if _is_image(name):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def _is_image(name: str) -> bool:
    """Tell from the name whether a file is an image that is not hidden."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in _ENDINGS


def _raise(error: OSError) -> None:
    raise error


def _checked_cache(cache: Any) -> str | None:
    """Return None, "memory", or the path of a folder."""
    if cache is None:
        return None
    if cache == _MEMORY:
        return _MEMORY
    folder = as_path(cache, "cache")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise ValueError(
            f"cache is {folder!r}, which is a file; accepted are None, 'memory' and a folder"
        )
    return folder


def image_folder(
    path: str | os.PathLike[str],
    size: Any,
    *,
    labels: str | None = None,
    channels: int = 3,
    crop: Any = None,
    cache: str | os.PathLike[str] | None = None,
) -> Split:
    """Open all images in a folder and the folders in it.

    Parameters
    ----------
    path : path-like
        The folder. Files with other endings than .jpg, .jpeg, .png, .bmp, .gif, .webp, .tif,
        .tiff, .pgm and .ppm are left out, and so are hidden ones and linked folders.
    size : int or (int, int)
        Height and width of the images as they are trained on, in pixels; one number for both.
    labels : "folder" or None, default=None
        "folder": the folder right below `path` is the class; classes are numbered in the order of
        their names. None: no labels.
    channels : {3, 1}, default=3
        Colour or grey.
    crop : int, (int, int) or None, default=None
        Height and width of the middle that is cut out before resizing; None for the largest with
        the proportions of `size`.
    cache : None, "memory" or path-like, default=None
        None: images are decoded at every access. "memory": each process keeps what it has decoded
        at this size. A folder: the first access decodes all images into a file there, which later
        runs and all workers of a DataLoader map; it is written anew when names, sizes or dates of
        the images change, or it is damaged.

    Returns
    -------
    split : Split
        In the order of the names; `partition` splits it. No image is decoded yet.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If there is no such folder or it has no images, saying what it holds.
    ValueError, TypeError
        For an argument out of range or of another type, and for labels="folder" with images that
        lie in no folder.
    """
    reading = Reading.of(size, channels, crop, cache)
    if labels not in (None, "folder"):
        kind = ValueError if isinstance(labels, str) else TypeError
        raise kind(f"labels is {labels!r}; accepted are 'folder' and None")
    root = as_folder(path, "images")
    names = listed(root)
    if not names:
        raise missing(root, "there are no images", [f"files in *{ending}" for ending in _ENDINGS])
    numbers: Array | None = None
    classes: tuple[str, ...] = ()
    if labels == "folder":
        for name in names:
            if os.sep not in name:
                raise ValueError(
                    f"{name!r} lies in no folder below {root!r}; expected one for every class, or "
                    "labels=None"
                )
        numbers, classes = numbered(names)
    title = os.path.basename(os.path.realpath(root)) or "images"
    return Split(ImageFiles(title, root, names, reading), numbers, classes)


def numbered(names: list[str]) -> tuple[Array, tuple[str, ...]]:
    """Return the number of the first folder in every name, and the names of those folders.

    They are numbered in the order of their names, and of numbers where all are: 2 before 10.
    """
    folders = [name.split(os.sep)[0] for name in names]
    different = set(folders)
    if all(folder.isascii() and folder.isdecimal() for folder in different):
        classes = tuple(sorted(different, key=lambda folder: (int(folder), folder)))
    else:
        classes = tuple(sorted(different))
    number = {folder: i for i, folder in enumerate(classes)}
    return np.array([number[folder] for folder in folders], np.int64), classes
