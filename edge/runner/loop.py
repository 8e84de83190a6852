"""source -> frame -> preprocess -> backend -> prediction -> result: one after another, or folders on all cores."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ..common.cores import usable_cores
from ..errors import CatdogError, UsageError
from ..inference.classifier import DEFAULT_THREADS, MAX_THREADS, Classifier, Prediction, Timings
from ..inference.smoothing import ScoreSmoother
from ..regions.options import RegionOptions
from ..sources import Change, Frame, Idle, Source, State
from ..sources.pictures import PictureSource
from .judging import Judges, Judging, in_parts, judge
from .motion import MotionGate
from .results import Result
from .transform import Transform

# Nothing of regions is loaded for a single picture.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ..regions.watch import Pet

_ENOUGH = 8  # pictures from which on more cores are worth another copy of the model each
_TRIALS, _WARM_UP, _WORTH_IT = 9, 2, 0.9  # of a thread count; more threads must save a tenth: others may need the core
_NO_TIME = Timings(0.0, 0.0, 0.0)  # of an answer that nobody had to work for
_MOST_WORKERS = 64
_BREATH_S = 1.0  # the longest sleep at a stretch


_AS_THE_COMMAND = RegionOptions()


def _never() -> bool:
    return False


@dataclass(frozen=True)
class RunOptions:
    """How to go about it.

    Attributes:
        max_frames: stop after that many frames; None for no limit.
        max_fps: judge at most so many a second; None for as many as come.
        threshold: score, 0-1, below which an answer is `unsure`.
        smooth_s: time constant of the scores' average, in seconds; 0 for none.
        transform: what is done to each picture first.
        motion_gate: while nothing moves, let the last answer stand.
        regions: where to look beside the whole frame.
        keep_pictures: asked for each picture whether to leave it in the result also where many wait for their turn.
        workers: how many pictures of a folder are judged at once, each by a copy of the model; None for one on every core that
            `threads` leave.
        threads: of one inference; None for the fastest by a short measurement, and in a folder for one on every core.

    Raises:
        UsageError: a value is out of range.
    """

    max_frames: int | None = None
    max_fps: float | None = None
    threshold: float = 0.0
    smooth_s: float = 0.0
    transform: Transform | None = None
    motion_gate: bool = False
    regions: RegionOptions = _AS_THE_COMMAND
    keep_pictures: Callable[[], bool] = _never
    workers: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.max_frames is not None and self.max_frames < 1:
            raise UsageError("--max-frames of at least 1", got=str(self.max_frames), fix="Example: --max-frames 100")
        if self.max_fps is not None and not 0 < self.max_fps <= 1000:
            raise UsageError("--max-fps of more than 0 and at most 1,000", got=str(self.max_fps), fix="Example: --max-fps 5")
        if self.threads is not None and not 1 <= self.threads <= MAX_THREADS:
            raise UsageError(f"1 to {MAX_THREADS} threads", got=str(self.threads), fix="Example: --threads 2")
        if self.workers is not None and not 1 <= self.workers <= _MOST_WORKERS:
            raise UsageError(f"--workers of 1 to {_MOST_WORKERS}", got=str(self.workers), fix="Example: --workers 1")
        ScoreSmoother(self.threshold, self.smooth_s)


def run(
    sources: Iterable[Source],
    load: Callable[[int], Classifier],
    options: RunOptions,
    judging: Callable[[Classifier, RegionOptions], Judges] | None = None,
) -> Iterator[Result | Change | Idle]:
    """Classify the frames of each source in turn.

    Args:
        sources: opened sources.
        load: gives a copy of the model that uses so many threads.
        options: how.
        judging: gives what judges one source's frames in place of the loaded model alone: another model may take its turn
            there. A folder is then not judged on all cores.

    Yields:
        One result per frame, in order, and the changes of state of live sources. A frame that cannot be judged gives a result
        with its error. Where nothing comes for long, or is left out, `Idle`: the loop still turns.

    Raises:
        SourceError: a live source never opened.
        ModelError: the model cannot be used.
    """
    left = options.max_frames
    lead: Classifier | None = None
    for source in sources:
        if judging is None and isinstance(source, PictureSource) and _is_worth_all_cores(source, options, left):
            results: Iterator[Result | Change | Idle] = _on_all_cores(source, load, options)
        else:
            if lead is None:
                few = isinstance(source, PictureSource)
                lead = load(options.threads or DEFAULT_THREADS) if few or options.threads else _fastest(load)
            results = _in_sequence(source, (judging or Judging)(lead, options.regions), options)
        for result in results:
            yield result
            if isinstance(result, Result) and left is not None:
                left -= 1
                if left == 0:
                    return


def _fastest(load: Callable[[int], Classifier]) -> Classifier:
    """Load the model with as many threads as are fastest on this machine, by a short measurement; of equals the fewest."""
    best: tuple[float, Classifier] | None = None
    for threads in (1, 2, 4):
        if threads > usable_cores():
            break
        classifier = load(threads)
        picture = np.zeros((classifier.contract.input.height, classifier.contract.input.width, 3), np.uint8)
        times = [classifier.classify(picture).latency_ms.invoke for _ in range(_TRIALS)]
        middle = sorted(times[_WARM_UP:])[(_TRIALS - _WARM_UP) // 2]
        if best is None or middle < _WORTH_IT * best[0]:
            best = middle, classifier
    if best is None:
        raise ValueError("Expected at least one core. Received: none")
    return best[1]


def judge_alone(frame: Frame, classifier: Classifier, options: RunOptions) -> Result:
    """Judge a picture that has nothing to do with any other, as one of a folder."""
    result = judge(_transformed(frame, options.transform), classifier, in_parts(classifier, options.regions))
    return _smoothed(result, ScoreSmoother(options.threshold))


def _is_worth_all_cores(source: PictureSource, options: RunOptions, left: int | None) -> bool:
    count = len(source) if left is None else min(left, len(source))
    return count >= _ENOUGH and options.max_fps is None


def _in_sequence(source: Source, judging: Judges, options: RunOptions) -> Iterator[Result | Change | Idle]:
    """Judge one frame after another; what belongs together in time is averaged, gated and thinned out by the scene's time."""
    smoother = ScoreSmoother(options.threshold, options.smooth_s)
    unrelated = ScoreSmoother(options.threshold)
    gate = MotionGate() if options.motion_gate else None
    last: Prediction | None = None
    pets: tuple[Pet, ...] | None = None
    pause = 0.0 if options.max_fps is None else 1 / options.max_fps
    due = unrelated_due = float("-inf")  # by the scene's clock; by this machine's
    for given in source.frames():
        if isinstance(given, Idle):
            yield given
            continue
        if isinstance(given, Change):
            smoother.forget()
            last = None
            if given.state in (State.OFFLINE, State.RECOVERING):
                judging.forget()
            yield given
            continue
        if given.scene_s is None:
            if given.picture is not None:  # what is only told need not wait
                yield from _until(unrelated_due, given.source)
                unrelated_due = time.monotonic() + pause
            frame = _transformed(given, options.transform)
            yield from judging.turn(frame)
            yield _smoothed(judging.judge(frame), unrelated)
            continue
        if given.error is None or given.state is not None:  # what a film has lost is told, however few frames are wanted
            if given.scene_s < due:
                yield Idle(given.source)
                continue
            # By the scene's time, and without waiting: a live source must be listened to.
            due = max(due + pause, given.scene_s + pause / 2) if due > float("-inf") else given.scene_s + pause
        frame = _transformed(given, options.transform)
        for news in judging.turn(frame):
            smoother.forget()  # another model may have other labels
            last = None
            yield news
        if gate is not None and frame.picture is not None:
            known = last is not None and judging.is_settled()
            if gate.may_stand(frame.picture, given.scene_s, known=known):
                answer = last._replace(latency_ms=_NO_TIME) if last is not None else None
                age_ms = 1e3 * (time.monotonic() - frame.captured_at)
                yield _smoothed(Result(frame, age_ms, answer, held=True, pets=pets), smoother)
                continue
        result = judging.judge(frame)
        last, pets = result.prediction, result.pets
        yield _smoothed(result, smoother)


def _until(due: float, source: str) -> Iterator[Idle]:
    """Wait, and give a sign of life now and then.

    Args:
        due: until when, seconds, monotonic.
        source: whose frame waits.
    """
    while (left := due - time.monotonic()) > 0:
        time.sleep(min(left, _BREATH_S))
        yield Idle(source)


def _on_all_cores(source: PictureSource, load: Callable[[int], Classifier], options: RunOptions) -> Iterator[Result]:
    """Read and judge pictures in as many threads as there are cores, each with a copy of the model; results in order."""
    from ..common.parallel import in_order  # loads what a single picture does not need

    threads = options.threads or 1
    smoother = ScoreSmoother(options.threshold)
    idle = deque([load(threads)])  # here, where trouble with the model is told at once

    def work(read: Callable[[], Frame]) -> Result:
        """Read and judge a picture with a copy of the model that no other thread uses meanwhile."""
        try:
            mine = idle.pop()
        except IndexError:
            mine = load(threads)
        try:
            result = judge(_transformed(read(), options.transform), mine, in_parts(mine, options.regions))
            # Large ones would fill the memory while they wait.
            return result if options.keep_pictures() else result._replace(frame=result.frame._replace(picture=None))
        finally:
            idle.append(mine)

    for result in in_order(work, source.readers(), options.workers or max(1, usable_cores() // threads)):
        yield _smoothed(result, smoother)


def _transformed(frame: Frame, transform: Transform | None) -> Frame:
    if transform is None or frame.picture is None:
        return frame
    try:
        return frame._replace(picture=transform(frame.picture))
    except CatdogError as error:
        return frame._replace(picture=None, error=error.with_traceback(None))


def _smoothed(result: Result, smoother: ScoreSmoother) -> Result:
    if result.prediction is None:
        smoother.forget()
        return result
    pets = None if result.pets is None else tuple(pet for pet in result.pets if pet.score >= smoother.threshold)
    return result._replace(prediction=smoother(result.prediction, result.frame.scene_s or 0.0), pets=pets)
