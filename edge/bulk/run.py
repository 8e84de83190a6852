"""From pictures to results: shards given out to workers, those of dead workers given out again in smaller parts.

Ray Data keeps the workers: it starts them, gives each its next piece while it is at the one before, and has a dead one begin
anew. A piece whose worker dies is not tried again at once: nobody knows whether the machine or a picture was the cause. It
comes in the next pass in an eighth of its size, and so on until the pictures that end every worker are alone; these become rows
with an error, like those that cannot be decoded.

May import: Ray, where it is used.
"""

import logging
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ClusterError
from .cluster import nodes
from .job import Answer, Job, Piece, as_error, names_to_bytes
from .judging import Judge, answers_of, crashed
from .output import Output

# Pictures of a shard, and how many shards there are in between: larger ones cost Ray less, smaller ones lose less at a death.
SMALLEST_SHARD, LARGEST_SHARD, _SHARDS = 64, 1024, 64
_TAIL, _SMALLER = 8, 4  # so many shards' pictures come last, in smaller ones: a worker without any waits for the others
_PARTS = 8  # of a piece that was lost
_ALONE = 2  # times that a worker dies with a picture alone before the picture is taken to be why
_STARTS = 8  # workers in a row that may die while they start: their machine may go just then
_HOPELESS = 8  # pieces of which not one came back: it is not the pictures


@dataclass
class Outcome:
    """What a run came to; of all shards that it did itself."""

    pictures: int = 0
    failed: int = 0
    code: int = 0  # exit code of the first failure
    counts: Counter[str] = field(default_factory=Counter)
    computes: set[str] = field(default_factory=set)  # kinds of machine and versions that have computed


def shard_size(pictures: int) -> int:
    """Return how many pictures a shard has, but the last ones.

    It is decided by their number alone, so that a resumed run divides them as the first did.
    """
    return min(LARGEST_SHARD, max(SMALLEST_SHARD, -(-pictures // _SHARDS)))


def shards(names: Sequence[str]) -> list[Piece]:
    """Divide pictures into shards, in their order; the last eighth, or less of very many, into smaller ones."""
    size = shard_size(len(names))
    tail = len(names) - min(_TAIL * size, len(names) // _TAIL)
    starts = [*range(0, tail, size), *range(tail, len(names), size // _SMALLER)]
    ends = [*starts[1:], len(names)]
    return [Piece(number, 0, names[start:end]) for number, (start, end) in enumerate(zip(starts, ends, strict=True))]


def classify_all(
    job: Job,
    pieces: Sequence[Piece],
    output: Output,
    labels: tuple[str, ...],
    say: Callable[[str], None],
    step: Callable[[int], object],
) -> Outcome:
    """Judge shards on a cluster that is connected, and write the results of each as it is done.

    Args:
        job: what is the same for all pictures.
        pieces: whole shards.
        output: where results go.
        labels: of the model.
        say: gets a line on pictures that failed and on workers that died.
        step: told how many more pictures are done.

    Raises:
        ClusterError: no machine is left, or workers die whatever they are given.
        CatdogError: the model cannot be used on a machine, or results cannot be written.
    """
    taker = _Taker(pieces, output, say, step)
    waiting = list(pieces)
    while waiting:
        lost = _one_pass(job, waiting, taker.take)
        if len(lost) == len(waiting) >= _HOPELESS:
            got = f"{len(lost)} of {len(lost)} pieces with which workers died"
            raise ClusterError("workers that live", got=got, fix="Try one picture there: catdog-edge PICTURE")
        if lost:
            say(f"{len(lost):,} of {len(waiting):,} pieces were lost with their workers; they are done again, in smaller parts")
        waiting = []
        for piece in lost:
            if len(piece.names) > 1:
                waiting += piece.parts(_PARTS)
            elif piece.lost + 1 < _ALONE:
                waiting.append(piece._replace(lost=piece.lost + 1))
            else:
                taker.take(crashed(piece, job, labels))
    return taker.outcome


class _Taker:
    """Takes answers in any order, and writes a shard when all of its are there."""

    def __init__(
        self, pieces: Sequence[Piece], output: Output, say: Callable[[str], None], step: Callable[[int], object]
    ) -> None:
        self.outcome = Outcome()
        self._sizes = {piece.shard: len(piece.names) for piece in pieces}
        self._parts: dict[int, dict[int, Answer]] = defaultdict(dict)
        self._output, self._say, self._step = output, say, step

    def take(self, answer: Answer) -> None:
        self._count(answer)
        parts = self._parts[answer.shard]
        parts[answer.start] = answer
        if sum(part.pictures for part in parts.values()) == self._sizes[answer.shard]:
            self._output.write(answer.shard, (parts[start].data for start in sorted(parts)))
            del self._parts[answer.shard]
        self._step(answer.pictures)

    def _count(self, answer: Answer) -> None:
        for error in answer.said:
            self._say(error)
        if answer.failed > len(answer.said):
            more = answer.failed - len(answer.said)
            self._say(f"{more:,} more pictures there that could not be judged: they are in the results")
        outcome = self.outcome
        outcome.pictures += answer.pictures
        outcome.failed += answer.failed
        outcome.code = outcome.code or answer.code
        outcome.counts.update(answer.counts)
        if answer.where:
            outcome.computes.add(answer.where["computes"])


def _one_pass(job: Job, pieces: Sequence[Piece], take: Callable[[Answer], None]) -> list[Piece]:
    """Give out pieces once; return those that did not come back."""
    left = {(piece.shard, piece.start): piece for piece in pieces}
    for answer in _answers(job, pieces):
        if answer.trouble is not None:
            raise as_error(answer.trouble)
        if left.pop((answer.shard, answer.start), None) is not None:
            take(answer)
    return list(left.values())


def _answers(job: Job, pieces: Sequence[Piece]) -> Iterator[Answer]:
    import ray.data

    workers = sum(node.cores // job.threads for node in nodes())
    if not workers:
        raise ClusterError(f"a machine with {job.threads} cores", got="none that is alive", fix="Use fewer --threads.")
    context = ray.data.DataContext.get_current()
    context.max_errored_blocks = -1  # a piece that is lost is missed in what comes back
    context.max_consecutive_actor_init_deaths = _STARTS
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Alone, a picture must not die with the one before it in the queue.
    ahead = 1 if any(len(piece.names) == 1 for piece in pieces) else 2
    rows: list[dict[str, Any]] = [
        {"shard": piece.shard, "start": piece.start, "names": names_to_bytes(piece.names)} for piece in pieces
    ]
    # Ray has announced that these options will go, and named nothing that takes their place.
    warnings.filterwarnings("ignore", message=".*ray_remote_args_fn", category=DeprecationWarning)
    answered = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        Judge,
        fn_constructor_args=(job,),
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(rows)), max_tasks_in_flight_per_actor=ahead),
        num_cpus=job.threads,
        ray_remote_args_fn=_again_but_not_the_piece,
    )
    for table in answered.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
        yield from answers_of(table)


def _again_but_not_the_piece() -> dict[str, Any]:
    return {"max_restarts": -1, "max_task_retries": 0}


class Pace:
    """Pictures a second since the run began, for the line of progress."""

    def __init__(self) -> None:
        self._begun, self._done = time.monotonic(), 0

    def after(self, pictures: int) -> str:
        """Say it, after so many more."""
        self._done += pictures
        return f"{self._done / max(1e-9, time.monotonic() - self._begun):,.1f} pictures/s"
