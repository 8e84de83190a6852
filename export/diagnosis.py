"""When int8 is refused: which layer is at fault, and what is the smallest change by which it passes?

The steps are in the order of their price: better ranges cost nothing on the edge, layers in float cost size and time.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import keras

from catdog.edge.contract.model_contract import Golden

from .pictures import PictureSet
from .quantization import LayerError, cut_ranges, quantize, ranges_of, rank_layers, to_be_calibrated, with_consumers
from .verification import Verification, objections

LOG = logging.getLogger(__name__)

_SHARES_CUT = (1e-5, 1e-4, 1e-3)  # of an activation's values, at either end of its range
_LAYERS_SHOWN = 10
_MOST_IN_FLOAT = 0.5  # of the layers; with more, the file is neither small nor fast, and only called int8


@dataclass(frozen=True)
class Attempt:
    """One way to quantize, and what came of it."""

    what: str  # in words
    bytes: int  # size of the model
    verification: Verification  # how it compares with Keras
    objections: tuple[str, ...]  # what speaks against it; empty if it passes


@dataclass(frozen=True)
class Quantized:
    """An int8 model and how it was arrived at."""

    content: bytes  # the flatbuffer
    verification: Verification  # of that
    golden: Golden  # of that
    calibration: PictureSet  # the pictures that its ranges were taken from
    attempts: tuple[Attempt, ...]  # the plain way first; more than one if that was refused
    layers: tuple[LayerError, ...] = ()  # those that quantizing hurts most, the worst first; empty if nobody had to look

    @property
    def objections(self) -> tuple[str, ...]:
        """What speaks against it; empty if it passes."""
        return self.attempts[-1].objections


@dataclass(frozen=True)
class Quantizer:
    """What is quantized, and by what it is judged."""

    core: keras.Model  # the Keras model
    prove: Callable[[bytes], tuple[Verification, Golden]]  # compares a converted model with it
    max_drop: float  # by how many points accuracy may fall
    tolerance: float  # of the mean difference of the scores

    @cached_property
    def _float(self) -> bytes:
        """The float flatbuffer, converted once for however many calibrations."""
        return to_be_calibrated(self.core)

    def plain(self, calibration: PictureSet, what: str = "every layer, full ranges") -> Quantized:
        """Quantize every layer, the ranges from the smallest to the largest value."""
        ranges = ranges_of(self._float, calibration.pixels)
        return self._judge(what, quantize(ranges, calibration.pixels), calibration)

    def remedy(self, refused: Quantized, more: PictureSet) -> Quantized:
        """Look for the smallest change by which a refused model passes.

        Returns:
            The first that passes, else the refused one; either with all that was tried.
        """
        LOG.info(f"int8 is refused: {'; '.join(refused.objections)}; looking for a remedy")
        tried, calibration = [refused], refused.calibration
        ranges = ranges_of(self._float, calibration.pixels)
        if len(more.pixels) > len(calibration.pixels):
            calibration, ranges = more, ranges_of(self._float, more.pixels)
            tried.append(self._judge(f"calibrated on {more.description}", quantize(ranges, calibration.pixels), calibration))
        if tried[-1].objections:
            for what, content in _with_cut_ranges(ranges, calibration):
                tried.append(self._judge(what, content, calibration))
                if not tried[-1].objections:
                    break
        layers = tuple(rank_layers(ranges, calibration.pixels))
        if layers:
            LOG.info(f"quantizing hurts most at {layers[0].short_name} ({layers[0].noise:.1%} of its channels' variance)")
        if tried[-1].objections:
            for what, content in _with_float_layers(ranges, calibration, layers):
                tried.append(self._judge(what, content, calibration))
                if not tried[-1].objections:
                    break
        found = refused if tried[-1].objections else tried[-1]
        attempts = tuple(each.attempts[0] for each in tried)
        if found is refused:  # the last word on it is its own
            attempts = (*attempts[1:], attempts[0])
        return Quantized(found.content, found.verification, found.golden, found.calibration, attempts, layers[:_LAYERS_SHOWN])

    def _judge(self, what: str, content: bytes, calibration: PictureSet) -> Quantized:
        verification, golden = self.prove(content)
        attempt = Attempt(what, len(content), verification, tuple(objections(verification, self.max_drop, self.tolerance)))
        LOG.info(f"int8, {what}: {'; '.join(attempt.objections) or 'passes'}")
        return Quantized(content, verification, golden, calibration, (attempt,))


def _with_cut_ranges(ranges: bytes, calibration: PictureSet) -> Iterator[tuple[str, bytes]]:
    for share in _SHARES_CUT:
        cut = cut_ranges(ranges, calibration.pixels, share)
        yield f"ranges cut by {share:.3%} of the values", quantize(cut, calibration.pixels)


def _with_float_layers(ranges: bytes, calibration: PictureSet, layers: Sequence[LayerError]) -> Iterator[tuple[str, bytes]]:
    """Leave the 1, 2, 4, ... worst layers in float, while that is not most of the model."""
    count = 1
    while count < len(layers):
        left = with_consumers(ranges, [layer.name for layer in layers[:count]])
        if len(left) > _MOST_IN_FLOAT * len(layers):
            return
        content = quantize(ranges, calibration.pixels, left)
        named = ", ".join(layer.short_name for layer in layers[:3][:count]) + (", …" if count > 3 else "")
        yield f"{len(left)} of {len(layers)} layers in float: the worst {count} ({named}) and what takes their output", content
        count *= 2
