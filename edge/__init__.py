"""catdog on the edge: classify pictures with a quantized model, without TensorFlow.

>>> from catdog.edge import Classifier
>>> Classifier().classify("photos/a.jpg").label
'cats'
"""

from .classifier import Classifier, Prediction, Timings
from .contract import InputSpec, ModelContract
from .errors import CatdogError

__all__ = ["CatdogError", "Classifier", "InputSpec", "ModelContract", "Prediction", "Timings"]
