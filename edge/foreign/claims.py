"""What somebody says of a model that its file does not say: the options `--labels`, `--input-range` and so on."""

import re
from dataclasses import dataclass, fields

from ..contract.model_contract import LAYOUTS, RESIZE_MODES, SCORES
from ..errors import UsageError
from .said import Normalization

# Of red, green and blue of ImageNet's pictures. Source: torchvision.models, "the images have to be loaded in to a range of
# [0, 1] and then normalized using mean = [0.485, 0.456, 0.406] and std = [0.229, 0.224, 0.225]".
INPUT_RANGES = {
    "0..255": Normalization.of((0.0,), (1.0,)),
    "0..1": Normalization.of((0.0,), (255.0,)),
    "-1..1": Normalization.of((127.5,), (127.5,)),
    "imagenet": Normalization.of((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}
RANGE_WORDS = "|".join(INPUT_RANGES)
_NUMBERS = r"-?\d+(?:\.\d+)?(?:,-?\d+(?:\.\d+)?){0,2}"
_MEAN_AND_STD = re.compile(f"({_NUMBERS})/({_NUMBERS})")


@dataclass(frozen=True)
class Claims:
    """What is said of a model beside its file; it goes before what the file says.

    Attributes:
        labels: a name for each score, in order; for one score that of a sigmoid's 0, then of its 1.
        input_range: what black and white are to the model: a key of `INPUT_RANGES`, or ``"MEAN/STD"`` in pixels of 0-255, each
            one number or three with commas between them.
        layout: ``"nhwc"`` or ``"nchw"``.
        scores: ``"probabilities"`` or ``"logits"``.
        input_size: width and height, for a model that takes any.
        resize: ``"stretch"`` or ``"crop"``.

    Raises:
        UsageError: a value is out of range.
    """

    labels: tuple[str, ...] | None = None
    input_range: str | None = None
    layout: str | None = None
    scores: str | None = None
    input_size: tuple[int, int] | None = None
    resize: str | None = None

    def __post_init__(self) -> None:
        for name, allowed in (("layout", LAYOUTS), ("scores", SCORES), ("resize", RESIZE_MODES)):
            if getattr(self, name) not in (None, *allowed):
                raise UsageError(
                    f"--{name} {'|'.join(allowed)}", got=str(getattr(self, name)), fix=f"Example: --{name} {allowed[0]}"
                )
        if self.labels is not None:
            for label in self.labels:
                if not isinstance(label, str) or not label.strip() or not label.isprintable():
                    raise UsageError("labels of printable text", got=repr(label), fix="Example: --labels cats,dogs")
            if len(set(self.labels)) != len(self.labels):
                again = next(label for label in self.labels if self.labels.count(label) > 1)
                raise UsageError(
                    "labels that differ", got=f"{again} twice", fix="Give each score a label of its own: --labels cats,dogs"
                )
        _ = self.normalization

    @property
    def normalization(self) -> Normalization | None:
        """What `input_range` means; None where it is not given."""
        if self.input_range is None:
            return None
        if self.input_range in INPUT_RANGES:
            return INPUT_RANGES[self.input_range]
        match = _MEAN_AND_STD.fullmatch(self.input_range)
        try:
            if match is None:
                raise ValueError
            return Normalization.of(*(tuple(float(number) for number in part.split(",")) for part in match.groups()))
        except ValueError:
            raise UsageError(
                f"--input-range {RANGE_WORDS}, or MEAN/STD in pixels of 0-255 such as 127.5/127.5",
                got=self.input_range,
                fix="Example: --input-range 0..1",
            ) from None

    def given(self) -> list[str]:
        """Return the options that are given, as they are typed, but for the labels' names."""
        found = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                said = f"{value[0]}x{value[1]}" if field.name == "input_size" else value
                option = f"--{field.name.replace('_', '-')}"
                found.append(option if field.name == "labels" else f"{option} {said}")
        return found
