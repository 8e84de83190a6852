"""Frames from one process to another without copying: a few slots of shared memory, of which the newest whole one counts.

The writer never writes into the slot that it published last, nor into the one that the reader says it is reading. Between the
reader's choice and its saying so the writer may have begun anew there; each slot's stamp tells.
"""

import contextlib
import mmap
import os
import struct

import numpy as np
from numpy.typing import NDArray

SLOTS = 4
LARGEST_FRAME = 64 * 1024 * 1024  # bytes a slot; only pages that are written exist
_HEADER = 4096
_READING = 0  # where the reader says which slot it reads
_STAMPS = 8  # where the stamps begin, 8 bytes each
_NOBODY = 255


class Ring:
    """Both ends of the shared memory.

    Args:
        descriptor: of the memory; None makes it anew.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        size = _HEADER + SLOTS * LARGEST_FRAME
        made = descriptor is None
        self.descriptor = os.memfd_create("catdog-frames") if descriptor is None else descriptor
        if made:
            os.ftruncate(self.descriptor, size)
        self._memory = mmap.mmap(self.descriptor, size)
        if made:
            self._memory[_READING] = _NOBODY
        self._latest = -1
        self._count = 0

    def write(self, picture: NDArray[np.uint8]) -> tuple[int, int]:
        """Copy a picture into a free slot.

        Returns:
            The slot and its stamp, for `read`.

        Raises:
            ValueError: it is larger than a slot.
        """
        if picture.nbytes > LARGEST_FRAME:
            raise ValueError(f"Expected a frame of at most {LARGEST_FRAME} bytes. Received: {picture.nbytes}")
        taken = {self._latest, self._memory[_READING]}
        slot = next(slot for slot in range(SLOTS) if slot not in taken)
        self._stamp(slot, 0)
        start = _HEADER + slot * LARGEST_FRAME
        target = np.frombuffer(self._memory, np.uint8, picture.nbytes, start).reshape(picture.shape)
        np.copyto(target, picture)
        self._count += 1
        self._stamp(slot, self._count)
        self._latest = slot
        return slot, self._count

    def read(self, slot: int, stamp: int, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
        """Return a view of a slot, which stays as it is until the next `read`; None if the slot holds another frame by now."""
        self._memory[_READING] = slot
        if struct.unpack_from("<Q", self._memory, _STAMPS + 8 * slot)[0] != stamp:
            return None
        size = int(np.prod(shape))
        if size > LARGEST_FRAME or not 0 <= slot < SLOTS:
            return None
        return np.frombuffer(self._memory, np.uint8, size, _HEADER + slot * LARGEST_FRAME).reshape(shape)

    def close(self) -> None:
        """Release the memory; views that are still in use keep it alive until they are gone."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
            with contextlib.suppress(BufferError):  # a view is in use
                self._memory.close()

    def _stamp(self, slot: int, stamp: int) -> None:
        struct.pack_into("<Q", self._memory, _STAMPS + 8 * slot, stamp)
