"""Makes a bundled model of a run: `python -m catdog.export.release --run runs/default --name default`.

For the maintainers of the package; `make bundled-models` trains the runs first. Writes, under `edge/models/`, the float16
weights, the int8 file that is exported from those same rounded weights, and the model card with what was measured on the
pictures that the run held back.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from catdog.edge.command import CommandParser, run_command
from catdog.edge.decode import silence_opencv
from catdog.edge.files import write_bytes, write_text

from .options import FLOAT32, INT8, ExportOptions

_MODELS = Path(__file__).resolve().parent.parent / "edge" / "models"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("catdog.export.release", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m catdog.export.release", description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="folder of the trained run")
    parser.add_argument("--name", default="default", help="name of the bundled model (default: %(default)s)")
    parser.add_argument("--cross-validation", type=Path, metavar="DIR", help="where catdog-train --cross-validate wrote to")
    parser.add_argument("--output", type=Path, default=_MODELS, help="folder of the bundled models")
    arguments = parser.parse_args(argv)
    from catdog.train.tensorflow_setup import import_tensorflow

    import_tensorflow()
    silence_opencv()
    release(arguments)
    return 0


def release(arguments: argparse.Namespace) -> None:
    """Write weights, int8 file and card of one bundled model.

    Raises:
        VerificationError: the int8 file does not agree with Keras.
        CatdogError: the run or the data cannot be used.
    """
    from catdog.train.model_file import TrainedModel, read_model
    from catdog.train.run import find_run
    from catdog.train.weights import save_weights

    from .bundle import export
    from .card import write_card
    from .source import rebuild

    trained = read_model(arguments.run)
    contract = replace(trained.contract, name=arguments.name)
    weights = arguments.output / f"{arguments.name}.weights.npz"
    save_weights(weights, core=trained.core)
    # What is exported is what is shipped: the weights as they come back from float16.
    source = TrainedModel(rebuild(contract, weights), contract, trained.data)
    options = ExportOptions(formats=(INT8, FLOAT32), output=Path("exports") / arguments.name)
    int8, _ = artifacts = export(source, options, lambda line: print(line, file=sys.stderr))  # noqa: T201
    write_bytes(arguments.output / f"{arguments.name}.tflite", int8.data)
    card = write_card(source, artifacts, weights, find_run(arguments.run).options, arguments.cross_validation)
    write_text(arguments.output / f"{arguments.name}.md", card)


if __name__ == "__main__":
    sys.exit(main())
