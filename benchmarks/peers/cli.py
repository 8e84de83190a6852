"""`catdog-bench peers`: catdog-edge beside what people would otherwise use."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from catdog.edge.command import CommandParser, end_like_ctrl_c, run_command
from catdog.edge.decode import silence_opencv
from catdog.edge.errors import CatdogError, PartialFailureError
from catdog.edge.files import check_folder

from ..extras import require_extras
from ..validity.environment import load_average, record_environment
from .models import labels, model_file
from .options import PeerOptions, default_cores
from .pictures import Photographs, gather
from .places import place_of, place_of_ours
from .process import first_cores
from .registry import PEERS
from .report import figures_table, not_run, ratios_table, write_reports
from .results import Comparison, sentences
from .rounds import Failed, measure
from .sides import Side, ours, theirs

_NAME = "catdog-bench peers"
_EXAMPLES = f"""\
examples:
  {_NAME}                                  all peers, 200 drawn pictures
  {_NAME} --data photos.zip                photographs in folders named like the labels
  {_NAME} --only litert,onnxruntime --rounds 2 --pictures 50

peers:
{chr(10).join(f"  {peer.name:<22}{peer.title}, {peer.model}: {' '.join(peer.requirements)}" for peer in PEERS.values())}

Each gets an environment of its own under --environments, kept for the next time; the first time takes a package index and some
minutes. One that cannot be built or run is reported with its reason. Run it on an idle machine.

exit codes: 0 measured, even if a peer could not be run (the report says which), 2 wrong option, 7 missing package, 8 data,
10 cannot write, 11 no peer could be run, 130 interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command(_NAME, _main, argv)


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = CommandParser(
        prog=_NAME,
        description="Measure catdog-edge beside other ways to run the same model on the same photographs.",
        epilog=_EXAMPLES,
    )
    add, defaults = parser.add_argument, PeerOptions
    add("--only", type=_names, default=defaults.only, metavar="P,P", help="peers (default: all)")
    add("--data", metavar="WHERE", help="folder or archive of labelled photographs, JPEG (default: drawn pictures)")
    add("--pictures", type=int, default=defaults.pictures, metavar="N", help="how many (default: %(default)s)")
    add("--rounds", type=int, default=defaults.rounds, metavar="N", help="all have a turn in each (default: %(default)s)")
    add("--cores", type=int, default=default_cores(), metavar="N", help="cores and threads for each (default: %(default)s)")
    add("--seed", type=int, default=defaults.seed, metavar="N", help="of the order and the choice (default: %(default)s)")
    add("--output", type=Path, default=Path("reports"), metavar="DIR", help="folder (default: %(default)s)")
    add("--environments", type=Path, default=defaults.environments, metavar="DIR", help="folder (default: %(default)s)")
    add("--source", type=Path, default=defaults.source, metavar="DIR", help="catdog's checkout (default: the current folder)")
    return parser


def _main(argv: Sequence[str]) -> int:
    given = vars(build_parser().parse_args(argv))
    output: Path = given.pop("output")
    options = PeerOptions(**given)
    require_extras()
    check_folder(output)
    silence_opencv()
    end_like_ctrl_c(signal.SIGTERM, signal.SIGHUP)  # so that nobody's process is left behind
    comparison = compare(options)
    written = write_reports(comparison, output)
    print(*sentences(comparison), sep="\n")
    print("", figures_table(comparison), "", ratios_table(comparison), "", sep="\n")
    print(*(f"wrote {path}" for path in written), sep="\n")
    sys.stdout.flush()  # before the notes, where both go to one terminal
    for line in not_run(comparison):
        _say(f"not run: {line}")
    if not comparison.peers:
        raise PartialFailureError("a peer that can be run", got="none", fix="The reasons are named above.")
    return 0


def compare(options: PeerOptions) -> Comparison:
    """Build the environments, run everybody, and put the figures together.

    Raises:
        CatdogError: catdog-edge itself cannot be installed or run, or there are no pictures.
    """
    with tempfile.TemporaryDirectory() as folder:
        photographs = gather(options.data, options.pictures, labels(), options.seed, Path(folder))
        _say("installing catdog in an environment of its own")
        mine = ours(place_of_ours(options.source, options.environments), photographs, options.cores)
        sides, failed = build_sides(options, photographs)
        return run_sides(options, photographs, [mine, *sides], failed)


def build_sides(options: PeerOptions, photographs: Photographs) -> tuple[list[Side], list[Failed]]:
    """Get the peers ready, each in its environment; those that cannot be, with their reasons."""
    sides, failed = [], []
    for peer in (PEERS[name] for name in options.only):
        _say(f"preparing {peer.name}: {' '.join(peer.requirements)}")
        try:
            place = place_of(peer, options.environments)
            model = model_file(peer.model, options.environments)
        except CatdogError as error:
            failed.append(Failed(peer.name, error.got))
            continue
        sides.append(theirs(peer, place, str(model), labels(), photographs, options.cores))
    return sides, failed


def run_sides(
    options: PeerOptions, photographs: Photographs, sides: Sequence[Side], failed: Sequence[Failed] = ()
) -> Comparison:
    """Measure sides that are ready.

    Args:
        options: how often.
        photographs: what the sides classify.
        sides: ours first.
        failed: peers that could not be built.

    Raises:
        CatdogError: ours failed.
    """
    from catdog.edge.progress import progress_bar

    before = load_average()
    with progress_bar(total=len(sides) * options.rounds, unit=" turns") as bar:

        def done(name: str) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()

        measured, broken = measure(sides, options.rounds, first_cores(options.cores), options.seed, done)
    return Comparison(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        options=options,
        photographs=photographs,
        environment=record_environment(before),
        measured=tuple(measured),
        failed=(*failed, *broken),
    )


def _say(text: str) -> None:
    print(f"catdog-bench peers: {text}", file=sys.stderr)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",")))
