"""`catdog-train look`: which labelled pictures are likely under a wrong label or under two, before anything is trained.

May import: `catdog.edge`, this room's `data` and `extras`; no TensorFlow: the features are those of an int8 file.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from catdog.edge.common.command import CommandParser
from catdog.edge.common.cores import usable_cores
from catdog.edge.common.files import check_folder, printable, write_text
from catdog.edge.contract.artifact import TFLITE, read_model_file
from catdog.edge.contract.figures import Figure
from catdog.edge.errors import DatasetError, ModelError, UsageError
from catdog.edge.models import BUNDLED, bundled_tflite
from catdog.edge.pictures.decode import silence_opencv
from catdog.edge.teach.cut import CutModel
from catdog.edge.teach.gallery import Photo, Seen, look
from catdog.edge.teach.suspects import LEAST, Suspect, counted, find_suspects, unseen_scores
from catdog.edge.teach.suspects_page import write_page
from catdog.edge.teach.writing import loaded

from .data.finder import Place, find
from .extras import require_packages

_EXAMPLES = """\
examples:
  catdog-train look --data photos/                          look.html, look.json: what is likely under a wrong label
  catdog-train look --data pets.zip --output pets.html      an archive; all its parts are looked through together
  catdog-train look --data photos/ --model fast --json      features of another int8 file; one object, for a script

Nothing is trained and nothing changed: a model's features of each picture are computed, and each picture is judged by a linear
layer that has not learnt from it. Look at the pictures, then move or delete files and train.
exit codes: 0 looked through, 2 wrong option, 3 no such model, 6 a model without such features, 7 missing package, 8 no class
folders, 10 cannot write
"""
_MOST_THREADS = 256
_WELL = 0.8  # of the pictures, that are given their own label
_FIRST = 10  # that are named on the terminal; the page has all


@dataclass(frozen=True)
class LookOptions:
    """What to look through.

    Attributes:
        data: folder or archive of class folders, or its address.
        model: name of a bundled model or path of an int8 TFLite file that carries a contract.
        output: the page to write; a JSON document goes beside it.
        threads: for one picture.

    Raises:
        UsageError: a value is out of range.
    """

    data: str
    model: str = "default"
    output: Path = Path("look.html")
    threads: int = 2

    def __post_init__(self) -> None:
        if self.output.suffix.lower() not in (".html", ".htm"):
            raise UsageError("--output FILE.html", got=str(self.output), fix="End the name in .html.")
        if not 1 <= self.threads <= _MOST_THREADS:
            raise UsageError(f"--threads of 1 to {_MOST_THREADS}", got=str(self.threads), fix="Example: --threads 2")

    @property
    def document(self) -> Path:
        """Where the JSON document goes."""
        return self.output.with_suffix(".json")


@dataclass(frozen=True)
class Looked:
    """What looking through a data set has found."""

    data: str  # its name
    model: str  # whose features it was
    pictures: dict[str, int]  # how many of each label
    agreement: Figure  # share of the pictures that the layer, which has not learnt from them, gives their own label
    not_judged: tuple[str, ...]  # labels of too few pictures
    unreadable: tuple[str, ...]  # pictures that could not be read, and why
    suspects: tuple[Suspect, ...]  # by kind, the surest first


def look_command(argv: Sequence[str]) -> int:
    """Run `catdog-train look`; returns the exit code."""
    arguments = _parser().parse_args(argv)
    options = LookOptions(arguments.data, arguments.model, arguments.output, arguments.threads)
    require_packages("train", "platformdirs", "tqdm")
    check_folder(options.output.parent)
    silence_opencv()
    looked = look_through(options)
    if arguments.json:
        print(json.dumps({"catdog_look": 1} | asdict(looked), ensure_ascii=False))
    else:
        _print(looked, options)
    return 0


def _parser() -> CommandParser:
    parser = CommandParser("catdog-train look", "List pictures that are likely under a wrong label, or under two.", _EXAMPLES)
    add = parser.add_argument
    add("--data", required=True, metavar="WHERE", help="folder, archive (zip or tar) or its address, of class folders")
    add(
        "--model",
        default="default",
        metavar="FILE|NAME",
        help="whose features: bundled, or an int8 .tflite (default: %(default)s)",
    )
    add(
        "--output",
        type=Path,
        default=Path("look.html"),
        metavar="FILE",
        help="the page; .json beside it (default: %(default)s)",
    )
    add("--threads", type=int, default=min(4, usable_cores()), metavar="N", help="for one picture (default: %(default)s)")
    add("--json", action="store_true", help="print the JSON document instead of lines")
    return parser


def look_through(options: LookOptions) -> Looked:
    """Look through labelled pictures; write a page and a document.

    Raises:
        DatasetError: there are no pictures of two labels.
        InputNotFoundError: there is no such model.
        ModelError: the model has no features to be had.
        OutputError: the page or the document cannot be written.
    """
    place = find(options.data)
    model, seen = _see(place, options)
    own, names = [photo.label for photo in seen.photos], [photo.name for photo in seen.photos]
    labels = sorted(set(own))
    targets = np.array([labels.index(label) for label in own], np.int64)
    scores = unseen_scores(seen.features, targets, seen.groups, len(labels))
    suspects = find_suspects(scores, labels, own, names, seen.groups, seen.prints)
    few = tuple(each for at, each in enumerate(labels) if len(np.unique(seen.groups[targets == at])) < LEAST)
    agreed = int((scores.argmax(axis=1) == targets).sum())
    agreement = Figure.share("agreement", agreed, len(own), place.name)
    looked = Looked(place.name, model, dict(sorted(Counter(own).items())), agreement, few, seen.failed, suspects)
    where = {photo.name: photo.path for photo in seen.photos}
    title = f"Worth a look: {len(suspects):,} of {len(own):,} pictures"
    summary = f"In {place.name}, by features of {model}: {counted(suspects) or 'nothing'}. {_how_far(agreement)}."
    write_page(options.output, title, summary, suspects, where.__getitem__)
    write_text(options.document, json.dumps({"catdog_look": 1} | asdict(looked), indent=2, ensure_ascii=False) + "\n")
    return looked


def _see(place: Place, options: LookOptions) -> tuple[str, Seen]:
    """Return the model's name, and the pictures as it sees them."""
    path = bundled_tflite(options.model) if options.model in BUNDLED else Path(options.model)
    file = read_model_file(path)
    if file.kind != TFLITE or file.contract is None:
        raise ModelError("an int8 TFLite file that carries a contract", got=str(path), fix="Name a bundled model: default.")
    backend = loaded(CutModel(file.data[: file.model_bytes], path).up_to_features(), path, options.threads)
    photos = [Photo(each.path, printable(Path(each.part) / each.name), each.label) for each in place.pictures if each.label]
    if len(there := {photo.label for photo in photos}) < 2:
        raise DatasetError(
            "pictures of at least two labels, in folders of their names",
            got=f"{options.data} with {', '.join(there) or 'none'}",
            fix="Put the pictures of each label into a folder of its name.",
        )
    for line in place.left_out:
        _log(f"left out: {line}")
    seen = look(photos, backend, file.contract.input, numbered=True)
    for line in seen.failed:
        _log(f"left out, cannot be read: {line}")
    return file.contract.name, seen


def _how_far(agreement: Figure) -> str:
    """Say how well the features tell the labels apart: where they hardly do, most of the list may be right."""
    said = f"{agreement.value:.1%} of the pictures are given their own label by a layer that has not learnt from them"
    return (
        said if agreement.value >= _WELL else f"{said}: such labels look alike to this model, and most of the list may be right"
    )


def _print(looked: Looked, options: LookOptions) -> None:
    total = sum(looked.pictures.values())
    print(f"looked through       {total:,} pictures of {len(looked.pictures)} labels, by features of {looked.model}")
    if looked.not_judged:
        few = ", ".join(looked.not_judged[:_FIRST])
        print(f"too few to judge     {few}{', ...' if len(looked.not_judged) > _FIRST else ''}")
    print(f"told apart           {_how_far(looked.agreement)}")
    print(f"worth a look         {counted(looked.suspects) or 'nothing'}")
    for each in looked.suspects[:_FIRST]:
        print(f"  {each.name}  {each.label}, {each.reason}")
    if len(looked.suspects) > _FIRST:
        print(f"  ... and {len(looked.suspects) - _FIRST:,} more")
    print(f"page                 {options.output}")


def _log(line: str) -> None:
    print(f"catdog-train look: {line}", file=sys.stderr)
