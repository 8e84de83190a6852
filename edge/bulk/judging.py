"""A worker: one model in a process of its own, which Ray keeps and gives one piece after another.

May import: OpenCV, pyarrow; of this package what a worker is told and what it reads.
"""

import os
import platform
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from ..common.installation import own_version
from ..contract.artifact import parse_model
from ..errors import CatdogError, ClusterError, UnreadableInputError
from ..inference.classifier import Classifier
from ..pictures.decode import silence_opencv
from ..runner.loop import judge_alone
from ..runner.results import Result
from ..sources import Frame
from .formats import FORMATS
from .job import Answer, Job, Piece, names_from_bytes, told
from .reading import frames

if TYPE_CHECKING:
    import pyarrow as pa

_SAID = 3  # errors of a piece that are told; all are in the results


class Judge:
    """What `map_batches` makes once in each worker.

    Trouble that is not about a picture is answered, not raised: what is raised looks to Ray like a death of the worker, and a
    death is taken to be a picture's doing.

    Args:
        job: what is the same for all pictures.
    """

    def __init__(self, job: Job) -> None:
        self._job, self._trouble = job, None
        cv2.setNumThreads(job.threads)  # the other cores have workers of their own
        silence_opencv()
        try:
            _check(job)
            file = parse_model(job.model, Path(job.model_name))
            self._model = Classifier.of_file(file, claims=job.claims, backend=job.backend, threads=job.threads)
            self._where = _where(self._model)
        except CatdogError as error:
            self._trouble = told(error)

    def __call__(self, batch: "pa.Table") -> "pa.Table":
        """Judge the pieces of a batch; see `as_table` for the columns."""
        answers = [self._answer(Piece(*row)) for row in _pieces(batch)]
        return as_table(answers)

    def _answer(self, piece: Piece) -> Answer:
        if self._trouble is not None:
            return _troubled(piece, self._trouble)
        try:
            return self._judged(piece)
        except CatdogError as error:
            return _troubled(piece, told(error))
        except Exception as error:  # noqa: BLE001 - the end of this process' part; the driver tells of it
            last = traceback.extract_tb(error.__traceback__)[-1]
            got = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
            return _troubled(piece, told(ClusterError("a worker without a fault", got=got, fix="Please report it.")))

    def _judged(self, piece: Piece) -> Answer:
        lines: list[str] = []
        said: list[str] = []
        code, failed, counts = 0, 0, Counter[str]()
        for result in self._results(piece):
            lines.append(result.to_json())
            if result.prediction is not None:
                counts[result.prediction.label] += 1
                continue
            failed += 1
            if result.error is not None:
                code = code or result.error.exit_code
                said += [str(result.error)] if len(said) < _SAID else []
        data = FORMATS[self._job.format].encode(lines, self._model.contract.labels)
        return Answer(piece.shard, piece.start, len(lines), data, failed, code, said, dict(counts), self._where)

    def _results(self, piece: Piece) -> Iterator[Result]:
        for frame in frames(piece.names, self._job.base):
            yield judge_alone(frame, self._model, self._job.options)


def crashed(piece: Piece, job: Job, labels: tuple[str, ...]) -> Answer:
    """Answer for a picture with which every worker dies."""
    name = piece.names[0]
    error = UnreadableInputError(
        "a picture that can be judged",
        got=f"{name}, with which the process that judges it ends, alone and more than once",
        fix="Leave it out, and please report it.",
    )
    line = Result(Frame(name, 0, 0.0, 0.0, 0.0, error=error), 0.0, error=error).to_json()
    data = FORMATS[job.format].encode([line], labels)
    return Answer(piece.shard, piece.start, 1, data, 1, error.exit_code, [str(error)], {}, {})


def as_table(answers: list[Answer]) -> "pa.Table":
    """Return answers as they travel: a row each, ``data`` in bytes and the rest as Arrow has it."""
    import json

    import pyarrow as pa

    rest = [json.dumps(answer._replace(data=b"")._asdict(), default=lambda _: "") for answer in answers]
    return pa.table({"data": pa.array([answer.data for answer in answers], pa.large_binary()), "rest": rest})


def answers_of(table: "pa.Table") -> Iterator[Answer]:
    """Give what `as_table` was given."""
    import json

    for data, rest in zip(table["data"], table["rest"], strict=True):
        yield Answer(**json.loads(rest.as_py()) | {"data": data.as_py()})


def _pieces(batch: "pa.Table") -> Iterator[tuple[int, int, list[str]]]:
    for row in batch.to_pylist():
        yield row["shard"], row["start"], names_from_bytes(row["names"])


def _troubled(piece: Piece, trouble: dict[str, str]) -> Answer:
    return Answer(piece.shard, piece.start, len(piece.names), b"", 0, 0, (), {}, {}, trouble)


def _check(job: Job) -> None:
    """Refuse to work where another catdog is installed, or the pictures are not to be seen.

    Raises:
        ClusterError: it is so.
    """
    here = own_version()
    if here != job.version:
        raise ClusterError(
            f"catdog {job.version} on every machine",
            got=f"catdog {here} on {platform.node()}",
            fix="Install the same everywhere.",
        )
    if job.seen is not None and not os.path.lexists(os.path.join(job.base, job.seen)):  # noqa: PTH118 - base may be empty
        raise ClusterError(
            "every machine to see the pictures",
            got=f"{platform.node()}, where there is no {job.seen}",
            fix="Put them on a file system that all machines share under the same path, or into a bucket: s3://bucket/photos",
        )


def _where(model: Classifier) -> dict[str, str]:
    computes = f"{platform.machine()}, OpenCV {cv2.__version__}, {model.backend_name}"
    return {"machine": platform.node(), "computes": computes}
