"""The models that a device may use, in one folder, and which of them it does.

    store       `ModelStore`: put one in, use one, go back
    stored      one model in the folder: its file, and where it came from
    choice      the document that says which one is in use, and which were before
    folder      what is written there outlives a loss of power; one writer at a time

    models/
      4f0c2d9a81be.tflite      a model, named by the first digits of its SHA-256
      4f0c2d9a81be.json        where it came from, and when
      current.json             which is in use
      current.before.json      what current.json held before, for when it cannot be read

May import of `catdog.edge`: `common`, `contract`, `errors`, `inference`.
"""

from .store import ModelStore
from .stored import StoredModel

__all__ = ["ModelStore", "StoredModel"]
