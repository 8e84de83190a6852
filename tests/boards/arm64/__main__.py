"""`make test-arm64`: catdog on an emulated Raspberry Pi, from the installation to what a frame costs, with budgets.

Run in the clone's folder: `python -m tests.boards.arm64`. Exit codes: 0 all holds, 1 something does not, 2 wrong option, 77
something was not there and is skipped.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from catdog.edge.common.command import CommandParser, run_command
from catdog.edge.errors import CatdogError

from . import answers, installing, instructions, memory, report, teaching, testing
from .findings import AbsentError, Finding, judged, require_all_held
from .options import MODELS, STEPS, SUITES, Options, default_cache
from .pictures import Pictures, lay_out
from .processors import PROCESSORS, Processor
from .root import Root, missing, open_root, say


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    return run_command("test-arm64", _main, argv)


def _main(argv: Sequence[str]) -> int:
    options = _options(_parser().parse_args(argv))
    lacks = missing()
    if lacks:
        raise AbsentError("what emulates a board", got=f"all of it skipped, for want of {'; '.join(lacks)}", fix="Install it.")
    with tempfile.TemporaryDirectory(prefix="catdog-arm64-") as scratch:
        findings = Proof(options, Path(scratch)).run()
    require_all_held(findings)
    return 0


class Proof:
    """All steps, one after another; the report is written after each.

    Args:
        options: what is to be done.
        scratch: a folder that is deleted afterwards.
    """

    def __init__(self, options: Options, scratch: Path) -> None:
        self._options, self._scratch = options, scratch
        self._start = time.monotonic()
        self._findings: list[Finding] = []
        self._about: dict[str, Any] = {"command": f"make test-arm64; options {' '.join(sys.argv[1:])}", "seconds": {}}
        self._reference: answers.Answers | None = None

    def run(self) -> list[Finding]:
        """Do what was asked for; a step that fails is a line of the report, and the others go on."""
        options = self._options
        pictures = lay_out(options.shared, self._scratch / "pictures", options.pictures)
        self._about |= {"commit": _commit(), "qemu": _version("qemu-aarch64-static"), "pictures": pictures.said}
        for suite in options.suites:
            root = open_root(options.cache, suite, options.mirror)
            shutil.rmtree(root.path("/root/pictures"), ignore_errors=True)
            shutil.copytree(self._scratch / "pictures", root.path("/root/pictures"))
            processors = [PROCESSORS[name] for name in options.processors]
            if "install" in options.steps:
                self._step("install", f"{suite}, any", partial(self._install, root, processors[0]))
            for processor in processors:
                # What hangs on the system rather than on the processor is done on the first alone.
                steps = (
                    options.steps if processor is processors[0] else [step for step in options.steps if step in _BY_PROCESSOR]
                )
                self._on(root, processor, pictures, [step for step in steps if step != "install"])
        return self._findings

    def _on(self, root: Root, processor: Processor, pictures: Pictures, steps: Sequence[str]) -> None:
        options, scratch = self._options, self._scratch
        doing: dict[str, Callable[[], list[Finding]]] = {
            "tests": lambda: testing.tested(root, processor),
            "answers": lambda: self._answers(root, processor, pictures),
            "instructions": lambda: self._instructions(root, processor),
            "memory": lambda: memory.watched(root, processor, options.watched, scratch),
            "teach": lambda: teaching.taught(root, processor, pictures, scratch),
        }
        for step in steps:
            self._step(step, f"{root.suite}, {processor.name}", doing[step])

    def _step(self, name: str, where: str, do: Callable[[], list[Finding]]) -> None:
        start = time.monotonic()
        try:
            found = do()
        except CatdogError as error:
            found = [Finding(name, where, "all of it", str(error), "", judged(holds=False))]
        self._about["seconds"][f"{name}, {where}"] = round(time.monotonic() - start)
        self._about["seconds"]["all"] = round(time.monotonic() - self._start)
        self._findings += found
        for each in found:
            say(f"{each.where}: {each.what}: {each.said} [{each.verdict}]")
        say(f"report: {report.write(self._findings, self._about, self._options.output)}")

    def _install(self, root: Root, processor: Processor) -> list[Finding]:
        root.become(processor)
        return installing.install(root, processor, installing.build_wheel(self._scratch / "wheel"))

    def _answers(self, root: Root, processor: Processor, pictures: Pictures) -> list[Finding]:
        if self._reference is None:
            self._reference = answers.here(pictures.all, self._options.models, self._scratch)
        return answers.asked_of(root, processor, self._options.models, self._reference, pictures.said)

    def _instructions(self, root: Root, processor: Processor) -> list[Finding]:
        plugin = None if instructions.missing() else instructions.build_plugin(self._scratch)
        models, frames = self._options.models, self._options.frames
        return [line for model in models for line in instructions.counted(root, processor, model, frames, plugin)]


_BY_PROCESSOR = ("answers", "instructions")  # what XNNPACK's choice of kernels may change


def _parser() -> CommandParser:
    parser = CommandParser("test-arm64", (__doc__ or "").splitlines()[0], "")
    add = parser.add_argument
    add("--cache", type=Path, default=default_cache(), help="where roots are kept, 1.5 GB each (default: %(default)s)")
    add("--output", type=Path, default=Path("reports/arm64"), help="folder of the report (default: %(default)s)")
    add("--suite", default=SUITES[0], help=f"of {', '.join(SUITES)} (default: %(default)s)")
    add("--processors", default=",".join(PROCESSORS), help="(default: %(default)s)")
    add("--steps", default=",".join(STEPS), help="(default: %(default)s)")
    add("--models", default=",".join(MODELS), help="(default: %(default)s)")
    add("--pictures", type=int, default=1000, help="for each model (default: %(default)s)")
    add("--frames", type=int, default=10, help="for each stage whose instructions are counted (default: %(default)s)")
    add("--watched", type=int, default=100, help="frames over which memory is watched (default: %(default)s)")
    add("--mirror", default=os.environ.get("MIRROR", ""), help="of Debian (default: debootstrap's own)")
    return parser


def _options(read: Namespace) -> Options:
    shared = Path(os.environ.get("CATDOG_SHARED", installing.CLONE.parent / "shared"))
    return Options(
        read.cache.expanduser().resolve(), read.output, shared,
        _listed(read.suite), _listed(read.processors), _listed(read.steps), _listed(read.models),
        read.pictures, read.frames, read.watched, read.mirror,
    )  # fmt: skip


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _commit() -> str:
    finished = subprocess.run(["git", "-C", str(installing.CLONE), "describe", "--always", "--dirty"],
                              capture_output=True, text=True, check=False)  # fmt: skip
    return finished.stdout.strip()


def _version(program: str) -> str:
    path = shutil.which(program)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout if path else ""
    return (said.splitlines() or ["unknown"])[0]


if __name__ == "__main__":
    sys.exit(main())
