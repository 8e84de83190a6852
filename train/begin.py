"""What every way to train does first: look at the data's place, load the libraries, say things on stderr.

May import: `catdog.edge.pictures`; TensorFlow and this room's `data` when they are asked for.
"""

import sys

from catdog.edge.pictures.decode import silence_opencv

from .options import TrainOptions


def check_data(options: TrainOptions) -> None:
    """Look whether the data is there, before seconds go into loading libraries.

    Raises:
        CatdogError: it is not.
    """
    from .data.items import check_folders

    check_folders(options.data)


def load_libraries() -> None:
    """Load TensorFlow, quietly."""
    from .tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()


def log(line: str) -> None:
    """Say a line on stderr."""
    print(f"catdog-train: {line}", file=sys.stderr)
