"""Profiles: which fits a board, what it sets, and who wins over it. Boards are made-up trees of /proc and /sys."""

import json
from pathlib import Path

import pytest

from catdog.edge.errors import UsageError
from catdog.edge.program import profile
from catdog.edge.program.arguments import check_config, parse, run_options, sink_options
from catdog.edge.program.cli import main
from catdog.edge.program.doctor.findings import Verdict
from catdog.edge.program.doctor.system import profile as profile_finding
from catdog.edge.program.parser import build_parser
from catdog.edge.program.profile import AUTO, FULL, OPTIONS, PROFILES, SMALL, Facts, fitting

A53, A72, A76 = "0xd03", "0xd08", "0xd0b"
SMALL_SETS = "--model fast --threads 1 --most-regions 1 --queue 8 --workers 1"


def board(root: Path, kb: int | None, parts: tuple[str, ...] = (), model: str = "", **files: str) -> Path:
    """Write a board's tree; double underscores of `files` are slashes."""
    files |= {
        "proc__cpuinfo": "".join(f"processor\t: {n}\nCPU implementer\t: 0x41\nCPU part\t: {p}\n" for n, p in enumerate(parts))
    }
    if kb is not None:
        files["proc__meminfo"] = f"MemTotal:       {kb} kB\nMemFree:  9 kB\nMemAvailable:   {kb // 2} kB\n"
    if model:
        files["proc__device-tree__model"] = model + "\0"
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("kb", "parts", "model", "name", "why"),
    [
        (437_000, (A53,) * 4, "Raspberry Pi Zero 2 W Rev 1.0", SMALL, ("447 MB of memory (little)", "A53 cores (slow)")),
        (430_000, (A53,) * 4, "Raspberry Pi 3 Model A Plus Rev 1.0", SMALL, ("(little)", "(slow)", "Pi 3 Model A Plus")),
        (925_000, (A53,) * 4, "Raspberry Pi 3 Model B Rev 1.2", SMALL, ("947 MB of memory, 4", "(slow)")),
        (1_870_000, (A72,) * 4, "Raspberry Pi 4 Model B Rev 1.5", FULL, ("1,915 MB of memory, 4 Cortex-A72 cores", "Pi 4")),
        (8_250_000, (A76,) * 4, "Raspberry Pi 5 Model B Rev 1.0", FULL, ("Cortex-A76",)),
        (4_000_000, (A53, A53, A72, A72), "", FULL, ("Cortex-A53 and Cortex-A72",)),  # two of its cores are fast
        (480_000, (A72,) * 4, "", SMALL, ("(little)",)),
        (3_900_000, ("0x123",) * 4, "", FULL, ("4 0x123 cores",)),
        (16_000_000, (), "", FULL, ("16,384 MB of memory, 4 cores",)),
        (None, (), "", FULL, ("memory unknown",)),
    ],
)  # fmt: skip
def test_what_fits_which_board(
    tmp_path: Path, kb: int | None, parts: tuple[str, ...], model: str, name: str, why: tuple[str, ...]
) -> None:
    facts = Facts.of(board(tmp_path, kb, parts, model), cores=4)
    found, told = fitting(facts)
    assert found == name, told
    assert all(part in told for part in why), told
    finding = profile_finding(tmp_path, cores=4)
    assert finding.verdict is Verdict.OK
    assert finding.found.startswith(f"{name} fits: {told}")
    assert finding.values["profile"] == name


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/\n", {"sys__fs__cgroup__memory.max": "268435456\n"}, 268_435_456),  # a container's own
        ("0::/\n", {"sys__fs__cgroup__memory.max": "max\n"}, None),
        (
            "0::/system.slice/catdog-edge.service\n",
            {
                "sys__fs__cgroup__system.slice__memory.max": "400000000\n",
                "sys__fs__cgroup__system.slice__catdog-edge.service__memory.max": "max\n",
            },
            400_000_000,
        ),
        ("4:memory:/box\n0::/\n", {"sys__fs__cgroup__memory__box__memory.limit_in_bytes": "536870912\n"}, 536_870_912),
        ("4:memory:/\n", {"sys__fs__cgroup__memory__memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ("2:cpu,cpuacct:/box\n", {"sys__fs__cgroup__memory.max": "1000\n"}, None),
    ],
)
def test_a_control_groups_limit_counts_as_memory(
    tmp_path: Path, groups: str, limits: dict[str, str], expected: int | None
) -> None:
    board(tmp_path, 16_000_000, proc__self__cgroup=groups, **limits)
    facts = Facts.of(tmp_path, cores=2)
    assert facts.memory_bytes == (expected or 16_000_000 * 1024)
    assert fitting(facts)[0] == (SMALL if expected else FULL)


def on(monkeypatch: pytest.MonkeyPatch, facts: Facts) -> None:
    """Let this machine be another."""
    monkeypatch.setattr(profile.Facts, "of", lambda: facts)


ZERO_2_W = Facts(447_000_000, 4, ("Cortex-A53",), "Raspberry Pi Zero 2 W Rev 1.0")
PI_5 = Facts(8_450_000_000, 4, ("Cortex-A76",), "Raspberry Pi 5 Model B Rev 1.0")


def test_without_a_profile_nothing_is_set_on_any_board(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, ZERO_2_W)
    arguments = parse(["--camera", "demo"])
    assert (arguments.model, arguments.threads, arguments.queue, arguments.workers) == ("default", None, 64, None)
    assert not hasattr(arguments, "noted")


def test_auto_changes_nothing_on_larger_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, PI_5)
    plain, auto = (vars(parse(["--camera", "demo", *more])) for more in ([], ["--profile", AUTO]))
    assert auto.pop("noted") == f"profile full ({fitting(PI_5)[1]}): nothing to set"
    assert {name for name in plain if plain[name] != auto[name]} == {"profile"}


def test_auto_is_small_where_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, ZERO_2_W)
    arguments = parse(["--camera", "demo", "--profile", "auto"])
    assert arguments.noted == f"profile small ({fitting(ZERO_2_W)[1]}): {SMALL_SETS}"
    how, where = run_options(arguments), sink_options(arguments)
    assert (arguments.model, how.threads, how.workers, how.regions.most, where.queue) == ("fast", 1, 1, 1, 8)


def test_who_names_an_option_wins_even_with_its_usual_value(tmp_path: Path) -> None:
    arguments = parse(["--camera", "demo", "--profile", "small", "--model", "default", "--queue", "64"])
    assert (arguments.model, arguments.queue, arguments.threads) == ("default", 64, 1)
    assert arguments.noted == "profile small: --threads 1 --most-regions 1 --workers 1"
    file = tmp_path / "edge.toml"
    file.write_text('camera = "demo"\nprofile = "small"\nmodel = "tiny"\nthreads = "auto"\nmost-regions = 2\n')
    arguments = parse(["--config", str(file), "--most-regions", "3"])
    assert (arguments.model, arguments.threads, arguments.most_regions) == ("tiny", None, 3)
    assert arguments.noted == "profile small: --queue 8 --workers 1"
    assert parse(["--config", str(file), "--profile", "full"]).queue == 64  # the command line's profile wins over the file's
    check_config(file)


def test_all_that_a_profile_sets_is_an_option() -> None:
    assert set(OPTIONS) == set(PROFILES) - {AUTO}
    known = {action.dest for action in build_parser()._actions}
    assert all(set(options) <= known for options in OPTIONS.values())


@pytest.mark.parametrize("wrong", [("--queue", "0"), ("--workers", "0"), ("--most-regions", "0"), ("--profile", "tiny")])
def test_values_that_are_refused(wrong: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        arguments = parse(["--camera", "demo", *wrong])
        run_options(arguments)
        sink_options(arguments)


def test_it_is_told_in_one_line_on_stderr(capfd: pytest.CaptureFixture[str], class_folders: Path) -> None:
    assert main(["--profile", "small", "--json", str(class_folders)]) == 0
    told = capfd.readouterr()
    assert told.err == f"catdog-edge: profile small: {SMALL_SETS}\n"
    assert len(told.out.splitlines()) == 20  # a folder, by one copy of the model


def test_what_the_profile_sets_reaches_the_runner_and_the_sinks(
    class_folders: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "doubtful"
    words = ["--profile", "small", "--json", str(class_folders), "--save-uncertain", str(kept), "--uncertain-below", "1"]
    assert main(words) == 0
    results = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert len(results) == 20  # nothing is dropped of a folder, however few may wait
    assert len(list(kept.rglob("*.jpg"))) == 20
