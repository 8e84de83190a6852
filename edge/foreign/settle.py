"""The contract of a model that has none: from what its file says and what is said of it. What neither says is asked for."""

from collections.abc import Sequence
from pathlib import Path

from ..contract.artifact import ONNX, TFLITE, ModelFile
from ..contract.model_contract import LAYOUTS, LOGITS, NCHW, NHWC, STRETCH, InputSpec, ModelContract, is_model_name
from ..errors import ModelError, UsageError
from .claims import INPUT_RANGES, RANGE_WORDS, Claims
from .onnx import said_by_onnx
from .said import Normalization, Quantization, Said, unusable
from .tflite import said_by_tflite

_CLOSE = 0.02  # of the range's width: 0.0078 in steps of 1/128 reaches from -1 to 0.992
_OFF = {"uint8": 0, "int8": 128}  # what a byte of a picture is less, where the file's whole numbers stand for its 256 values
_SMALLEST_SIDE, _LARGEST_SIDE = 8, 4096


def say(file: ModelFile) -> Said | None:
    """Read what a file says of itself; None of a kind that only a runtime of another package can read.

    Raises:
        ModelError: it is damaged, or no classifier of pictures.
    """
    if file.kind == TFLITE:
        return said_by_tflite(file.data, file.path)
    return said_by_onnx(file.data, file.path) if file.kind == ONNX else None


def settle(said: Said, claims: Claims, path: Path) -> ModelContract:
    """Put the contract together.

    Args:
        said: what the file says.
        claims: what is said of it; goes before what the file says.
        path: of the file.

    Raises:
        ModelError: something is missing, and told with what to type; or the model cannot be used.
        UsageError: what is claimed cannot be.
    """
    if said.ours and not claims.labels:
        raise ModelError(
            "a whole model with catdog's contract inside",
            got=f"{path} without one: it was cut short or changed",
            fix="Copy or export it again, or name its labels in order: --labels cats,dogs",
        )
    missing: list[tuple[str, str]] = []
    labels = claims.labels or said.labels
    classes = 2 if said.classes == 1 else said.classes
    if not labels or (not claims.labels and classes not in (0, len(labels))):
        missing.append((f"the names of its {classes or ''} labels".replace("  ", " "), f"--labels {_labels_beside(path)}"))
    elif classes not in (0, len(labels)):
        raise _other_count(path, classes, labels)
    layout, height, width = _axes(said, claims, path, missing)
    normalization = _fed(said, claims, path, missing)
    scores = _scores(said, claims, path)
    if not scores:
        missing.append((f"whether its scores are probabilities or logits{_by(said)}", "--scores probabilities|logits"))
    if missing:
        raise ModelError(
            "a model with catdog's contract, or one that says what it takes and gives",
            got=f"{path}, which does not say {_listed([what for what, _ in missing])}",
            fix=f"Add what its makers say: {' '.join(option for _, option in missing)} (catdog-edge --help "
            "explains them), or write it into the file once: catdog-export adopt",
        )
    spec = InputSpec(
        height=height,
        width=width,
        dtype=said.dtype,
        resize=claims.resize or said.resize or STRETCH,
        layout=layout,
        mean=normalization.mean,
        std=normalization.std,
    )
    name = path.stem if is_model_name(path.stem) else "model"
    return ModelContract(name=name, labels=tuple(labels), input=spec, scores=scores)


def _axes(said: Said, claims: Claims, path: Path, missing: list[tuple[str, str]]) -> tuple[str, int, int]:
    """Return the layout, height and width."""
    shape = said.shape
    fits = [layout for layout in LAYOUTS if len(shape) == 4 and shape[0] in (0, 1) and shape[_channels(layout)] in (0, 3)]
    sure = [layout for layout in fits if shape[_channels(layout)] == 3]
    if not fits:
        raise unusable(
            path, "an input of one coloured picture, [1, height, width, 3] or [1, 3, height, width]", f"{list(shape)}"
        )
    if claims.layout is not None and claims.layout not in fits:
        raise UsageError(f"--layout {fits[0]} for {path}", got=f"{claims.layout} for {list(shape)}", fix="Leave it out.")
    layout = claims.layout or (sure[0] if len(sure) == 1 else "")
    if not layout:
        missing.append(("the order of its axes", "--layout nhwc|nchw"))
    height, width = shape[1:3] if (layout or NHWC) == NHWC else shape[2:4]
    if claims.input_size is not None:
        asked = claims.input_size[1], claims.input_size[0]
        if any(side not in (0, wanted) for side, wanted in zip((height, width), asked, strict=True)):
            raise UsageError(
                f"--input-size {width}x{height} for {path}", got=f"{asked[1]}x{asked[0]}", fix="Leave it out: the file says it."
            )
        height, width = asked
    elif said.size is not None and not (height and width):
        height, width = said.size
    if layout and not (height and width):
        missing.append(("how large its pictures are", "--input-size WIDTHxHEIGHT"))
    elif layout and not all(_SMALLEST_SIDE <= side <= _LARGEST_SIDE for side in (height, width)):
        raise unusable(path, f"pictures of {_SMALLEST_SIDE} to {_LARGEST_SIDE} pixels a side", f"{width} x {height}")
    return layout, height, width


def _channels(layout: str) -> int:
    return 1 if layout == NCHW else 3


def _fed(said: Said, claims: Claims, path: Path, missing: list[tuple[str, str]]) -> Normalization:
    """Return what becomes of a pixel, up to the number that is stored."""
    asked = claims.normalization
    if said.dtype not in _OFF:
        found = asked or said.normalization
        if found is None:
            missing.append(("what black and white are to it", f"--input-range {RANGE_WORDS}"))
        return found or INPUT_RANGES["0..255"]
    quantization, off = said.quantization, _OFF[said.dtype]
    as_bytes = Normalization.of((float(off),), (1.0,))
    if quantization is None:
        # Nothing is said of what the numbers stand for: they are the picture's own.
        if asked not in (None, INPUT_RANGES["0..255"]):
            raise _cannot_hold(path, claims, "whole numbers without a scale, which are the pixels themselves")
        return as_bytes
    low, high = ((limit - off - quantization.zero) * quantization.scale for limit in (0, 255))
    # Where all channels are alike, and the numbers stand for just what is asked for, a byte of the picture is a number.
    spanned = next((known for known in INPUT_RANGES.values() if known.alike and _close((low, high), known.ends)), None)
    if asked is None:
        # MediaPipe and the Task Library give bytes to uint8, whatever the metadata say.
        if spanned is not None or (said.normalization is not None and said.dtype == "uint8"):
            return as_bytes
        asked = said.normalization
    elif spanned is not None:
        if not asked.alike or not _close(asked.ends, spanned.ends):
            raise _cannot_hold(path, claims, f"{said.dtype} that stand for {low:.3g} to {high:.3g}")
        return as_bytes
    if asked is None:
        missing.append(
            (
                f"what black and white are to it (its {said.dtype} stand for {low:.3g} to {high:.3g})",
                f"--input-range {RANGE_WORDS}",
            )
        )
        return as_bytes
    if asked.ends[0] < low - (high - low) / 4 or asked.ends[1] > high + (high - low) / 4:
        raise _cannot_hold(path, claims, f"{said.dtype} that stand for {low:.3g} to {high:.3g}")
    return _quantized(asked, quantization)


def _close(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= _CLOSE * (other[1] - other[0]) for a, b in zip(one, other, strict=True))


def _quantized(real: Normalization, quantization: Quantization) -> Normalization:
    """Return the normalization whose result, rounded, is the whole number for that of `real`."""
    std = tuple(each * quantization.scale for each in real.std)
    mean = tuple(each - quantization.zero * wide for each, wide in zip(real.mean, std, strict=True))
    return Normalization.of(mean, std)


def _cannot_hold(path: Path, claims: Claims, got: str) -> UsageError:
    fix = "Leave --input-range out, or name the one that it was trained with."
    return UsageError(f"{path} to take --input-range {claims.input_range or 'of its metadata'}", got=got, fix=fix)


def _scores(said: Said, claims: Claims, path: Path) -> str:
    if claims.scores == LOGITS and said.scores and said.scores != LOGITS:
        raise UsageError(
            f"--scores {said.scores} for {path}",
            got=f"logits, of a model that ends in {said.ending}",
            fix="Leave --scores out.",
        )
    return claims.scores or said.scores


def _by(said: Said) -> str:
    return f" (its last operation is {said.ending})" if said.ending else ""


def _other_count(path: Path, classes: int, labels: Sequence[str]) -> UsageError:
    fix = "Name one for each score; from a file with one a line, in which names may have commas: --labels labels.txt"
    if classes == len(labels) + 1:
        fix = f"One is missing: ImageNet's models of 1,001 begin with background. {fix}"
    return UsageError(f"{classes} labels for {path}", got=f"{len(labels)}", fix=fix)


def _labels_beside(path: Path) -> str:
    beside = path.parent / "labels.txt"
    return str(beside) if beside.is_file() else "FILE|a,b,c"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def said_by_runtime(dtype: str, height: int, width: int, classes: int) -> Said:
    """Return what a runtime of another package says of a file that only it can read."""
    return Said(dtype, (1, height, width, 3), classes)


def no_labels(path: Path) -> ModelError:
    """Return the error for a file of a kind that only a runtime can read, before it does."""
    return ModelError(
        "a whole model with catdog's contract inside",
        got=f"{path} without one",
        fix=f"Export it with catdog-export, or name its labels in order: --labels {_labels_beside(path)}",
    )
