"""What is made of the model's scores before they are told: averaged over time, and not called an answer when they are weak."""

import math

from ..errors import UsageError
from .classifier import Prediction

UNSURE = "unsure"  # the label of an answer below the threshold, and of a whole frame that is doubted (`regions`)


class ScoreSmoother:
    """Smooths the answers of one source, in the order of their frames.

    Args:
        threshold: score, 0-1, below which an answer is `unsure`; 0 for none.
        smooth_s: time constant of an exponential average of the scores, in seconds; 0 for none.

    Attributes:
        threshold: as given.

    Raises:
        UsageError: a value is out of range.
    """

    def __init__(self, threshold: float = 0.0, smooth_s: float = 0.0) -> None:
        if not 0 <= threshold <= 1:
            raise UsageError("a --threshold of 0 to 1", got=str(threshold), fix="Example: --threshold 0.8")
        if not 0 <= smooth_s <= 3600:
            raise UsageError("--smooth of 0 to 3,600 s", got=str(smooth_s), fix="Example: --smooth 1")
        self.threshold, self._smooth_s = threshold, smooth_s
        self._scores: dict[str, float] | None = None
        self._at = 0.0

    def __call__(self, prediction: Prediction, at: float) -> Prediction:
        """Smooth one answer.

        Args:
            prediction: the model's.
            at: when its frame was captured, seconds, monotonic.
        """
        scores = self._averaged(prediction.scores, at) if self._smooth_s else prediction.scores
        if scores is prediction.scores and prediction.score >= self.threshold:
            return prediction
        label = max(scores, key=scores.__getitem__)
        score = scores[label]
        is_sure = score >= self.threshold and prediction.label != UNSURE  # which was found out by more than this frame's scores
        return prediction._replace(label=label if is_sure else UNSURE, score=score, scores=scores)

    def forget(self) -> None:
        """Begin anew: what was seen before a silence says nothing of what comes after."""
        self._scores = None

    def _averaged(self, scores: dict[str, float], at: float) -> dict[str, float]:
        if self._scores is not None:
            share = 1 - math.exp(-max(0.0, at - self._at) / self._smooth_s)
            scores = {label: old + share * (scores[label] - old) for label, old in self._scores.items()}
        self._scores, self._at = scores, at
        return scores
