"""In the guest: each case's outcome and figures become a line of a file that the host reads."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import vivid


def pytest_configure(config: pytest.Config) -> None:
    """Where cases are told."""
    config.stash[_TOLD] = Path(os.environ["CATDOG_CASES"])


_TOLD = pytest.StashKey[Path]()
_outcomes: dict[str, dict[str, object]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Iterator[None]:
    """Tell a case once it is over."""
    report: pytest.TestReport = yield
    case = _outcomes.setdefault(item.nodeid, {"name": item.nodeid, "outcome": "passed", "why": "", "seconds": 0.0})
    case["seconds"] = round(float(str(case["seconds"])) + report.duration, 1)
    if report.outcome != "passed" and case["outcome"] == "passed":
        case["outcome"], case["why"] = report.outcome, _why(report)
    if report.when == "teardown":
        case["title"] = (item.obj.__doc__ or item.name).strip().splitlines()[0]  # type: ignore[attr-defined]
        case["figures"] = dict(item.user_properties)
        with item.config.stash[_TOLD].open("a") as file:
            file.write(json.dumps(case) + "\n")
    return report


def _why(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr)[:1500]


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Keeps a figure for the report, by a name with its unit."""
    return record_property


@pytest.fixture
def camera() -> Iterator[None]:
    """One camera, /dev/video0, as it is after plugging in."""
    vivid.load()
    yield
    vivid.unload()
