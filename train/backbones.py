"""What looks at the pictures in the transfer stage: a row for each backbone.

One of another package is a row in the group `catdog.backbones` (docs/extend/add-a-backbone.md). Nothing here imports Keras
before a backbone is built: options are checked, and names listed, without it.

Sources: M. Sandler et al., "MobileNetV2: Inverted residuals and linear bottlenecks", CVPR 2018; A. Howard et al., "Searching
for MobileNetV3", ICCV 2019; M. Tan, Q. Le, "EfficientNetV2: Smaller models and faster training", ICML 2021.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import starmap
from typing import TYPE_CHECKING

from catdog.edge.errors import UsageError
from catdog.edge.plugins import Registry

if TYPE_CHECKING:
    import keras

MOBILENETV2 = "mobilenetv2"
IMAGENET, BUNDLED, RANDOM = "imagenet", "bundled", "random"
OFFLINE_WAYS = (
    "Without a network, name a weights file with --backbone-weights PATH, or use the package's own: --backbone-weights bundled."
)
_OTHER_OFFLINE_WAYS = "Without a network, name a weights file with --backbone-weights PATH, or take --backbone-weights random."
# Maps that a head may see beside the last one, and factors that spread their means as widely: the last keeps what ImageNet
# asks for, those before it have more. Errors of a head on frozen features of 2,410 training pictures of cats, dogs and neither,
# 5-fold, mean of three seeds, without and with them: about 84 and 62 at 160 px, 42 and 31 at 224 px. Cross-entropy falls by a
# third. Of the other backbones that was not measured: their heads see the last map alone.
_EARLIER = {"block_14_depthwise_relu": 5.0, "block_15_depthwise_relu": 10.0, "block_16_depthwise_relu": 2.0}


Level = float | tuple[float, float, float]


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
        scale: what black (0) and white (255) are for it; a number, or one each for red, green and blue.
        weights: words that `--backbone-weights` takes for it, beside ``"random"`` and the path of a Keras weights file.
        fill: fills what `build` made by one of these words; returns what that was, in words. None where there are none.
        levels: earlier layers whose maps a head may see beside the last, and factors for their means.
        smallest: side of its smallest input, pixels.
    """

    name: str
    title: str
    build: "Callable[[int], keras.Model]"
    features: int
    scale: tuple[Level, Level] = (-1.0, 1.0)
    weights: tuple[str, ...] = ()
    fill: "Callable[[keras.Model, str], str] | None" = None
    levels: Mapping[str, float] = field(default_factory=dict)
    smallest: int = 32

    @property
    def scale_said(self) -> str:
        """What black and white are for it, in words."""
        black, white = (
            f"{level:g}" if isinstance(level, float | int) else f"({', '.join(f'{each:.3g}' for each in level)})"
            for level in self.scale
        )
        return f"{black} to {white}"

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


def _mobilenetv2(alpha: float, size: int) -> "keras.Model":
    import keras

    return keras.applications.MobileNetV2((size, size, 3), alpha=alpha, include_top=False, weights=None)


def _fill_mobilenetv2(alpha: float, model: "keras.Model", which: str) -> str:
    from keras.src.applications.mobilenet_v2 import BASE_WEIGHT_PATH

    if which == BUNDLED:
        from .weights import fill_with_bundled

        return fill_with_bundled(model)
    # Keras publishes ImageNet weights for these input sizes; others start from the largest.
    size = model.input_shape[1] if model.input_shape[1] in (96, 128, 160, 192, 224) else 224
    name = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{size}_no_top.h5"
    # Keras names no hash of these; what the server says of them is compared.
    return _fill_from(model, f"{BASE_WEIGHT_PATH}{name}", None, OFFLINE_WAYS if alpha == 1.0 else _OTHER_OFFLINE_WAYS)


def _mobilenetv3(kind: str, size: int) -> "keras.Model":
    import keras

    make = keras.applications.MobileNetV3Small if kind == "small" else keras.applications.MobileNetV3Large
    # Its own rescaling would be in the graph of every view; ours is.
    return make((size, size, 3), include_top=False, weights=None, include_preprocessing=False)


def _fill_mobilenetv3(kind: str, model: "keras.Model", _: str) -> str:
    from keras.src.applications.mobilenet_v3 import BASE_WEIGHT_PATH, WEIGHTS_HASHES

    known = f"{kind}_224_1.0_float"
    return _fill_from(model, f"{BASE_WEIGHT_PATH}weights_mobilenet_v3_{known}_no_top_v2.h5", WEIGHTS_HASHES[known][1])


def _efficientnetv2_b0(size: int) -> "keras.Model":
    import keras

    return keras.applications.EfficientNetV2B0(False, None, input_shape=(size, size, 3), include_preprocessing=False)


def _fill_efficientnetv2_b0(model: "keras.Model", _: str) -> str:
    from keras.src.applications.efficientnet_v2 import BASE_WEIGHTS_PATH, WEIGHTS_HASHES

    return _fill_from(model, f"{BASE_WEIGHTS_PATH}efficientnetv2-b0_notop.h5", WEIGHTS_HASHES["b0"][1])


def _fill_from(model: "keras.Model", url: str, md5: str | None, offline_ways: str = _OTHER_OFFLINE_WAYS) -> str:
    from .data.download import download

    model.load_weights(download(url, offline_ways=offline_ways, md5=md5))
    return "ImageNet weights of Keras Applications"


def _another_width(alpha: float, features: int) -> Backbone:
    name = f"{MOBILENETV2}-{alpha:g}"
    build, fill = partial(_mobilenetv2, alpha), partial(_fill_mobilenetv2, alpha)
    return Backbone(name, f"MobileNetV2 {alpha:g}", build, features, weights=(IMAGENET,), fill=fill)


# Mean and standard deviation of ImageNet's pictures, 0-1, as this network was trained with.
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _normal(value: float) -> tuple[float, float, float]:
    red, green, blue = ((value - mean) / spread for mean, spread in zip(_MEAN, _SPREAD, strict=True))
    return red, green, blue


BACKBONES = Registry(
    "catdog.backbones",
    "backbone",
    Backbone,
    (
        Backbone(
            MOBILENETV2,
            "MobileNetV2 1.0",
            partial(_mobilenetv2, 1.0),
            1280,
            weights=(IMAGENET, BUNDLED),
            fill=partial(_fill_mobilenetv2, 1.0),
            levels=_EARLIER,
        ),
        *starmap(_another_width, ((0.35, 1280), (0.5, 1280), (0.75, 1280), (1.3, 1664), (1.4, 1792))),
        *(
            Backbone(
                f"mobilenetv3-{kind}",
                f"MobileNetV3 {kind.title()}",
                partial(_mobilenetv3, kind),
                features,
                weights=(IMAGENET,),
                fill=partial(_fill_mobilenetv3, kind),
            )
            for kind, features in (("small", 576), ("large", 960))
        ),
        Backbone(
            "efficientnetv2-b0",
            "EfficientNetV2-B0",
            _efficientnetv2_b0,
            1280,
            scale=(_normal(0.0), _normal(1.0)),
            weights=(IMAGENET,),
            fill=_fill_efficientnetv2_b0,
        ),
    ),
)
