"""From options to a file that is proven, or an error and no file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..backends.litert import LiteRTBackend
from ..common.files import check_folder, write_bytes
from ..contract.artifact import TFLITE, ModelFile, parse_model, read_model_file
from ..contract.model_contract import NEITHER, ModelContract
from ..contract.preprocess import Preprocessor
from ..errors import CatdogError, DatasetError, ModelError, UnprovenError, UsageError, VerificationError
from ..models import BUNDLED, bundled_tflite
from ..pictures.decode import read_picture
from . import exemplars, suspects_page, writing
from .cut import CutModel, from_features
from .examples import DRAWN, Examples, hold_back
from .gallery import Photo, Seen, find, look
from .gate import Findings, judge
from .learning import Learnt, extended, learn, unseen_by
from .logistic import log_softmax
from .report import look_path, report_path, write_report
from .suspects import Suspect, counted, find_suspects

_MOST_THREADS = 256
_FEWEST = 10  # pictures of a new label that differ
_ASKED = 8  # pictures that the finished file is asked about as a whole
_SAME = 1e-4  # of a score, between the finished file and its parts


@dataclass(frozen=True)
class TeachOptions:
    """What to teach which model.

    Attributes:
        data: folder of class folders.
        output: the file to write.
        model: name of a bundled model or path of an int8 TFLite file that carries a contract.
        max_drop: points of accuracy that labels the model knows already may lose.
        allow_unproven: write the file where nothing speaks against it, though the pictures cannot tell everything.
        threads: for one picture.
    """

    data: Path
    output: Path
    model: str = "default"
    max_drop: float = 0.5
    allow_unproven: bool = False
    threads: int = 2

    def __post_init__(self) -> None:
        if self.output.suffix.lower() != ".tflite":
            raise UsageError("--output FILE.tflite", got=str(self.output), fix="End the name in .tflite.")
        if not 0 <= self.max_drop <= 100:
            raise UsageError("--max-drop of 0 to 100 points", got=f"{self.max_drop:g}", fix="Example: --max-drop 0.5")
        if not 1 <= self.threads <= _MOST_THREADS:
            raise UsageError(f"--threads of 1 to {_MOST_THREADS}", got=str(self.threads), fix="Example: --threads 2")
        if self.output.exists() and self.output.resolve() == self.parent.resolve():
            raise UsageError("another file than the model itself", got=str(self.output), fix="Keep it, to be able to go back.")

    @property
    def parent(self) -> Path:
        """The file that is taught."""
        return bundled_tflite(self.model) if self.model in BUNDLED else Path(self.model)


@dataclass(frozen=True)
class Outcome:
    """A taught file.

    Attributes:
        output: where it is.
        size: of it, bytes.
        contract: what it says.
        learnt: how the layer was arrived at.
        findings: what the pictures say that were held back.
        report: the JSON document beside it.
        suspects: pictures that are worth a look.
        pictures: how many were learnt from.
    """

    output: Path
    size: int
    contract: ModelContract
    learnt: Learnt
    findings: Findings
    report: Path
    suspects: tuple[Suspect, ...]
    pictures: int


@dataclass(frozen=True)
class _Parent:
    """The model that is taught."""

    file: ModelFile
    contract: ModelContract
    cut: CutModel


def teach(options: TeachOptions, tell: Callable[[str], None]) -> Outcome:
    """Fit the last layer of a model to pictures, prove it, write it.

    Args:
        options: what to teach.
        tell: takes lines on what is going on.

    Raises:
        InputNotFoundError: there is no such folder or model.
        DatasetError: the folder holds no class folders with pictures.
        ModelError: the model cannot be taught.
        UnprovenError: the pictures are too few to learn from or to tell what has come of it; nothing is written but the report.
        VerificationError: the model has become worse, or cannot tell two labels apart; nothing is written but the report.
        OutputError: the output cannot be written.
    """
    check_folder(options.output.parent)
    parent = _open(options.parent)
    photos = find(options.data, tell)
    labels = _labels(parent.contract.labels, photos)
    spec = parent.contract.input
    backend = writing.loaded(parent.cut.up_to_features(), parent.file.path, options.threads)
    seen = look(photos, backend, spec)
    for line in seen.failed:
        tell(f"left out, cannot be read: {line}")
    _require_enough(seen, parent.contract.labels)
    examples, drawn = _examples(parent, seen, labels, tell, lambda: exemplars.drawn(backend, Preprocessor(spec)))
    new = np.array([label not in parent.contract.labels for label in labels])
    held = hold_back(examples)
    tell(f"learning from {int((~held).sum()) - drawn:,} examples, {int(held.sum()):,} held back")
    used = [place for place in range(len(seen.photos)) if not held[place]]
    lessons = examples[~held].with_views(seen.mirrored[used], range(len(used))) if len(seen.mirrored) else examples[~held]
    start = extended(parent.cut.head, parent.contract.labels, labels)
    learnt = learn(lessons, start, new, options.max_drop, tell)
    content = parent.cut.with_head(learnt.head, lessons.features)
    findings = _judge(parent, content, examples[held], labels, sorted({photo.label for photo in seen.photos}), options.max_drop)
    contract = writing.described(parent.file, parent.contract, labels, seen, used, findings, options.output.stem)
    suspects = _look_through(seen, labels, unseen_by(learnt, examples, held, new), options, tell)
    write_report(report_path(options.output), contract, learnt, findings, suspects, seen.failed)
    trouble = _trouble(findings, options)
    if trouble is not None:
        raise trouble
    # Not the pictures that have proven it: they are to prove the next one, too.
    with_file = np.array([bool(name) for name in examples.names])
    kept = examples[~(held & with_file) & (examples.truth != DRAWN)]
    remembered = exemplars.pack(parent.cut.quantized(kept.features), kept.truth, labels)
    data = writing.finished(content, contract, remembered, options.threads)
    _require_same(data, content, examples, seen, parent.cut, options)
    write_bytes(options.output, data)
    return Outcome(options.output, len(data), contract, learnt, findings, report_path(options.output), suspects, len(used))


def _open(path: Path) -> _Parent:
    file = read_model_file(path)
    if file.kind != TFLITE or file.contract is None:
        raise ModelError(
            "an int8 TFLite file that carries a contract",
            got=f"{path}, which carries none" if file.kind == TFLITE else f"{path}, which is {file.kind}",
            fix="Teach a bundled model (default, fast, tiny) or a file of catdog-export --format int8.",
        )
    return _Parent(file, file.contract, CutModel(file.data[: file.model_bytes], path))


def _labels(old: Sequence[str], photos: Sequence[Photo]) -> tuple[str, ...]:
    """Return the old labels, then the new ones, `neither` last."""
    new = sorted({photo.label for photo in photos} - set(old))
    spelt = {label.casefold(): label for label in old}
    for label in new:
        if label.casefold() in spelt:
            raise DatasetError(f"a class folder {spelt[label.casefold()]}", got=label, fix="Rename the folder.")
    both = [*old, *new]
    return (*(label for label in both if label != NEITHER), *([NEITHER] if NEITHER in both else []))


def _examples(
    parent: _Parent, seen: Seen, labels: tuple[str, ...], tell: Callable[[str], None], draw: Callable[[], NDArray[np.float32]]
) -> tuple[Examples, int]:
    """Put pictures, what the file remembers and, where that is nothing, drawn pictures together; how many are drawn."""
    truth = np.array([labels.index(photo.label) for photo in seen.photos], np.int64)
    names = tuple(photo.name for photo in seen.photos)
    before = _as_before(parent, seen.features, truth, labels).targets
    # What the parent is right about is to stay as it is; to be told so again, more surely, would move it.
    right = before.argmax(axis=1) == truth
    parts = [
        Examples(seen.features, np.where(right[:, np.newaxis], before, np.eye(len(labels))[truth]), truth, seen.groups, names)
    ]
    remembered = exemplars.unpack(parent.file, labels)
    if remembered is not None:
        features = parent.cut.real(remembered[0])
        parts.append(_as_before(parent, features, remembered[1], labels))
    known = {labels[place] for part in parts for place in np.unique(part.truth)}
    missing = [label for label in parent.contract.labels if label not in known]
    if not missing:
        return Examples.joined(parts), 0
    tell(
        f"{parent.contract.name} remembers no pictures of {', '.join(missing)}: drawn pictures and its own answers stand in; "
        f"how much of {'it' if len(missing) == 1 else 'them'} is lost cannot be told, and of neither it may be much"
    )
    features = draw()
    parts.append(_as_before(parent, features, np.full(len(features), DRAWN, np.int64), labels))
    return Examples.joined(parts), len(features)


def _as_before(parent: _Parent, features: NDArray[np.float32], truth: NDArray[np.int64], labels: tuple[str, ...]) -> Examples:
    """Return examples that are to get the parent's answers."""
    targets = np.zeros((len(features), len(labels)))
    targets[:, [labels.index(label) for label in parent.contract.labels]] = np.exp(log_softmax(parent.cut.head(features)))
    return Examples(features, targets, truth, np.arange(len(features)), ("",) * len(features))


def _require_enough(seen: Seen, known: Sequence[str]) -> None:
    for label in sorted({photo.label for photo in seen.photos} - set(known)):
        own = np.array([photo.label == label for photo in seen.photos])
        if (count := len(np.unique(seen.groups[own]))) < _FEWEST:
            raise UnprovenError(
                f"at least {_FEWEST} pictures of {label} that differ (near copies and frames within a minute count as one)",
                got=str(count),
                fix=f"Add {_FEWEST - count} more; 20 to 50 do better.",
            )


def _look_through(
    seen: Seen, labels: tuple[str, ...], scores: NDArray[np.float64], options: TeachOptions, tell: Callable[[str], None]
) -> tuple[Suspect, ...]:
    """Find the pictures that are worth a look and write a page of them; one of an earlier time goes."""
    own, names = [photo.label for photo in seen.photos], [photo.name for photo in seen.photos]
    found = find_suspects(scores[: len(own)], labels, own, names, seen.groups, seen.prints)
    page = look_path(options.output)
    page.unlink(missing_ok=True)
    if found:
        title = f"Worth a look: {len(found):,} of {len(own):,} pictures"
        suspects_page.write_page(
            page, title, f"In {options.data.name}, for {options.output.name}.", found, options.data.joinpath
        )
        tell(f"worth a look: {counted(found)}: {page}")
    return found


def _judge(
    parent: _Parent, content: bytes, held: Examples, labels: tuple[str, ...], taught: Sequence[str], max_drop: float
) -> Findings:
    """Give what was held back to the end of both files, as they compute it."""
    inside = parent.cut.quantized(held.features)
    old = parent.file.data[: parent.file.model_bytes]
    scores, earlier = (writing.rows(from_features(each), inside) for each in (content, old))
    before = np.zeros_like(scores)
    before[:, [labels.index(label) for label in parent.contract.labels]] = earlier
    return judge(held, scores, before, labels, parent.contract.labels, taught, max_drop)


def _trouble(findings: Findings, options: TeachOptions) -> CatdogError | None:
    """Return the error that keeps the file from being written."""
    where = f"{report_path(options.output)} lists the pictures whose answers change."
    if findings.objections:
        return VerificationError(
            "a model that has gained and not lost",
            got="; ".join(findings.objections),
            fix=f"Nothing was written to {options.output}; {where}",
        )
    if findings.doubts and not options.allow_unproven:
        return UnprovenError(
            "pictures enough to tell",
            got="; ".join(findings.doubts),
            fix=f"Nothing was written to {options.output} (--allow-unproven does); {where}",
        )
    return None


def _require_same(data: bytes, content: bytes, examples: Examples, seen: Seen, cut: CutModel, options: TeachOptions) -> None:
    """Ask the finished file about whole pictures, as the runner will: it has to say what its end has said of their features."""
    whole = LiteRTBackend(parse_model(data, options.output), threads=options.threads)
    contract = parse_model(data, options.output).contract
    assert contract is not None  # noqa: S101 - it was written a moment ago
    preprocess = Preprocessor(contract.input)
    end = from_features(content)
    for place in np.linspace(0, len(seen.photos) - 1, min(_ASKED, len(seen.photos))).astype(int).tolist():
        scores = whole.scores(preprocess(read_picture(seen.photos[place].path)))
        expected = writing.rows(end, cut.quantized(examples.features[place : place + 1]))[0]
        if float(np.abs(scores - expected).max()) > _SAME:
            raise VerificationError(
                "the finished file to answer as its parts do",
                got=f"{scores.tolist()} and {expected.tolist()} for {seen.photos[place].name}",
                fix="Nothing was written. Please report it.",
            )
