"""catdog on the edge: classify pictures with a quantized model, without TensorFlow.

>>> from catdog.edge import Classifier
>>> Classifier().classify("photos/a.jpg").label
'cats'

A camera, stream or film is a `LiveClassifier`.
"""

# Nothing is imported here that takes time: until a program's first lines have run, Ctrl-C is a traceback. Type checkers know
# this name without `typing`.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from .contract.model_contract import InputSpec, ModelContract
    from .errors import CatdogError
    from .foreign.claims import Claims
    from .inference.classifier import Classifier, Prediction, Timings
    from .regions.finder import PetFinder
    from .regions.options import RegionOptions
    from .regions.watch import Pet
    from .runner.events import Event, EventOptions
    from .runner.live import LiveClassifier
    from .runner.loop import RunOptions
    from .runner.observation import Observation
    from .runner.results import Result
    from .sources.frame import Change, State
    from .sources.options import SourceOptions

__all__ = [
    "CatdogError",
    "Change",
    "Claims",
    "Classifier",
    "Event",
    "EventOptions",
    "InputSpec",
    "LiveClassifier",
    "ModelContract",
    "Observation",
    "Pet",
    "PetFinder",
    "Prediction",
    "RegionOptions",
    "Result",
    "RunOptions",
    "SourceOptions",
    "State",
    "Timings",
]

_HOMES = {
    "CatdogError": "errors",
    "Change": "sources.frame",
    "Claims": "foreign.claims",
    "Classifier": "inference.classifier",
    "Event": "runner.events",
    "EventOptions": "runner.events",
    "InputSpec": "contract.model_contract",
    "LiveClassifier": "runner.live",
    "ModelContract": "contract.model_contract",
    "Observation": "runner.observation",
    "Pet": "regions.watch",
    "PetFinder": "regions.finder",
    "Prediction": "inference.classifier",
    "RegionOptions": "regions.options",
    "Result": "runner.results",
    "RunOptions": "runner.loop",
    "SourceOptions": "sources.options",
    "State": "sources.frame",
    "Timings": "inference.classifier",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, so that the doctor can be called where numpy or OpenCV does not load."""
    if name == "__version__":
        from .common.installation import own_version

        return own_version()
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
