"""Imports TensorFlow and Keras quietly; call before anything that imports `keras`."""

import logging
import os

from catdog.edge.common.installation import missing_extra
from catdog.edge.common.quiet import native_output_dropped


def import_tensorflow() -> None:
    """Import TensorFlow and Keras without their start-up messages.

    Raises:
        MissingExtraError: the extra `train` is not installed.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    for module in ("tensorflow", "keras"):
        try:
            # The C++ side writes to descriptor 2 before any logging level is in force.
            with native_output_dropped():
                __import__(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise missing_extra(module, "train") from error
    for name in ("absl", "tensorflow"):  # the latter warns of functions that are traced again, which is what we mean to do
        logging.getLogger(name).setLevel(logging.ERROR)
