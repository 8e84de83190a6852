"""`make test-camera` where it cannot run: it says what is not there, and that nothing was proven."""

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parent / "boards/camera/run.py"


def test_absent_parts_are_named_with_their_packages(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, RUN], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout) == (77, "")
    assert "nothing was run, every case is skipped" in done.stderr
    if sys.platform == "linux" and "x86_64" not in done.stderr:
        assert "apt-get install" in done.stderr
        assert "debootstrap" in done.stderr
    assert not list(tmp_path.iterdir())
