"""The edge's own tests, in the root: those that say how pictures become answers, and what does not hang on a clock.

Left out are tests of cameras, streams, brokers, browsers and services, which measure waiting: emulated they would measure qemu.
They run natively, in `make test`. What takes Pillow is given it here, outside of the environment that is measured.
"""

import re
import shutil

from .findings import Finding, judged
from .installing import CLONE
from .processors import Processor
from .root import Root, require_ended, say

CHOSEN = (
    "artifact", "classifier", "contract", "decode", "errors", "events", "files", "folders", "given", "kinds", "learnt",
    "motion", "parallel", "preprocess", "results", "smoothing", "synthetic_pictures", "teach_parts", "transform",
)  # fmt: skip
_EXTRA = "/opt/testing"
_NEEDS = ("pytest", "pytest-xdist", "pillow", "pillow-heif")
_SUMMARY = re.compile(r"(?:\d+ \w+(?:, )?)+ in [\d.]+s")


def tested(root: Root, processor: Processor) -> list[Finding]:
    """Run them; return one line."""
    where = f"{root.suite}, {processor.name}"
    root.become(processor)
    if not root.path(_EXTRA).is_dir():
        say(f"{root.suite}: pip install {' '.join(_NEEDS)}, for the tests")
        installed = root.run(
            processor, "/opt/catdog/bin/pip", "install", "--quiet", "--target", f"{_EXTRA}.unfinished", *_NEEDS
        )
        require_ended("pip", installed)
        root.path(f"{_EXTRA}.unfinished").rename(root.path(_EXTRA))
    clone = root.path("/root/clone")
    shutil.rmtree(clone, ignore_errors=True)
    shutil.copytree(CLONE / "tests", clone / "tests", ignore=shutil.ignore_patterns("__pycache__", "boards"))
    shutil.copy(CLONE / "pyproject.toml", clone)
    files = [f"tests/edge/test_{name}.py" for name in CHOSEN]
    say(f"{where}: {len(files)} test files")
    pytest = (
        "cd /root/clone && exec /opt/catdog/bin/python -m pytest -q -p no:cacheprovider --durations=10 -m 'not slow' \"$@\""
    )
    finished = root.run(
        processor, "/bin/sh", "-c", pytest, "sh", *files,
        PYTHONPATH=_EXTRA, PYTHONDONTWRITEBYTECODE="1", CATDOG_SHARED="/nowhere",
    )  # fmt: skip
    lines = (finished.stdout + finished.stderr).splitlines()
    summary = next(
        (match[0] for line in reversed(lines) if (match := _SUMMARY.search(line))), f"ended with {finished.returncode}"
    )
    failures = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    text = f"{summary}; {', '.join(CHOSEN)}" + "".join(f"; {line}" for line in failures)
    data = {"exit_code": finished.returncode, "files": files, "said": lines[-60:]}
    return [Finding("tests", where, "the edge's tests", text, "all pass", judged(finished.returncode == 0), data)]
