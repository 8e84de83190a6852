"""Runs the commands in tests as their users do."""

import contextlib
import io
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path


def run(
    command: str, *arguments: str, cwd: Path | None = None, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one of catdog's commands as its user would, in a process of its own."""
    return subprocess.run(
        [str(Path(sys.executable).parent / command), *arguments],
        cwd=cwd,
        env=os.environ | environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def call(command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call one of catdog's commands in this process, which has imported TensorFlow already: that takes five seconds.

    For what the command says and writes; of a start, a signal or a crash it shows nothing.
    """
    main = import_module(f"catdog.{command.removeprefix('catdog-')}.cli").main
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(arguments))
    return subprocess.CompletedProcess([command, *arguments], code, out.getvalue(), err.getvalue())
