"""Tables of a FlatBuffers file, read one field at a time, with every offset checked.

The generated classes of ai-edge-litert would do for TFLite's schema, but importing them takes longer than the first answer; for
that of the metadata there are none. Source of the layout: flatbuffers.dev, "FlatBuffers internals".
"""

import struct
from collections.abc import Iterator

import numpy as np


class Table:
    """A table, at its place in the bytes of a file.

    Fields are asked for by their numbers in the schema; one that is not there gives its default.

    Raises:
        struct.error, ValueError: an offset leads out of the file, of every method.
    """

    def __init__(self, data: bytes, position: int) -> None:
        self._data, self._position = data, position
        (back,) = struct.unpack_from("<i", data, position)
        self._fields = position - back
        if self._fields < 0:
            raise ValueError("a table's fields before the file")
        (self._size,) = struct.unpack_from("<H", data, self._fields)

    @classmethod
    def root(cls, data: bytes) -> "Table":
        """Return the table that a file begins with."""
        return cls(data, struct.unpack_from("<I", data, 0)[0])

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """Return a number; `kind` is struct's letter for it."""
        place = self._place(field)
        return default if place is None else int(struct.unpack_from(f"<{kind}", self._data, place)[0])

    def table(self, field: int) -> "Table | None":
        """Return a table, or what a union holds."""
        place = self._target(field)
        return None if place is None else Table(self._data, place)

    def tables(self, field: int) -> "Iterator[Table]":
        """Give the tables of a vector."""
        start, count = self._vector(field, 4)
        for place in range(start, start + 4 * count, 4):
            yield Table(self._data, place + struct.unpack_from("<I", self._data, place)[0])

    def text(self, field: int) -> str:
        """Return a text; empty where there is none."""
        return self.bytes(field).decode("utf-8", "replace")

    def bytes(self, field: int) -> bytes:
        """Return a vector of bytes."""
        start, count = self._vector(field, 1)
        return self._data[start : start + count]

    def numbers(self, field: int, dtype: str) -> list[float]:
        """Return a vector of numbers; `dtype` is NumPy's name for them, such as ``"<i4"``."""
        start, count = self._vector(field, np.dtype(dtype).itemsize)
        return list(np.frombuffer(self._data, dtype, count, start).tolist()) if count else []

    def _place(self, field: int) -> int | None:
        slot = 4 + 2 * field
        if slot + 2 > self._size:
            return None
        (offset,) = struct.unpack_from("<H", self._data, self._fields + slot)
        return self._position + offset if offset else None

    def _target(self, field: int) -> int | None:
        place = self._place(field)
        return None if place is None else int(place + struct.unpack_from("<I", self._data, place)[0])

    def _vector(self, field: int, width: int) -> tuple[int, int]:
        place = self._target(field)
        if place is None:
            return 0, 0
        (count,) = struct.unpack_from("<I", self._data, place)
        if place + 4 + width * count > len(self._data):
            raise ValueError("a vector that ends behind the file")
        return place + 4, count
