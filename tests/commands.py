"""Runs the commands in tests as their users do."""

import os
import subprocess
import sys
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
