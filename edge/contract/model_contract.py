"""The model contract: what a model file says about itself, so that running it needs nothing but the file.

One JSON document, one dataclass. It is written into every artifact by the exporter and read back here, with `json`
alone: parsed, validated, never evaluated. `catdog.edge.contract.artifact` knows where in a file it is kept.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .checks import is_int, is_number, is_text, refuse, require
from .figures import Figure
from .provenance import Adopted, Origin, Taught

FORMAT_VERSION = 1
MAX_CONTRACT_BYTES = 1024 * 1024  # 30,000 marks of pictures and a thousand labels with their figures take half of it
NEITHER = "neither"  # the last label of a model with a presence check: no pet in view

_DTYPES = ("uint8", "float32", "int8", "float16")
STRETCH, CROP = RESIZE_MODES = ("stretch", "crop")
NHWC, NCHW = LAYOUTS = ("nhwc", "nchw")
PROBABILITIES, LOGITS = SCORES = ("probabilities", "logits")
BILINEAR, BILINEAR_EXACT = "bilinear", "bilinear-exact"
_INTERPOLATIONS = (BILINEAR, BILINEAR_EXACT)
_COLOUR_ORDERS = ("RGB",)


@dataclass(frozen=True)
class InputSpec:
    """What the model wants to be fed: one picture, ``[1, height, width, 3]`` or ``[1, 3, height, width]``.

    Attributes:
        height: pixels.
        width: pixels.
        dtype: ``"uint8"`` or ``"float32"`` of catdog's own models; others also take ``"int8"`` or ``"float16"``.
        colour_order: order of the channels.
        resize: how a picture becomes height x width; ``"stretch"`` does not keep the aspect ratio, ``"crop"`` does, and
            takes the middle.
        interpolation: how pixels between those of the picture are found, without antialiasing: ``"bilinear-exact"`` as
            ``cv2.INTER_LINEAR_EXACT`` does it, the same bits on every machine; ``"bilinear"``, of files that were exported
            before, as ``cv2.INTER_LINEAR`` does it, which rounds otherwise where another build of OpenCV computes.
        layout: order of the axes, ``"nhwc"`` or ``"nchw"``.
        mean: of each channel in the order of the colours, 0-255; it is subtracted from the pixels.
        std: what the difference is divided by, above 0. What comes of it is rounded where `dtype` has whole numbers. catdog's
            own models take the pixels as they are, 0 and 1: their scaling lives in the graph.
    """

    height: int
    width: int
    dtype: str = "uint8"
    colour_order: str = "RGB"
    resize: str = "stretch"
    interpolation: str = BILINEAR_EXACT
    layout: str = NHWC
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            require(is_int(getattr(self, name)) and 8 <= getattr(self, name) <= 4096,
                     f"input {name} of 8 to 4096 pixels", getattr(self, name))  # fmt: skip
        for name, allowed in (
            ("dtype", _DTYPES),
            ("colour_order", _COLOUR_ORDERS),
            ("resize", RESIZE_MODES),
            ("interpolation", _INTERPOLATIONS),
            ("layout", LAYOUTS),
        ):
            require(getattr(self, name) in allowed, f"input {name} to be one of {allowed}", getattr(self, name))
        for name, least in (("mean", -1e6), ("std", 1e-6)):
            three = getattr(self, name)
            in_range = len(three) == 3 and all(is_number(value) and least <= value <= 1e6 for value in three)
            require(in_range, f"three numbers as input {name}, from {least:g} to 1e6", three)

    def __str__(self) -> str:
        shape = [1, self.height, self.width, 3] if self.layout == NHWC else [1, 3, self.height, self.width]
        mean, std = (",".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
        values = "0-255" if self.plain else f"0-255 less {mean}, by {std}"
        return f"{self.dtype} {shape} {self.colour_order} {values}, {self.resize}, {self.interpolation}"

    @property
    def plain(self) -> bool:
        """Whether the model takes the pixels as they are, as all of catdog's own do."""
        return self.dtype in ("uint8", "float32") and self.layout == NHWC and not any(self.mean) and self.std == (1.0, 1.0, 1.0)

    def of_pixels(self) -> "InputSpec":
        """Return what gives the same pixels as they are: uint8 ``[1, height, width, 3]``."""
        return replace(self, dtype="uint8", layout=NHWC, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


@dataclass(frozen=True)
class Golden:
    """What the model made of the golden picture (`catdog.edge.contract.golden`) where it was exported.

    Attributes:
        input_sha256: digest of the picture as the model's input.
        scores: of that input, in the order of the labels.
        width: of the picture, pixels; files that do not say it were proven with 640 x 480.
        height: of the picture, pixels.
    """

    input_sha256: str
    scores: tuple[float, ...]
    width: int = 640
    height: int = 480

    def __post_init__(self) -> None:
        require(is_text(self.input_sha256), "a golden digest of text", self.input_sha256)
        require(all(is_number(score) for score in self.scores), "golden scores that are numbers", self.scores)
        for side in (self.width, self.height):
            require(is_int(side) and 8 <= side <= 4096, "a golden picture of 8 to 4096 pixels", side)


@dataclass(frozen=True)
class ModelContract:
    """Everything the edge runner needs to know about a model.

    Attributes:
        name: what the model is called.
        labels: one name per score, in the order of the output row; the last may be ``"neither"``.
        input: what it is fed.
        threshold: score, 0-1, from which on an answer is worth acting on.
        trained_on: the training data, in words.
        verified_on: the pictures an exported artifact was compared with its original on, in words.
        figures: what was measured, with intervals.
        golden: what the golden picture gave; None in files that were not proven.
        made_by: catdog's version that wrote it.
        origin: where it comes from; None in files of earlier versions, and in the bundled ones, whose cards say it.
        learnt: marks of the pictures that it has learnt from (`catdog.edge.contract.learnt`); empty where none are kept.
        scores: what its row is: ``"probabilities"``, left as they are, or ``"logits"``, which a softmax turns into scores, or a
            sigmoid where the row is one number for two labels.
        adopted: which file it was before; None for catdog's own.
        taught: what it has learnt on the machine that runs it, and from which file on; None where nothing.
    """

    name: str
    labels: tuple[str, ...]
    input: InputSpec
    threshold: float = 0.5
    trained_on: str = ""
    verified_on: str = ""
    figures: tuple[Figure, ...] = field(default=())
    golden: Golden | None = None
    made_by: str = ""
    origin: Origin | None = None
    learnt: str = ""
    scores: str = PROBABILITIES
    adopted: Adopted | None = None
    taught: Taught | None = None

    def __post_init__(self) -> None:
        require(is_model_name(self.name), "a printable model name without slashes", self.name)
        require(len(self.labels) >= 2, "at least two labels", list(self.labels))
        # Labels are printed, a line each: no line breaks, no escape sequences.
        printable = all(is_text(label) and label.strip() and label.isprintable() for label in self.labels)
        require(printable, "labels of printable text", list(self.labels))
        require(len(set(self.labels)) == len(self.labels), "labels that differ", list(self.labels))
        require(self.scores in SCORES, f"scores to be one of {SCORES}", self.scores)
        require(is_number(self.threshold) and 0 <= self.threshold <= 1, "a threshold of 0 to 1", self.threshold)
        for name in ("trained_on", "verified_on", "made_by", "learnt"):
            text = getattr(self, name)
            require(is_text(text) and (text == "" or text.isprintable()), f"{name} to be printable text", text)

    def with_input_dtype(self, dtype: str) -> "ModelContract":
        """Return the same contract for an artifact that takes `dtype`."""
        return replace(self, input=replace(self.input, dtype=dtype))

    def to_json(self) -> str:
        """Serialise to the JSON document that is written into files."""
        return json.dumps({"catdog_contract": FORMAT_VERSION, **asdict(self)}, ensure_ascii=False, allow_nan=False)


def is_model_name(name: object) -> bool:
    """Say whether a model may be called that: the name becomes a part of file names, and is printed."""
    return isinstance(name, str) and name.isprintable() and not set(name) & set("/\\") and bool(name.strip(". "))


def parse_contract(document: str | bytes) -> ModelContract:
    """Parse and validate the JSON document of a contract.

    Unknown keys are ignored, so that files of a later version with additions stay usable.

    Raises:
        ModelError: it is not JSON, of another format version, or a field is missing or out of range.
    """
    require(len(document) <= MAX_CONTRACT_BYTES, f"at most {MAX_CONTRACT_BYTES} bytes", f"{len(document)} bytes")
    try:
        fields = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise refuse("JSON", str(error)) from error
    require(isinstance(fields, dict), "a JSON object", type(fields).__name__)
    version = fields.get("catdog_contract")
    require(is_int(version) and version == FORMAT_VERSION, f"format version {FORMAT_VERSION}", version)
    for name in ("labels", "figures"):
        require(isinstance(fields.get(name, []), list), f"a list of {name}", fields.get(name))
    try:
        return ModelContract(
            name=fields["name"],
            labels=tuple(fields["labels"]),
            # What a file leaves out it means as it was when it was written, not as the default is now.
            input=_input(fields["input"]),
            figures=tuple(Figure(**_known(Figure, figure)) for figure in fields.get("figures", ())),
            golden=_golden(fields.get("golden")),
            origin=None if fields.get("origin") is None else Origin(**_known(Origin, fields["origin"])),
            adopted=None if fields.get("adopted") is None else Adopted(**_known(Adopted, fields["adopted"])),
            taught=_taught(fields.get("taught")),
            **{key: fields[key] for key in _OPTIONAL if key in fields},
        )
    except KeyError as error:
        raise refuse(f"the field {error}", "none") from error
    except TypeError as error:
        raise refuse("fields of the documented types", str(error)) from error


_OPTIONAL = ("threshold", "trained_on", "verified_on", "made_by", "learnt", "scores")


def _input(fields: object) -> InputSpec:
    known = {"interpolation": BILINEAR} | _known(InputSpec, fields)
    return InputSpec(**known | {name: tuple(known[name]) for name in ("mean", "std") if name in known})


def _golden(fields: object) -> Golden | None:
    if fields is None:
        return None
    known = _known(Golden, fields)
    return Golden(**known | {"scores": tuple(known["scores"])})


def _taught(fields: object) -> Taught | None:
    if fields is None:
        return None
    known = _known(Taught, fields)
    return Taught(**known | {"labels": tuple(known["labels"])})


def _known(kind: type, fields: object) -> dict[str, Any]:
    require(isinstance(fields, dict), f"an object for {kind.__name__}", type(fields).__name__)
    assert isinstance(fields, dict)  # noqa: S101 - tells the type checker what require has checked
    return {key: value for key, value in fields.items() if key in kind.__dataclass_fields__}  # type: ignore[attr-defined]
