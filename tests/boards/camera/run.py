"""`make test-camera`: catdog-edge against the kernel's own test cameras, in a Linux of its own.

    sudo make test-camera
    sudo make test-camera CASES="check_2_opening.py check_4_faults.py::test_black" CACHE=/somewhere
    sudo make test-camera WEBCAM=1      # with a kernel that has USB, which takes some minutes to build

Exit codes: 0 every case has passed or says why it was skipped; 1 one has not; 77 nothing was run, for want of what is named.
"""

import argparse
import os
import platform
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from absent import AbsentError, check_machine
from guest import MEMORY_MB, Guest
from kernel import Kernel, debian_starts_here, make_kernel
from report import Case, Report
from say import say
from system import CASES, SUITE, copy_source, disk, lay_out_release, wheels

PASSED, FAILED, ABSENT = 0, 1, 77
INSIDE = Path(__file__).with_name("inside")
CHAPTER = "check_1_chapter.py"  # which installs catdog; nothing else can be run without it
AFTER_REBOOT = "check_8_after_reboot.py"
_PREPARE = """\
set -e
printf '[global]\\nno-index = true\\nfind-links = /mnt/share/wheels\\n' > /etc/pip.conf
mkdir -p /usr/lib/modules
[ -e "/usr/lib/modules/$(uname -r)/modules.dep" ] || cp -r /mnt/share/modules/. /usr/lib/modules
rm -rf /usr/src/catdog /usr/src/release
cp -r /mnt/share/source /usr/src/catdog
cp -r /mnt/share/release /usr/src/release
"""
_FILE_S = 1500.0  # for the cases of one file


def main() -> int:
    """Run the target; returns the exit code."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # or the guest would go on without us
    cache, begun = arguments.cache.expanduser().resolve(), time.monotonic()
    try:
        check_machine()
    except AbsentError as error:
        sys.stderr.write(f"test-camera: nothing was run, every case is skipped: {error}\n")
        return ABSENT
    cache.mkdir(parents=True, exist_ok=True)
    starts = debian_starts_here()
    if not starts:
        say("Debian's User Mode Linux does not start on a processor with AMX: a kernel that does is built as a whole")
    kernel = make_kernel(cache, whole=arguments.webcam or not starts)
    packages = wheels(cache)
    image = disk(cache, packages)
    ready = time.monotonic()
    report = Report(_machine(kernel))
    settings = f"CATDOG_CAMERA_FRAMES={arguments.frames} CATDOG_CAMERA_PATIENCE={arguments.patience}"
    report.machine["waits, times as long as on an idle machine"] = arguments.patience
    home = cache / "run"
    home.mkdir(exist_ok=True)
    with Guest(kernel, image, home, keep=arguments.keep) as guest:
        say(f"the guest has started, {time.monotonic() - ready:.0f} s")
        _fill(guest, packages, kernel)
        _run_cases(guest, report, _wanted(arguments.cases, keep=arguments.keep), settings)
    report.machine["seconds, with a warm cache"] = round(time.monotonic() - ready)
    report.machine["seconds of making kernel, disk and packages"] = round(ready - begun)
    path = report.write(arguments.report)
    say(f"{report.count('passed')} passed, {report.count('failed')} failed, {report.count('skipped')} skipped; see {path}")
    sys.stdout.write(path.read_text())
    return FAILED if report.count("failed") or not report.cases else PASSED


def _parser() -> argparse.ArgumentParser:
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    parser = argparse.ArgumentParser(prog="make test-camera", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", nargs="*", help="files in inside/, or FILE::CASE (default: all)")
    parser.add_argument(
        "--cache", type=Path, default=home / "catdog/test-camera", help="kernel, disk, packages (default: %(default)s)"
    )
    parser.add_argument(
        "--report", type=Path, default=Path("reports/test-camera"), help="folder of the report (default: %(default)s)"
    )
    parser.add_argument("--webcam", action="store_true", help="build a whole kernel, with USB, for the cases of webcams")
    parser.add_argument("--keep", action="store_true", help="go on in the guest of the last run, with the catdog that is in it")
    parser.add_argument("--frames", type=int, default=10_000, help="of the memory's case (default: %(default)s)")
    parser.add_argument("--patience", type=float, default=1.0, help="wait so many times longer: a busy machine")
    return parser


def _machine(kernel: Kernel) -> dict[str, object]:
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "host": f"{platform.machine()}, {os.cpu_count()} cores, {model[0].partition(': ')[2] if model else 'unknown'}",
        "load of the host at the start": os.getloadavg()[0],
        "guest": f"User Mode Linux {kernel.version}, one core, {MEMORY_MB} MB, Debian {SUITE}",
    }


def _wanted(asked: list[str], *, keep: bool) -> dict[str, list[str]]:
    """Return what to run, file by file; the chapter before all else where the guest is a new one."""
    found: dict[str, list[str]] = {} if keep or not asked else {CHAPTER: [CHAPTER]}
    for case in asked or sorted(path.name for path in INSIDE.glob("check_*.py")):
        found.setdefault(case.partition("::")[0], []).append(case)
    return found


def _fill(guest: Guest, packages: Path, kernel: Kernel) -> None:
    copy_source(guest.share / "source")
    lay_out_release(guest.share / "source", guest.share / "release")
    for name, source in (("wheels", packages), ("cases", INSIDE), ("modules", kernel.modules / "lib/modules")):
        shutil.rmtree(guest.share / name, ignore_errors=True)
        shutil.copytree(source, guest.share / name, ignore=shutil.ignore_patterns("__pycache__"))
    prepared = guest.run(_PREPARE, 600.0)
    if prepared.code != 0:
        raise RuntimeError(f"the guest could not be prepared: {prepared.output[-2000:]}")


def _run_cases(guest: Guest, report: Report, wanted: dict[str, list[str]], settings: str) -> None:
    for name, cases in wanted.items():
        if name == AFTER_REBOOT:
            report.cases.append(_reboot(guest))
        told = guest.share / f"{name}.jsonl"
        told.unlink(missing_ok=True)
        set_up = f"{settings} CATDOG_CASES=/mnt/share/{told.name} PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=."
        pytest = f"{CASES}/bin/pytest -q -p no:cacheprovider -p told -o python_files='check_*.py' --rootdir=."
        guest_command = f"cd /mnt/share/cases && {set_up} {pytest} {' '.join(cases)}"
        begun = time.monotonic()
        said = guest.run(guest_command, _FILE_S)
        (guest.share.parent / f"{name}.log").write_text(said.output)
        count = report.read(told)
        if said.code is None or not count:
            why = f"it did not end within {_FILE_S:.0f} s" if said.code is None else said.output[-1500:]
            report.cases.append(Case(name, "all cases of this file", "failed", why, time.monotonic() - begun))
        bad = [case for case in report.cases[-count:] if case.outcome == "failed"] if count else []
        say(f"{name}: {count} cases, {len(bad)} failed, {time.monotonic() - begun:.0f} s")
        for case in bad:
            say(f"  {case.name}: {case.why.splitlines()[0][:200] if case.why else ''}")
        if name == CHAPTER and guest.run("test -x /opt/catdog/bin/catdog-edge", 20).code != 0:
            say("catdog could not be installed; nothing more can be run")
            return


def _reboot(guest: Guest) -> Case:
    title = "The system starts again by its own command"
    try:
        seconds = guest.reboot()
    except RuntimeError as error:
        return Case("reboot", title, "failed", str(error))
    return Case("reboot", title, "passed", "", round(seconds, 1))


if __name__ == "__main__":
    sys.exit(main())
