"""`make release`: everything that a release consists of, into dist/.

The packages are built from what git knows, in environments of their own; listed is what a base install brings on this machine.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.common.files import write_text
from catdog.edge.errors import OutputError

from .materials import list_materials
from .packages import build_packages, copy_tracked, time_of
from .sums import check_sums, write_sums

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    return run_command("make release", _main, argv)


def _main(argv: Sequence[str]) -> int:
    parser = CommandParser(prog="python -m benchmarks.project.distribution", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=_ROOT / "dist", metavar="DIR", help="where to (default: dist/)")
    arguments = parser.parse_args(argv)
    for path in make_release(_ROOT, arguments.output):
        sys.stdout.write(f"{path.stat().st_size:>12,}  {path.name}\n")
    return 0


def make_release(source: Path, output: Path) -> list[Path]:
    """Make a release and check it; returns its files.

    Args:
        source: catdog's checkout.
        output: a folder without another release's files.

    Raises:
        OutputError: the folder has other files, or cannot be written.
        CatdogError: something cannot be built.
    """
    if output.exists() and any(output.iterdir()):
        raise OutputError(f"an empty folder {output}", got="one with files", fix="Remove them: rm -r dist")
    epoch = time_of(source)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = copy_tracked(source, folder / "source")
        constraints, built = copy / "constraints.txt", folder / "built"
        wheel, sdist = build_packages(copy, built, epoch, constraints)
        stem = wheel.name.removesuffix("-py3-none-any.whl")
        write_text(built / f"{stem}.cdx.json", list_materials(wheel, constraints, copy, folder, epoch))
        shutil.copy(copy / "benchmarks/project/distribution/install.sh", built)
        shutil.copy(constraints, built)
        files = [wheel, sdist, built / f"{stem}.cdx.json", built / "install.sh", built / "constraints.txt"]
        write_sums(built, files)
        output.mkdir(parents=True, exist_ok=True)
        for file in built.iterdir():
            shutil.copy(file, output)
    check_sums(output)
    return sorted(output.iterdir())


if __name__ == "__main__":
    sys.exit(main())
