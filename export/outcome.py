"""What an export made: the files with their proofs, and what was refused."""

from dataclasses import dataclass

from catdog.edge.contract.model_contract import ModelContract

from .diagnosis import Quantized
from .formats import Format
from .pictures import PictureSet
from .verification import Verification, doubts, verdict


@dataclass(frozen=True)
class Artifact:
    """A file and what was found of it.

    Attributes:
        file: its name.
        kind: its format.
        data: its bytes.
        verification: how it compares with Keras.
        objections: what speaks against publishing it; empty if it is published.
        calibration: what its ranges were taken from; None where it needs none.
        quantized: how int8 was arrived at; None for other formats.
        drawn: how int8 does when calibrated on drawn pictures, where it was calibrated on photographs.
    """

    file: str
    kind: Format
    data: bytes
    verification: Verification
    objections: tuple[str, ...] = ()
    calibration: PictureSet | None = None
    quantized: Quantized | None = None
    drawn: Verification | None = None

    @property
    def verdict(self) -> str:
        """``"published"``, ``"refused"``, or ``"unproven"``: published, on too few pictures to tell."""
        return verdict(self.verification, self.objections)

    @property
    def doubts(self) -> list[str]:
        """What the pictures cannot show, and what else is worth knowing."""
        return doubts(self.verification)


@dataclass(frozen=True)
class Failure:
    """A format that could not be made at all."""

    file: str  # the name it would have had
    kind: Format  # the format
    reason: str  # why


@dataclass(frozen=True)
class Export:
    """All that one export made."""

    contract: ModelContract  # the model's
    pictures: PictureSet  # what the artifacts were compared on
    artifacts: tuple[Artifact, ...]  # in the order asked for, the refused ones among them
    failures: tuple[Failure, ...] = ()  # the formats that could not be made

    @property
    def published(self) -> tuple[Artifact, ...]:
        """The artifacts that nothing speaks against."""
        return tuple(artifact for artifact in self.artifacts if not artifact.objections)

    @property
    def refused(self) -> dict[str, tuple[str, ...]]:
        """The files that are not published, and why."""
        refused = {artifact.file: artifact.objections for artifact in self.artifacts if artifact.objections}
        return refused | {failure.file: (failure.reason,) for failure in self.failures}
