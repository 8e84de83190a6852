"""The machine is recorded, and who owns it is not."""

import getpass
import json
import platform
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from catdog.benchmarks.validity.environment import Environment, record_environment
from catdog.edge.common.machine import read_board, read_cpu, read_governors

pytest.importorskip("psutil", reason="needs the extra bench")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_raspberry_pi_is_recognised(tmp_path: Path, environment: Environment) -> None:
    _write(tmp_path / "proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    _write(tmp_path / "proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n")
    for core in (0, 1):
        _write(tmp_path / f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor", "ondemand\n")
    board = read_board(tmp_path)
    assert board == "Raspberry Pi 4 Model B Rev 1.4"
    assert read_cpu(tmp_path) == "ARM implementer 0x41 part 0xd08"
    assert read_governors(tmp_path) == ["ondemand"]
    assert replace(environment, board=board).is_raspberry_pi
    assert not environment.is_raspberry_pi


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    assert read_board(tmp_path) is None
    assert read_governors(tmp_path) == []
    assert read_cpu(tmp_path)


def test_a_pc_names_its_processor(tmp_path: Path) -> None:
    _write(tmp_path / "proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n")
    assert read_cpu(tmp_path) == "Some CPU @ 3 GHz"


def test_this_machine_without_names_of_hosts_and_people() -> None:
    recorded = record_environment(load_before=0.5)
    text = json.dumps(asdict(recorded))
    assert recorded.load_before == 0.5
    assert recorded.cores >= recorded.usable_cores >= 1
    assert recorded.memory_bytes > 1 << 20
    assert recorded.packages["numpy"]
    assert not re.search(rf"(^|\W){re.escape(str(Path.home()))}/", text)
    assert not re.search(rf"\b({re.escape(platform.node() or '-')}|{re.escape(getpass.getuser())})\b", text)
