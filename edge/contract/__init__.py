"""The model contract: what a model file says about itself, where it keeps that, and which pixels it asks for.

    model_contract     the contract itself: labels, input, threshold, figures
    artifact, seal     where a file keeps it, and how the file proves that it is whole
    provenance         where a model comes from
    checks             what fields that were read are checked by
    figures, paired    measured figures with sample size and interval
    preprocess         from a picture to the model's pixels, the same everywhere
    golden             one picture to see by whether a machine computes as the exporter did
    learnt             which pictures a model has learnt from

May import of `catdog.edge`: `common`, `errors`.
"""

from .model_contract import NEITHER, Golden, InputSpec, ModelContract, parse_contract

__all__ = ["NEITHER", "Golden", "InputSpec", "ModelContract", "parse_contract"]
