"""Two models on the same frames: does what the other one says go astray?"""

from collections import Counter
from dataclasses import dataclass

from ..errors import UsageError
from ..inference.classifier import Prediction
from ..inference.smoothing import UNSURE

LEAST = 10  # compared frames that a verdict takes
_LONGER = 10  # times as long is waited for them: of a slow camera, or one that shows nothing that is told
_LONGEST_STEP_S = 1.0  # between two frames; what is longer is a pause, not time in which something was compared
_SURE = 0.9  # score
_NEARLY_ALL, _SEVERAL = 0.95, 0.2  # shares of the compared frames


@dataclass(frozen=True)
class SwapOptions:
    """How carefully another model is taken.

    Attributes:
        compare_s: for how many seconds of frames both models answer before the other one is in use; 0 for none. It takes up to
            ten times as long where fewer frames than a verdict needs could be compared.
        min_agreement: on what share of the frames that either could have called as the other did they must agree, 0-1.
        look_s: seconds between two looks at which model is chosen.

    Raises:
        UsageError: a value is out of range.
    """

    compare_s: float = 10.0
    min_agreement: float = 0.5
    look_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.compare_s <= 3600:
            got = str(self.compare_s)
            raise UsageError("--compare-s of 0 to 3,600 seconds", got=got, fix="Example: --compare-s 10")
        if not 0 <= self.min_agreement <= 1:
            got = str(self.min_agreement)
            raise UsageError("--min-agreement of 0 to 1", got=got, fix="Example: --min-agreement 0.5")


class Comparison:
    """Counts.

    Args:
        old: labels of the model in use.
        new: labels of the other one.
        options: how much they must agree.

    Attributes:
        compared: frames on which both said what they see, and neither was `unsure`.
        agreed: of these, on which both said the same.
        seconds: that were compared, without pauses.
    """

    def __init__(self, old: tuple[str, ...], new: tuple[str, ...], options: SwapOptions) -> None:
        self._shared, self._options = {*old} & {*new}, options
        self.compared = self.agreed = 0
        self.seconds = 0.0
        self._at: float | None = None
        self._comparable = 0  # frames whose two answers are both known to both
        self._old_surely: Counter[str] = Counter()
        self._new_surely: Counter[str] = Counter()

    def see(self, old: Prediction, new: Prediction, at: float) -> None:
        """Take what both say of a frame.

        Args:
            old: of the model in use.
            new: of the other one.
            at: seconds, monotonic.
        """
        if self._at is not None:
            self.seconds += min(max(0.0, at - self._at), _LONGEST_STEP_S)
        self._at = at
        if UNSURE in (old.label, new.label):
            return
        self.compared += 1
        self.agreed += old.label == new.label
        self._comparable += old.label in self._shared and new.label in self._shared
        for counter, answer in ((self._old_surely, old), (self._new_surely, new)):
            if answer.score >= _SURE:
                counter[answer.label] += 1

    def took(self, seconds: float) -> bool:
        """Whether it took so many seconds, and enough frames were compared or are not to be had."""
        return self.seconds >= seconds * (1 if self.compared >= LEAST else _LONGER)

    def objection(self) -> str:
        """Return what speaks against the other model, in words; empty where nothing does, or there were too few frames."""
        if self._options.min_agreement == 0:
            return ""
        least = self._options.min_agreement * self._comparable
        if self._comparable >= LEAST and self.agreed < least:
            return (
                f"it gives the same answer on {self.agreed:,} of {self._comparable:,} frames, fewer than "
                f"{self._options.min_agreement:.0%} (--min-agreement)"
            )
        if self.compared < LEAST or not self._new_surely:
            return ""
        (label, count), *_ = self._new_surely.most_common(1)
        kinds = sum(said >= _SEVERAL * self.compared for said in self._old_surely.values())
        if count >= _NEARLY_ALL * self.compared and kinds > 1:
            return f"it surely calls {count:,} of {self.compared:,} frames {label}, among which are {kinds} different things"
        return ""
