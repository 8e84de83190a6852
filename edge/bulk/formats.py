"""Results as Parquet or JSON lines: the fields of `catdog.edge.runner.results`, whichever it is.

May import: pyarrow, where Parquet is written.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.files import printable
from ..errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

_TIMES = ("capture", "decode", "preprocess", "invoke")
_ROWS = 10_000  # of a group within a file


@dataclass(frozen=True)
class Format:
    """A way to write results.

    Attributes:
        name: its name.
        suffix: of its files.
        encode: makes the bytes of a file from JSON lines, as `Result.to_json` gives them, and the model's labels.
        join: makes one file's bytes of several's.
    """

    name: str
    suffix: str
    encode: Callable[[Sequence[str], Sequence[str]], bytes]
    join: Callable[[Sequence[bytes]], bytes]


def by_suffix(output: Path) -> Format:
    """Return the format of a path.

    Raises:
        UsageError: its suffix is none's.
    """
    for each in FORMATS.values():
        if output.suffix.lower() == each.suffix:
            return each
    suffixes = " or ".join(each.suffix for each in FORMATS.values())
    raise UsageError(f"--output with {suffixes}", got=str(output), fix="Example: --output results.parquet")


def schema(labels: Sequence[str]) -> "pa.Schema":
    """Return the Parquet schema: the fields of a JSON line.

    Args:
        labels: of the model's scores, each a field of its own.
    """
    import pyarrow as pa

    number = pa.float64()
    pet = pa.struct([("label", pa.string()), ("score", number), ("box", pa.list_(pa.int64()))])
    return pa.schema(
        [
            ("source", pa.string()),
            ("frame", pa.int64()),
            ("label", pa.string()),
            ("score", number),
            ("scores", pa.struct([(label, number) for label in labels])),
            ("age_ms", number),
            ("latency_ms", pa.struct([(name, number) for name in _TIMES])),
            ("pets", pa.list_(pet)),
            ("error", pa.string()),
        ]
    )


def _parquet(lines: Sequence[str], labels: Sequence[str]) -> bytes:
    import pyarrow as pa

    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for row in rows:
        row["source"] = printable(row["source"])
        if "error" in row:
            row["error"] = printable(row["error"])
    return _written(pa.Table.from_pylist(rows, schema(labels)))


def _joined_parquet(parts: Sequence[bytes]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return _written(pa.concat_tables(pq.read_table(io.BytesIO(part)) for part in parts))


def _written(table: "pa.Table") -> bytes:
    import pyarrow.parquet as pq

    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd", row_group_size=_ROWS)
    return file.getvalue()


def _json_lines(lines: Sequence[str], _: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


FORMATS = {
    each.name: each
    for each in (Format("parquet", ".parquet", _parquet, _joined_parquet), Format("jsonl", ".jsonl", _json_lines, b"".join))
}
