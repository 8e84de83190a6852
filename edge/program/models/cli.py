"""`catdog-edge models`: the models that this device may use, and which of them it does."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ...common.command import CommandParser
from ...common.files import printable
from ...errors import CatdogError, InputNotFoundError, UsageError, on_one_line
from ...store import ModelStore, StoredModel
from ..located import is_address, located

_EXAMPLES = """\
examples:
  catdog-edge models add garden.tflite --models models     read, run once and kept; it is not in use yet
  catdog-edge models add https://host.example/garden.tflite --models models     fetched, as with --model
  catdog-edge models list --models models                  --json for scripts
  catdog-edge models use 4f0c2d --models models            by its first digits
  catdog-edge models back --models models                  the one that was in use before
  catdog-edge --camera 0 --models models                   look with the one in use; takes another while it runs

exit codes: 0 done, 2 wrong option, 3 no such model, file or folder, or nothing to go back to, 6 a file that is damaged, has no
seal or does not run here, 7 a package is missing, 10 cannot write
A file called models: catdog-edge ./models
"""
_ACTIONS = ("list", "add", "use", "back")


def main(argv: Sequence[str]) -> int:
    """Run the command; returns the exit code.

    Raises:
        CatdogError: it cannot be done, and why; the model in use stays in use.
    """
    arguments = _parser().parse_args(argv)
    _check(arguments)
    store = ModelStore(arguments.models, _tell)
    {"list": _list, "add": _add, "use": _use, "back": _back}[arguments.action](store, arguments)
    return 0


def _parser() -> CommandParser:
    parser = CommandParser("catdog-edge models", "Say which models this device may use, add one, use one, go back.", _EXAMPLES)
    parser.add_argument("action", choices=_ACTIONS, help="what to do")
    parser.add_argument(
        "what", nargs="?", metavar="ID|FILE", help="use: a model's first digits; add: its file or address, or a bundled one"
    )
    parser.add_argument("--models", type=Path, required=True, metavar="DIR", help="their folder")
    parser.add_argument("--json", action="store_true", help="of list: one JSON object")
    return parser


def _check(arguments: Namespace) -> None:
    action, what = arguments.action, arguments.what
    if action in ("use", "add") and what is None:
        needed = "an ID" if action == "use" else "a FILE"
        raise UsageError(f"{needed} behind {action}", got="nothing", fix="See catdog-edge models --help.")
    if action in ("list", "back") and what is not None:
        raise UsageError(f"nothing behind {action}", got=what, fix="See catdog-edge models --help.")
    if arguments.json and action != "list":
        raise UsageError("--json with list", got=f"with {action}", fix="Leave it out.")
    if action != "add" and not arguments.models.is_dir():
        raise InputNotFoundError(
            "a folder of models",
            got=f"{arguments.models}, which is none",
            fix="Check the name; models add FILE --models DIR makes one.",
        )


def _list(store: ModelStore, arguments: Namespace) -> None:
    models = store.models()
    try:
        current = store.current()
    except CatdogError as error:  # of the models that are left a list is all the more wanted
        _tell(str(error))
        current = None
    used = "" if current is None else current.id
    if arguments.json:
        choice = store.choice()
        fields = {
            "current": used or None,
            "why": None if choice is None else choice.why,
            "before": [] if choice is None else choice.before,
        }
        print(json.dumps({**fields, "models": [_as_json(model, used) for model in models]}))
        return
    for model in models:
        print(on_one_line(_line(model, is_used=model.id == used)))
    if not models:
        _tell(f"{store.folder} has no models yet; catdog-edge models add FILE adds one")


def _add(store: ModelStore, arguments: Namespace) -> None:
    from ...contract.artifact import read_model_file
    from ...models import BUNDLED, bundled_tflite

    is_bundled = arguments.what in BUNDLED
    path = bundled_tflite(arguments.what) if is_bundled else Path(located(arguments.what, _tell))
    said = f"bundled {arguments.what}" if is_bundled else f"file {printable(path.name)}"
    if is_address(arguments.what):
        from ...sources.net.address import parse_address

        said = f"fetched from {parse_address(arguments.what).public}"
    model = store.put(read_model_file(path).data, said=said)
    print(model)
    _tell(f"to use it: catdog-edge models use {model.id} --models {store.folder}")


def _use(store: ModelStore, arguments: Namespace) -> None:
    print(store.use(arguments.what, why="chosen by hand"))


def _back(store: ModelStore, _: Namespace) -> None:
    print(store.back(why="gone back by hand"))


def _as_json(model: StoredModel, used: str) -> dict[str, object]:
    return {
        "id": model.id,
        "in_use": model.id == used,
        "name": model.name,
        "labels": model.labels,
        "said": model.said,
        "at": _time(model),
        "file": printable(model.path),
        "trouble": model.trouble or None,
    }


def _line(model: StoredModel, *, is_used: bool) -> str:
    parts = ["in use" if is_used else "      ", model.id, model.name, ", ".join(model.labels), _time(model) or "", model.said]
    return "  ".join([*filter(None, parts), *([f"CANNOT BE USED: {model.trouble}"] if model.trouble else [])])


def _time(model: StoredModel) -> str | None:
    return datetime.fromtimestamp(model.at, UTC).isoformat(timespec="seconds") if model.at else None


def _tell(line: str) -> None:
    print(f"catdog-edge models: {on_one_line(line)}", file=sys.stderr, flush=True)
