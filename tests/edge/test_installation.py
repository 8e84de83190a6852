"""Advice that works: whose pip, and with which rights."""

import sys
import sysconfig
from pathlib import Path

import pytest

from catdog.edge.common import installation
from catdog.edge.common.installation import missing_extra, pip


@pytest.fixture
def python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Python of the system, whose packages its user may write."""
    monkeypatch.setattr(sys, "prefix", "/usr")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return tmp_path


def test_environment_that_is_not_active_is_named(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/opt/catdog")
    assert pip("install 'catdog-edge[web]'") == "/opt/catdog/bin/pip install 'catdog-edge[web]'"
    monkeypatch.setenv("VIRTUAL_ENV", "/opt/catdog")
    assert pip("install 'catdog-edge[web]'") == "pip install 'catdog-edge[web]'"
    monkeypatch.setattr(installation.os, "access", lambda *_: False)
    assert pip("install 'catdog-edge[web]'") == "sudo /opt/catdog/bin/pip install 'catdog-edge[web]'"


def test_environment_of_pipx_is_changed_by_pipx(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(python))
    (python / "pipx_metadata.json").touch()
    assert pip("install x") == "pipx runpip catdog-edge install x"


def test_systems_python_that_takes_no_packages_gets_an_environment(python: Path) -> None:
    assert pip("install x") == f"{sys.executable} -m pip install x"
    (python / "EXTERNALLY-MANAGED").touch()
    assert pip("install x") == "sudo /usr/bin/python3 -m venv /opt/catdog && sudo /opt/catdog/bin/pip install x"
    assert "/opt/catdog/bin/pip install 'catdog-edge[web]'" in missing_extra("aiohttp", "web").fix
