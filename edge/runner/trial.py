"""Between two frames: another model is tried beside the one in use, takes its place, or is given up."""

import time
from collections.abc import Iterator
from functools import partial

from ..errors import CatdogError
from ..inference.classifier import Classifier, Prediction
from ..regions.options import RegionOptions
from ..sources import Change, Frame, InUse, State
from .comparison import Comparison
from .judging import Judging
from .results import Result
from .swapping import Loaded, Refusal, Swapping

KEPT_S = 60.0  # for which the model from before stays loaded, to answer where the new one fails


class SwappingJudging:
    """Judges the frames of a source by the model that the store says; every frame gets an answer.

    Args:
        swapping: knows which model is in use, and which is to be.
        classifier: the model that was loaded first.
        options: where to look beside the whole frame.
    """

    def __init__(self, swapping: Swapping, classifier: Classifier, options: RegionOptions) -> None:
        self._swapping, self._options = swapping, options
        self._in_use = swapping.begin(classifier)
        self._judging = Judging(self._in_use.classifier, options)
        self._trial: _Trial | None = None
        self._before: tuple[Loaded, Judging] | None = None
        self._kept_until = 0.0
        self._failed: Refusal | None = None

    def turn(self, frame: Frame) -> tuple[Change, ...]:
        """Swap, if it is time to; return what is to be told of it."""
        if frame.picture is None:
            return ()
        return tuple(
            Change(frame.source, State.ONLINE, cause, time.monotonic(), model) for cause, model in self._news(time.monotonic())
        )

    def judge(self, frame: Frame) -> Result:
        """Judge a frame by the model in use; what it fails on soon after it came in use, by the one before."""
        now = time.monotonic()
        if self._before is not None and now > self._kept_until:
            self._before = None
        result = self._judging.judge(frame) if self._before is None else self._judge_or_give_up(frame, *self._before)
        if self._trial is not None and frame.picture is not None:
            self._trial.see(frame, result.prediction)
        return result

    def forget(self) -> None:
        """Begin anew: what was seen before a silence says nothing of what comes after."""
        self._judging.forget()
        if self._trial is not None:
            self._trial.judging.forget()

    def is_settled(self) -> bool:
        """Whether nothing new is to be expected; while models are compared, each frame is."""
        return self._trial is None and self._swapping.candidate is None and self._judging.is_settled()

    def _news(self, now: float) -> Iterator[tuple[str, InUse]]:
        if not self._swapping.is_told:
            self._swapping.is_told = True
            yield f"model {_called(self._in_use)} is in use", _in_use("begun", self._in_use)
        if self._failed is not None:
            failed, self._failed = self._failed, None
            cause = f"model {failed.model.id} given up: {failed.why}; back to {_called(self._in_use)}"
            yield cause, _in_use("back", self._in_use, failed.model.id)
        while (refused := self._swapping.refused()) is not None:
            cause = f"model {refused.model.id} refused: {refused.why}; {_called(self._in_use)} stays in use"
            yield cause, _in_use("refused", self._in_use, refused.model.id)
        candidate = self._swapping.candidate
        if candidate is None:
            self._trial = None
        elif self._trial is None or self._trial.candidate is not candidate:
            self._trial = _Trial(candidate, self._in_use, self._swapping, self._options)
        if self._trial is not None and self._trial.is_over:
            trial, self._trial = self._trial, None
            if trial.objection:
                yield self._refuse(trial)
            elif self._swapping.take(trial.candidate):
                yield self._swap(trial, now)

    def _refuse(self, trial: "_Trial") -> tuple[str, InUse]:
        """Let the model in use stay."""
        self._swapping.give_up(trial.candidate, trial.objection)
        cause = f"model {_called(trial.candidate)} refused: {trial.objection}; {_called(self._in_use)} stays in use"
        return cause, _in_use("refused", self._in_use, trial.candidate.model.id, trial.comparison)

    def _swap(self, trial: "_Trial", now: float) -> tuple[str, InUse]:
        """Let the other model take the place of the one in use, which is kept for a while."""
        old, new = self._in_use, trial.candidate
        self._before, self._kept_until = (old, self._judging), now + KEPT_S
        self._in_use, self._judging = new, trial.judging
        compared = trial.comparison
        parts = [f"model {_called(new)} is in use, in place of {_called(old)}"]
        if compared.compared:
            parts.append(f"same answer on {compared.agreed:,} of {compared.compared:,} frames")
        return "; ".join([*parts, *filter(None, [new.why])]), _in_use("swapped", new, old.model.id, compared)

    def _judge_or_give_up(self, frame: Frame, before: Loaded, older: Judging) -> Result:
        result, trouble = _attempt(self._judging, frame)
        if result is not None and result.error is None:
            return result
        other, _ = _attempt(older, frame)
        if other is None or other.error is not None:  # no model's fault
            if result is None:
                raise trouble or RuntimeError("no result, and no reason")
            return result
        self._failed = Refusal(self._in_use.model, _failure(result, trouble))
        self._swapping.give_up(self._in_use, self._failed.why)
        self._swapping.return_to(before)
        self._in_use, self._judging, self._before, self._trial = before, older, None, None
        return other


class _Trial:
    """A model beside the one in use, whose answers are compared and not given out."""

    def __init__(self, candidate: Loaded, in_use: Loaded, swapping: Swapping, options: RegionOptions) -> None:
        self.candidate = candidate
        self.judging = Judging(candidate.classifier, options)
        labels, others = in_use.classifier.contract.labels, candidate.classifier.contract.labels
        self.comparison = Comparison(labels, others, swapping.options)
        self._for_s = 0.0 if candidate.is_proven else swapping.options.compare_s
        self._failure = ""

    @property
    def is_over(self) -> bool:
        return bool(self._failure) or self.comparison.took(self._for_s)

    @property
    def objection(self) -> str:
        return self._failure or self.comparison.objection()

    def see(self, frame: Frame, answer: Prediction | None) -> None:
        """Have the other model answer, too.

        Args:
            frame: which the model in use has judged.
            answer: what that one said; None where it failed: then whatever answers is better at once.
        """
        result, trouble = _attempt(self.judging, frame)
        if result is None or result.prediction is None:
            if answer is not None:
                self._failure = _failure(result, trouble)
        elif answer is None:
            self._for_s = 0.0
        else:
            self.comparison.see(answer, result.prediction, time.monotonic())


def judging_of(swapping: Swapping) -> "partial[SwappingJudging]":
    """Return what `catdog.edge.runner.loop.run` takes as `judging`."""
    return partial(SwappingJudging, swapping)


def _attempt(judging: Judging, frame: Frame) -> tuple[Result | None, Exception | None]:
    """Judge a frame by a model that is not trusted yet: whatever a runtime raises of it must not end the program."""
    try:
        return judging.judge(frame), None
    except Exception as error:  # noqa: BLE001
        return None, error


def _failure(result: Result | None, trouble: Exception | None) -> str:
    said = trouble if result is None else result.error
    return f"it failed on a frame: {said if isinstance(said, CatdogError) else repr(said)}"


def _called(loaded: Loaded) -> str:
    return f"{loaded.model.id} ({loaded.classifier.contract.name})"


def _in_use(kind: str, loaded: Loaded, other: str = "", compared: Comparison | None = None) -> InUse:
    classifier = loaded.classifier
    contract = classifier.contract
    spec = contract.input
    agreed, count = (compared.agreed, compared.compared) if compared is not None and compared.compared else (None, None)
    return InUse(
        kind,
        loaded.model.id,
        contract.name,
        contract.labels,
        f"{spec.width} x {spec.height}, {spec.dtype}",
        classifier.backend_name,
        contract.made_by,
        other,
        agreed,
        count,
    )
