"""Keras models that catdog did not train: read without running anything of theirs, and made into a core like any other.

A core takes RGB 0-255, so that the scaling that was done before the model moves into the graph; and it ends in a softmax over
logits, which the exporter keeps in float.
"""

import datetime
import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from catdog.edge.common.installation import own_version
from catdog.edge.contract.figures import Figure
from catdog.edge.contract.model_contract import CROP, LOGITS, NCHW, PROBABILITIES, InputSpec, ModelContract
from catdog.edge.contract.provenance import Adopted
from catdog.edge.errors import ModelError, UsageError, VerificationError
from catdog.edge.foreign.claims import INPUT_RANGES, Claims
from catdog.edge.foreign.said import Normalization, Said
from catdog.edge.foreign.settle import settle
from catdog.train.features import predict
from catdog.train.model import ONE_LOGIT, SCORES
from catdog.train.model_file import TrainedModel

from .holding import better_order, better_range, places_tried, refuse_reading, require_better_than_guessing
from .keras_file import require_only_layers
from .pictures import PictureSet

_LEAST = 1e-7  # of a probability whose logarithm is taken
_SOFTMAX, _SIGMOID = "Softmax", "Sigmoid"  # classes of layers, and of operations


@keras.saving.register_keras_serializable("catdog")
class Logarithm(layers.Layer):
    """Probabilities to logits that a softmax makes the same probabilities of."""

    def call(self, probabilities: Any) -> Any:  # noqa: ANN401 - Keras tensors have no public type
        """Take the logarithm of each."""
        return keras.ops.log(keras.ops.maximum(probabilities, _LEAST))


@dataclass(frozen=True)
class OwnModel:
    """A Keras model of somebody else, and what is known of it.

    Attributes:
        network: numbers as it wants them, float32 ``[n, size, size, 3]``, to logits ``[n, classes]``.
        normalization: what makes such numbers of pixels of 0-255.
        source: the core and the contract, as the exporter takes them.
    """

    network: Callable[[Any], Any]
    normalization: Normalization
    source: TrainedModel

    def check(self, pictures: PictureSet, reference: NDArray[np.float32]) -> None:
        """Refuse what labelled pictures contradict.

        Args:
            pictures: what the artifacts will be compared on.
            reference: the core's scores of them, float32 ``[n, classes]``.

        Raises:
            VerificationError: another order of the labels or another range is right more often, or the model only guesses.
            UnprovenError: the pictures are too few to tell.
        """
        labels, targets = self.source.contract.labels, pictures.truth.targets
        if targets is None:
            raise VerificationError(
                f"pictures in folders named {', '.join(labels[:20])}",
                got=pictures.description,
                fix="Name others with --verify.",
            )
        known = targets >= 0
        answers, targets, pixels = reference[known].argmax(axis=1), targets[known], pictures.pixels[known]
        accuracy = Figure.share("accuracy", int((answers == targets).sum()), len(targets), pictures.truth.data)
        better = ""
        if order := better_order(answers, targets, len(labels)):
            said = ", ".join(f"{labels[target]} is answered {labels[answer]}" for target, answer in order.items())
            better = f"mostly {said}; Name the --labels in the order of its scores."
        refuse_reading("the order of --labels", better, accuracy)
        refuse_reading("--input-range", self._better_range(pixels, targets), accuracy)
        require_better_than_guessing(accuracy, targets, labels)

    def _better_range(self, pixels: NDArray[np.uint8], targets: NDArray[np.int64]) -> str:
        tried = places_tried(len(targets))
        size = self.source.contract.input.height
        return better_range(
            {
                name: predict(_core(self.network, size, other), pixels[tried]).argmax(axis=1) == targets[tried]
                for name, other in {"": self.normalization, **INPUT_RANGES}.items()
                if not name or other != self.normalization
            }
        )


def read_own(path: Path, claims: Claims) -> OwnModel:
    """Read a `.keras` file.

    Args:
        path: of the file.
        claims: labels, range, and what else it does not say.

    Raises:
        InputNotFoundError: there is no such file.
        ModelError: it names code, cannot be read or exported; or something is missing and named.
        UsageError: what is claimed cannot be.
    """
    require_only_layers(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = keras.models.load_model(path, compile=False, safe_mode=True)
    # What Keras raises on a configuration that does not fit its layers has no common base.
    except (ValueError, TypeError, KeyError, OSError, AttributeError, IndexError, NotImplementedError, ImportError) as error:
        raise ModelError(
            "a .keras file that Keras can load without running code of others",
            got=f"{path}: {' '.join(str(error).split())[:200]}",
            fix="Save it again, with the Keras that is installed here; or build it in Python and give the model: "
            "catdog.export.export(model, claims=...).",
        ) from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return take_own(model, claims, path, digest)


def take_own(model: keras.Model, claims: Claims, path: Path, digest: str = "") -> OwnModel:
    """Take a Keras model that is in memory; its code, if it has some, is there as well.

    Args:
        model: one picture in, one row out. A functional or sequential one is copied; one of another class is used as it is.
        claims: as `read_own`.
        path: what to call it.
        digest: SHA-256 of its file, if it has one.

    Raises:
        ModelError: it cannot be exported, or something is missing and named.
        UsageError: what is claimed cannot be.
    """
    if _is_kerass(model) and not digest:  # the last activation is taken off
        weights, model = model.get_weights(), keras.models.clone_model(model)
        model.set_weights(weights)
    said = _said(model, path)
    contract = settle(said, claims, path)
    spec = contract.input
    if spec.layout == NCHW or spec.height != spec.width or spec.resize == CROP:
        raise ModelError(
            "a model of square pictures, colours last, that pictures are stretched to",
            got=f"{path}, {spec}",
            fix="Convert it where it was trained, then: catdog-export adopt FILE.",
        )
    network = _to_logits(model, contract, said, path)
    normalization = Normalization(spec.mean, spec.std)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    contract = ModelContract(
        name=contract.name,
        labels=contract.labels,
        input=InputSpec(spec.height, spec.width, dtype="float32"),
        made_by=f"catdog {own_version()}",
        adopted=Adopted(path.name, digest, today, " ".join(claims.given())),
    )
    core = _core(network, spec.height, normalization)
    if core.output_shape[-1] != len(contract.labels):
        raise UsageError(
            f"{core.output_shape[-1]} labels for {path}", got=str(len(contract.labels)), fix="Name one for each score."
        )
    return OwnModel(network, normalization, TrainedModel(core, contract, data=None))


def _said(model: keras.Model, path: Path) -> Said:
    """Say what a model takes and gives, as far as it is built."""
    if not _is_kerass(model):
        return Said("float32", (0, 0, 0, 3), 0)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError("a model with one input and one output", got=f"{path} with several", fix="Make a model of one part.")
    taken, given = (tuple(int(side or 0) for side in ends[0].shape) for ends in (model.inputs, model.outputs))
    scores, ending = _ending(_last(model))
    return Said("float32", taken, given[-1], scores=scores, ending=ending)


def _is_kerass(model: Any) -> bool:  # noqa: ANN401 - a layer, or an operation
    """Tell whether a model is a graph of layers: one with code of its own may do with them what it likes."""
    return type(model).__module__.partition(".")[0] == "keras" and bool(getattr(model, "outputs", None))


def _last(model: Any) -> Any:  # noqa: ANN401 - as above
    """Return the layer that gives the scores, inside of models inside of models; None where that is not known."""
    while isinstance(model, keras.Model):
        if not _is_kerass(model):
            return None
        model = model.outputs[0]._keras_history.operation
    return model


def _ending(layer: Any) -> tuple[str, str]:  # noqa: ANN401 - as above
    name = type(layer).__name__
    activation = getattr(layer, "activation", None)
    if name == _SOFTMAX or activation is keras.activations.softmax:
        return PROBABILITIES, "softmax"
    if name == _SIGMOID or activation is keras.activations.sigmoid:
        return PROBABILITIES, "sigmoid"
    is_linear = isinstance(layer, layers.Dense | layers.Conv2D) and activation is keras.activations.linear
    return (LOGITS, f"a linear {name}") if is_linear else ("", "" if layer is None else name)


def _to_logits(model: keras.Model, contract: ModelContract, said: Said, path: Path) -> Callable[[Any], Any]:
    """Return what gives one logit a label, or one in all for two labels as two."""
    last = _last(model)
    single = said.classes == 1
    if said.ending == "sigmoid" and not single:
        raise ModelError(
            "labels that exclude each other, with a softmax at the end of the model",
            got=f"{path}, which ends in a sigmoid for each",
            fix="Convert it where it was trained, then: catdog-export adopt FILE.",
        )
    of_itself = type(last).__name__ in (_SOFTMAX, _SIGMOID)  # not the activation of a layer that does more
    if of_itself and model.outputs[0]._keras_history.operation is last:
        model = keras.Model(model.inputs[0], last.input)
        steps: list[Any] = [model]
    elif said.ending in ("softmax", "sigmoid") and not of_itself:
        last.activation = keras.activations.linear
        steps = [model]
    elif contract.scores == LOGITS:
        steps = [model]
    elif single:
        raise UsageError(
            "a model whose one score is a sigmoid's or a logit", got=f"{path}, which ends in {said.ending or 'code'}",
            fix="Let it give two scores.",
        )  # fmt: skip
    else:
        steps = [model, Logarithm()]
    flat, zero, pair = layers.Flatten(), layers.Rescaling(0.0, name="zero"), layers.Concatenate(name="logits")
    naming = layers.Identity(name=ONE_LOGIT if single else "logits")

    def network(numbers: Any) -> Any:  # noqa: ANN401 - as above
        row = numbers
        for step in steps:
            row = step(row, training=False) if step is model else step(row)
        row = naming(flat(row) if len(row.shape) > 2 else row)
        return pair([zero(row), row]) if single else row

    return network


def _core(network: Callable[[Any], Any], size: int, normalization: Normalization) -> keras.Model:
    """Put pixels before a network, and a softmax behind it."""
    pixels = keras.Input((size, size, 3), name="pixels")
    numbers = pixels
    if normalization != INPUT_RANGES["0..255"]:
        pairs = list(zip(normalization.mean, normalization.std, strict=True))
        scale, offset = [1 / std for _, std in pairs], [-mean / std for mean, std in pairs]
        alike = normalization.alike
        numbers = layers.Rescaling(scale[0] if alike else scale, offset[0] if alike else offset, name="preprocess")(pixels)
    return keras.Model(pixels, layers.Softmax(name=SCORES)(network(numbers)), name="core")
