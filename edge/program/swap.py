"""`--models DIR`: a folder of models, of which the program runs the one in use, and takes another while it runs."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..inference.classifier import Classifier
from ..models import BUNDLED, bundled_tflite
from ..regions.options import RegionOptions
from ..runner.comparison import SwapOptions
from ..runner.judging import Judges
from ..runner.swapping import Swapping
from ..runner.trial import judging_of
from ..store import ModelStore

Opened = tuple[Callable[[int], Classifier], Callable[[Classifier, RegionOptions], Judges]]


@contextmanager
def open_models(arguments: Namespace, options: SwapOptions, tell: Callable[[str], None]) -> Iterator[Opened]:
    """Open the folder, watch it while the program runs, and leave it with what was decided last.

    Gives what `catdog.edge.runner.loop.run` takes as `load` and as `judging`.

    Args:
        arguments: of the command line.
        options: how carefully another model is taken.
        tell: says what is wrong to whoever looks at stderr.

    Raises:
        CatdogError: there is no model that can be used, or an empty folder cannot be written.
    """

    def load(path: Path, threads: int) -> Classifier:
        return Classifier(path, backend=arguments.backend, threads=threads)

    first = bundled_tflite(arguments.model) if arguments.model in BUNDLED else Path(arguments.model)
    swapping = Swapping(ModelStore(arguments.models, tell), first, load, options, tell)
    try:
        yield swapping.load, judging_of(swapping)
    finally:
        swapping.close()
