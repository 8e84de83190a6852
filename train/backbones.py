"""What looks at the pictures in the transfer stage: a row for each backbone.

One of another package is a row in the group `catdog.backbones` (docs/extend/add-a-backbone.md). Nothing here imports Keras
before a backbone is built: options are checked, and names listed, without it.

Sources: M. Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", CVPR 2018; A. Howard et al., "Searching
for MobileNetV3", ICCV 2019.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catdog.edge.common.plugins import Registry
from catdog.edge.errors import UsageError

if TYPE_CHECKING:
    import keras

MOBILENETV2 = "mobilenetv2"
IMAGENET, BUNDLED, RANDOM = "imagenet", "bundled", "random"
OFFLINE_WAYS = (
    "Without a network, name a weights file with --backbone-weights PATH, or use the package's own: --backbone-weights bundled."
)
# Maps that a head may see beside the last one, and factors that spread their means as widely: the last keeps what ImageNet
# asks for, those before it have more. Errors of a head on frozen features of 2,410 training pictures of cats, dogs and neither,
# 5-fold, mean of three seeds, without and with them: about 84 and 62 at 160 px, 42 and 31 at 224 px. Cross-entropy falls by a
# third.
_EARLIER = {"block_14_depthwise_relu": 5.0, "block_15_depthwise_relu": 10.0, "block_16_depthwise_relu": 2.0}


@dataclass(frozen=True)
class Backbone:
    """A network without its top.

    Attributes:
        name: for `--backbone`.
        title: what people call it.
        build: makes it for square inputs of so many pixels a side, with random weights: a functional Keras model of float32
            ``[n, size, size, 3]`` RGB, of values as `scale` says, to its last map, ``[n, height, width, features]``. Layers of
            its own are registered with `keras.saving.register_keras_serializable`.
        features: channels of the last map.
        scale: what black (0) and white (255) are for it.
        weights: words that `--backbone-weights` takes for it, beside ``"random"`` and the path of a Keras weights file.
        fill: fills what `build` made by one of these words; returns what that was, in words. None where there are none.
        levels: earlier layers whose maps a head may see beside the last, and factors for their means.
        smallest: side of its smallest input, pixels.
    """

    name: str
    title: str
    build: "Callable[[int], keras.Model]"
    features: int
    scale: tuple[float, float] = (-1.0, 1.0)
    weights: tuple[str, ...] = ()
    fill: "Callable[[keras.Model, str], str] | None" = None
    levels: Mapping[str, float] = field(default_factory=dict)
    smallest: int = 32

    def require(self, weights: str, image_size: int, cut: str | None) -> None:
        """Refuse what this backbone does not do.

        Args:
            weights: a word, or a path.
            image_size: side of the input, pixels.
            cut: the layer after which a pipeline cuts it off; None for the whole.

        Raises:
            UsageError: one of them is not for it.
        """
        if weights in (IMAGENET, BUNDLED) and weights not in self.weights:
            takes = ", ".join((*self.weights, RANDOM))
            raise UsageError(f"--backbone-weights of {takes}, or a file, for {self.name}", got=weights, fix="Name others.")
        if image_size < self.smallest:
            raise UsageError(
                f"--image-size of at least {self.smallest} for {self.name}", got=str(image_size), fix="Enlarge it."
            )
        if cut is not None and self.name != MOBILENETV2:
            raise UsageError(f"--backbone {MOBILENETV2} for a pipeline that cuts it off", got=self.name, fix="Leave it out.")


def _mobilenetv2(size: int) -> "keras.Model":
    import keras

    return keras.applications.MobileNetV2((size, size, 3), include_top=False, weights=None)


def _fill_mobilenetv2(model: "keras.Model", which: str) -> str:
    from .weights import fill_mobilenetv2

    return fill_mobilenetv2(model, which)


def _mobilenetv3_small(size: int) -> "keras.Model":
    import keras

    # Its own rescaling would be in the graph of every view; ours is.
    return keras.applications.MobileNetV3Small((size, size, 3), include_top=False, weights=None, include_preprocessing=False)


def _fill_mobilenetv3_small(model: "keras.Model", _: str) -> str:
    from keras.src.applications.mobilenet_v3 import BASE_WEIGHT_PATH

    from .data.download import download

    ways = "Without a network, name a weights file with --backbone-weights PATH, or take --backbone-weights random."
    model.load_weights(download(f"{BASE_WEIGHT_PATH}weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5", offline_ways=ways))
    return "ImageNet weights of Keras Applications"


BACKBONES = Registry(
    "catdog.backbones",
    "backbone",
    Backbone,
    (
        Backbone(
            MOBILENETV2,
            "MobileNetV2 1.0",
            _mobilenetv2,
            1280,
            weights=(IMAGENET, BUNDLED),
            fill=_fill_mobilenetv2,
            levels=_EARLIER,
        ),
        Backbone(
            "mobilenetv3-small",
            "MobileNetV3 Small",
            _mobilenetv3_small,
            576,
            weights=(IMAGENET,),
            fill=_fill_mobilenetv3_small,
        ),
    ),
)
