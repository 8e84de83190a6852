"""`Classifier`: a picture in, a label with scores and timings out."""

import os
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..backends import open_backend, pick_backend
from ..backends.base import Backend
from ..backends.delegation import Delegation
from ..common.cores import usable_cores
from ..contract.artifact import ModelFile, damaged, read_model_file
from ..contract.model_contract import ModelContract, parse_contract
from ..contract.preprocess import Preprocessor
from ..errors import ModelError, UsageError
from ..models import BUNDLED, bundled_tflite
from .given import BGR, Given, as_picture
from .scores import scores_of

# Nothing of other people's models is loaded for catdog's own.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ..foreign.claims import Claims

_SHOWN = 5  # scores in a notebook
MAX_THREADS = 256  # tens of thousands crash the runtime
DEFAULT_THREADS = min(4, usable_cores())


class Timings(NamedTuple):
    """Where the time of one classification went, in milliseconds."""

    decode: float
    preprocess: float
    invoke: float


class Prediction(NamedTuple):
    """What the model says of one picture.

    Attributes:
        label: the label with the highest score.
        score: that score, 0-1.
        scores: every label's score, in the contract's order; they sum to 1.
        latency_ms: where the time went.
    """

    label: str
    score: float
    scores: dict[str, float]
    latency_ms: Timings

    def _repr_html_(self) -> str:
        """Show bars in a notebook, the highest score first."""
        from html import escape

        rows = "".join(
            f"<tr><td>{escape(label)}</td><td>{score:.3f}</td>"
            f'<td><div style="background:#3b7dd8;height:0.8em;width:{160 * score:.0f}px"></div></td></tr>'
            for label, score in sorted(self.scores.items(), key=lambda item: -item[1])[:_SHOWN]
        )
        return f"<table>{rows}</table>"


class Classifier:
    """A model, ready to be asked; several threads may ask, one is answered at a time.

    Examples:
        >>> classifier = Classifier()
        >>> classifier.classify("photos/a.jpg").label
        'cats'

    Args:
        model: name of a bundled model or path of a TFLite or ONNX file.
        labels: names for the scores of a file that carries no contract, or the path of a file with one a line; refused for one
            that does.
        claims: what else is to be known of such a file and is not in it; `labels` go before those in it.
        backend: ``"auto"``, ``"litert"``, ``"onnxruntime"``, or that of another package.
        threads: number of threads for one inference.

    Attributes:
        model_path: the file in use.
        contract: what the file says about itself.
        threads: number of threads for one inference.

    Raises:
        InputNotFoundError: the file does not exist.
        ModelError: it cannot be used; the message says why.
        UsageError: an argument is out of range.
        PluginError: the package that has the backend cannot be loaded, or fails.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "default",
        *,
        labels: Sequence[str] | os.PathLike[str] | None = None,
        claims: "Claims | None" = None,
        backend: str = "auto",
        threads: int = DEFAULT_THREADS,
    ) -> None:
        if not isinstance(threads, int) or not 1 <= threads <= MAX_THREADS:
            raise UsageError(f"1 to {MAX_THREADS} threads", got=str(threads), fix="Example: threads=2.")
        if isinstance(labels, str):
            raise UsageError("a sequence of labels", got=repr(labels), fix='Write ["cats", "dogs"].')
        if not isinstance(model, str | os.PathLike):
            raise UsageError("a name or path of a model", got=repr(model), fix='Example: Classifier("default").')
        path = bundled_tflite(str(model)) if str(model) in BUNDLED else Path(model)
        file = read_model_file(path)
        pick_backend(file, backend)  # another than the file's is told before what the file does not say
        self._open(file, _claims_of(labels, claims), backend, threads)

    @classmethod
    def of_file(
        cls, file: ModelFile, *, claims: "Claims | None" = None, backend: str = "auto", threads: int = DEFAULT_THREADS
    ) -> "Classifier":
        """Make one of a model file that is in memory already.

        Args:
            file: as `catdog.edge.contract.artifact.parse_model` gives it.
            claims: what is to be known of it and is not in it.
            backend: as for the class.
            threads: number of threads for one inference.

        Raises:
            ModelError: it cannot be used; the message says why.
            UsageError: the backend does not run this kind of file.
            PluginError: the package that has the backend cannot be loaded, or fails.
        """
        made = cls.__new__(cls)
        made._open(file, claims, backend, threads)
        return made

    def _open(self, file: ModelFile, claims: "Claims | None", backend: str, threads: int) -> None:
        self.model_path, self.threads = file.path, threads
        # Before the runtime sees it: a truncated file has lost its seal, too, and crashes some runtimes.
        settled = None if file.sealed else _settle(file, claims)
        self._backend = open_backend(file, name=backend, threads=threads)
        self.contract = _contract_of(file, self._backend, claims, settled)
        self._preprocess = Preprocessor(self.contract.input)
        self._lock = threading.Lock()  # runtime and preprocessor reuse their buffers

    @property
    def backend_name(self) -> str:
        """The runtime in use and its version."""
        return self._backend.name

    @property
    def delegation(self) -> Delegation:
        """What computes, and how much of the model."""
        return self._backend.delegation

    def __repr__(self) -> str:
        spec = self.contract.input
        return f"<Classifier {self.contract.name}: {', '.join(self.contract.labels)}; {spec.width} x {spec.height} pixels>"

    def classify_all(self, pictures: Iterable[Given], *, colours: str = BGR) -> list[Prediction]:
        """Classify pictures one after the other; as `classify`.

        Args:
            pictures: any number of them, each as for `classify`; an array ``[n, height, width, 3]`` is n pictures.
            colours: as for `classify`.
        """
        return [self.classify(picture, colours=colours) for picture in pictures]

    def classify(self, picture: Given, *, colours: str = BGR) -> Prediction:
        """Classify a picture file or a picture in memory.

        Args:
            picture: path of a picture, the bytes of one, a picture of Pillow, or an array: uint8 ``[height, width, 3]``, or
                ``[height, width]`` for grey, or with alpha.
            colours: order of an array's channels, ``"bgr"`` as OpenCV gives it, or ``"rgb"``.

        Raises:
            InputNotFoundError: the file does not exist.
            UnreadableInputError: it is not a whole picture, or the array has another shape or type.
            UsageError: another order of colours.
        """
        start = time.perf_counter()
        frame = as_picture(picture, colours)
        decoded = time.perf_counter()
        with self._lock:
            pixels = self._preprocess(frame)
            ready = time.perf_counter()
            row = scores_of(self._backend.scores(pixels), self.contract)
        done = time.perf_counter()
        scores = dict(zip(self.contract.labels, row.tolist(), strict=True))
        best = int(row.argmax())
        return Prediction(
            label=self.contract.labels[best],
            score=float(row[best]),
            scores=scores,
            latency_ms=Timings(1e3 * (decoded - start), 1e3 * (ready - decoded), 1e3 * (done - ready)),
        )


def _claims_of(labels: "Sequence[str] | os.PathLike[str] | None", claims: "Claims | None") -> "Claims | None":
    """Put what is said of a file beside it into one; None where nothing is."""
    if labels is None:
        return claims
    from dataclasses import replace

    from ..foreign.claims import Claims
    from ..foreign.labels import read_labels

    names = read_labels(Path(labels)) if isinstance(labels, os.PathLike) else tuple(labels)
    return replace(claims or Claims(), labels=names)


def _settle(file: ModelFile, claims: "Claims | None") -> "ModelContract | None":
    """Return the contract of a file that has none; None of a kind that only the runtime can read."""
    from ..foreign.claims import Claims
    from ..foreign.settle import no_labels, say, settle

    said = say(file)
    if said is None:
        if claims is None or claims.labels is None:
            raise no_labels(file.path)
        return None
    return settle(said, claims or Claims(), file.path)


def _contract_of(file: ModelFile, backend: Backend, claims: "Claims | None", settled: ModelContract | None) -> ModelContract:
    contract = file.contract or settled
    if contract is None and backend.embedded_contract is not None:
        if not file.sealed:
            raise damaged(file.path)
        contract = parse_contract(backend.embedded_contract)
    if contract is None:
        from ..foreign.claims import Claims
        from ..foreign.settle import said_by_runtime, settle

        said = said_by_runtime(backend.input_dtype, backend.input_height, backend.input_width, backend.classes)
        contract = settle(said, claims or Claims(), file.path)
    elif claims is not None and settled is None and claims.given():
        raise UsageError(
            f"no {claims.given()[0].partition(' ')[0]} for a model that says it itself",
            got=f"{', '.join(claims.given())} for {file.path}, whose labels are {', '.join(contract.labels)}",
            fix="Leave it out.",
        )
    _require_fits(file, backend, contract)
    return contract


def _require_fits(file: ModelFile, backend: Backend, contract: ModelContract) -> None:
    """Refuse a contract that is not of its model; where that leaves its size open, any will do."""
    spec = contract.input
    said = (spec.dtype, spec.height, spec.width, len(contract.labels))
    found = (backend.input_dtype, backend.input_height or spec.height, backend.input_width or spec.width, backend.classes)
    if found[:3] == said[:3] and backend.classes == 1 and len(contract.labels) == 2:
        return  # one number, of the second label
    if said != found:
        raise ModelError(
            f"a model as its contract says (dtype, height, width, classes) {said}",
            got=f"{file.path} with {found}",
            fix="Export the model again with catdog-export.",
        )
