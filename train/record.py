"""What a run keeps of each stage that it has trained: enough for the report, without the model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .evaluate import Evaluation
from .history import Epoch

WRONG_LABEL, COPY, OUTLIER = KINDS = ("likely under a wrong label", "there twice", "unlike the others of its label")


@dataclass(frozen=True)
class Parameters:
    """Number of weights of a stage's model while it was trained."""

    total: int  # of the whole model, without the presence check
    trainable: int  # of those that were changed
    frozen: int  # of those that were not


@dataclass(frozen=True)
class Suspect:
    """A training picture that is worth a look."""

    name: str  # which picture
    label: str  # that it is under
    kind: str  # one of `KINDS`
    other: str  # the label that it looks like, or the picture that it is a copy of; empty for `OUTLIER`
    score: float  # of that label, by a head that has not learnt from it, 0-1; of `OUTLIER` the cosine to its nearest neighbours

    @property
    def reason(self) -> str:
        """Why, in words."""
        if self.kind == WRONG_LABEL:
            return f"looks like {self.other}, {self.score:.2f}"
        return f"a copy of {self.other}" if self.kind == COPY else self.kind


@dataclass(frozen=True)
class StageRecord:
    """What training one stage came to."""

    stage: str  # which, of `catdog.train.pipelines.STAGES`
    model: str  # the name in its contract
    parameters: Parameters  # how large it is
    summary: str  # Keras' table of its layers, as text
    history: Sequence[Epoch]  # one entry per epoch
    # how often it was restarted from other weights, the network being dead, blind to many pictures or no better than guessing
    restarts: int
    temperature: float  # what the logits were divided by to calibrate the scores
    validation: Evaluation  # how right it is on the validation pictures
    test: Evaluation | None  # how right it is on the test pictures; None if there are none
    seconds: float  # wall time of training it, without loading the data
    # how right it is on the training pictures that the temperature was fitted on, and that it has not learnt from; None if
    # there are none
    held_out: Evaluation | None = None
    suspects: tuple[Suspect, ...] = ()  # training pictures that are worth a look; of the stage transfer only

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able fields; `from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "StageRecord":
        """Read what `to_dict` returned.

        Raises:
            KeyError, TypeError: the fields are others.
        """
        return cls(
            **{name: fields[name] for name in ("stage", "model", "summary", "restarts", "temperature", "seconds")},
            parameters=Parameters(**fields["parameters"]),
            history=tuple(Epoch(**epoch) for epoch in fields["history"]),
            validation=Evaluation.from_dict(fields["validation"]),
            test=None if fields["test"] is None else Evaluation.from_dict(fields["test"]),
            held_out=None if fields.get("held_out") is None else Evaluation.from_dict(fields["held_out"]),
            suspects=tuple(Suspect(**each) for each in fields.get("suspects", ())),
        )


def counted(suspects: tuple[Suspect, ...]) -> str:
    """Say how many there are of each kind."""
    counts = Counter(each.kind for each in suspects)
    return ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
