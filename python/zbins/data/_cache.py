"""Decoded images in one file: an .npy array of bytes, with a checksum of each image after it.

`numpy.load` reads it too. It is written by one process while the others wait, appears whole or not
at all, and is mapped, so that all processes share its memory.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
import zlib
from collections.abc import Callable, Generator, Iterator

import numpy as np

from .._io.atomic import atomic_file
from .._types import Array

try:
    import fcntl
except ImportError:  # not POSIX: then several processes may write the same file; the last one stays
    fcntl = None  # type: ignore[assignment]


class CacheFile:
    """The cache of one set of images at one size.

    Parameters
    ----------
    folder : str
        Where it lies; made if it is not there.
    place : str
        What its name begins with: the set and the size.
    key : str
        What its name ends with: the state of the files. Others of this place are stale.
    shape : tuple of int
        (n, c, h, w).
    decoded : callable
        Gives all images in order, when the file has to be written.
    """

    def __init__(
        self,
        folder: str,
        place: str,
        key: str,
        shape: tuple[int, int, int, int],
        decoded: Callable[[], Generator[Array, None, None]],
    ) -> None:
        self._folder, self._place, self._key = folder, place, key
        self._path = os.path.join(folder, f"{place}-{key}.npy")
        self._shape, self._decoded = shape, decoded
        self._header = _npy_header(shape)
        self._images: Array | None = None
        self._sums = np.zeros(0, np.uint32)
        self._all_good = False

    def read(self, number: int) -> Array:
        """Return one image, checked."""
        images = self._mapped()
        if not self._good(images, number):
            images = self._rebuilt()
        image: Array = images[number]
        return image

    def whole(self) -> Array:
        """Return all images, checked once in a process, and mapped."""
        images = self._mapped()
        if not self._all_good:
            if not all(self._good(images, number) for number in range(len(images))):
                images = self._rebuilt()
            self._all_good = True
        return images

    def _good(self, images: Array, number: int) -> bool:
        return zlib.crc32(images[number].data) == int(self._sums[number])

    def _mapped(self) -> Array:
        """Map the file, writing it first if it is not there or its size or header is not right."""
        if self._images is None:
            os.makedirs(self._folder, exist_ok=True)
            if not self._map():
                with _alone_in(self._folder):
                    if not self._map():  # nobody wrote it while this process waited
                        self._write()
                        if not self._map():
                            raise OSError(errno.EIO, "the cache changed as written", self._path)
            assert self._images is not None
        return self._images

    def _rebuilt(self) -> Array:
        """Write the file anew, since an image in it is damaged."""
        with _alone_in(self._folder):
            # Another process may have found the same, and written it by now.
            if not (self._map() and self._all_good_now()):
                self._write()
        self._images = None
        return self._mapped()

    def _all_good_now(self) -> bool:
        assert self._images is not None
        return all(self._good(self._images, number) for number in range(len(self._images)))

    def _map(self) -> bool:
        """Map the file if it is there and whole, and tell whether it was."""
        n = self._shape[0]
        if n == 0:
            self._images = np.empty(self._shape, np.uint8)
            return True
        nbytes = int(np.prod(self._shape, dtype=object))
        try:
            with open(self._path, "rb") as file:
                if os.fstat(file.fileno()).st_size != len(self._header) + nbytes + 4 * n + 4:
                    return False
                if file.read(len(self._header)) != self._header:
                    return False
                file.seek(nbytes, os.SEEK_CUR)
                table = file.read(4 * n)
                if file.read() != _sum(table):
                    return False
                self._images = np.memmap(
                    file, np.uint8, "r", offset=len(self._header), shape=self._shape
                )
        except FileNotFoundError:
            return False
        self._sums = np.frombuffer(table, "<u4")
        return True

    def _write(self) -> None:
        needed = len(self._header) + int(np.prod(self._shape, dtype=object))
        free = shutil.disk_usage(self._folder).free
        if free < needed:
            raise OSError(
                errno.ENOSPC, f"the cache needs {needed:,} bytes; {free:,} are free", self._folder
            )
        with atomic_file(self._path) as file:
            file.write(self._header)
            sums = []
            with contextlib.closing(self._decoded()) as images:  # a full disk ends it too
                for image in images:
                    sums.append(zlib.crc32(image.data))
                    file.write(image.data)
            table = np.array(sums, "<u4").tobytes()
            file.write(table + _sum(table))
        stale = re.compile(re.escape(self._place) + r"-[0-9a-f]{16}\.npy")
        for name in os.listdir(self._folder):
            if stale.fullmatch(name) and name != os.path.basename(self._path):
                with contextlib.suppress(OSError):  # mapped on Windows
                    os.unlink(os.path.join(self._folder, name))


def _sum(table: bytes) -> bytes:
    return zlib.crc32(table).to_bytes(4, "little")


def _npy_header(shape: tuple[int, int, int, int]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()


@contextlib.contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """Hold the lock of a cache folder, which the system takes away with the process.

    Where the file system has no locks, nobody waits: the file is then written twice, and the same.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
