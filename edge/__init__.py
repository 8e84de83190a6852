"""catdog on the edge: classify pictures with a quantized model, without TensorFlow.

>>> from catdog.edge import Classifier
>>> Classifier().classify("photos/a.jpg").label
'cats'
"""

# Nothing is imported here that takes time: until a program's first lines have run, Ctrl-C is a traceback. Type checkers know
# this name without `typing`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from .classifier import Classifier, Prediction, Timings
    from .contract import InputSpec, ModelContract
    from .errors import CatdogError
    from .foreign.claims import Claims
    from .regions.finder import PetFinder
    from .regions.options import RegionOptions
    from .regions.watch import Pet

__all__ = [
    "CatdogError",
    "Claims",
    "Classifier",
    "InputSpec",
    "ModelContract",
    "Pet",
    "PetFinder",
    "Prediction",
    "RegionOptions",
    "Timings",
]

_HOMES = {
    "CatdogError": "errors",
    "Claims": "foreign.claims",
    "Classifier": "classifier",
    "InputSpec": "contract",
    "ModelContract": "contract",
    "Pet": "regions.watch",
    "PetFinder": "regions.finder",
    "Prediction": "classifier",
    "RegionOptions": "regions.options",
    "Timings": "classifier",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, so that the doctor can be called where numpy or OpenCV does not load."""
    if name == "__version__":
        from importlib.metadata import version

        return version("catdog")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
