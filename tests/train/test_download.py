from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("platformdirs", reason="the extra train is not installed")

from catdog.edge.errors import DatasetError
from catdog.train.download import download

if TYPE_CHECKING:
    from tests.conftest import Site


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_is_fetched_once(site: "Site") -> None:
    body = bytes(range(256)) * 4000
    site.pages["/pets.zip"] = (200, {}, body)
    for _ in range(2):
        assert download(f"{site.url}/pets.zip", offline_ways="x").read_bytes() == body
    assert site.requests == ["/pets.zip"]


def test_the_same_name_elsewhere_is_another_file(site: "Site") -> None:
    for folder in "ab":
        site.pages[f"/{folder}/pets.zip"] = (200, {}, folder.encode())
        assert download(f"{site.url}/{folder}/pets.zip", offline_ways="x").read_bytes() == folder.encode()


def test_what_breaks_off_is_not_kept(site: "Site", cache: Path) -> None:
    site.pages["/pets.zip"] = (200, {"Content-Length": "1000", "Connection": "close"}, b"only this")
    with pytest.raises(DatasetError, match="Do something else"):
        download(f"{site.url}/pets.zip", offline_ways="Do something else.")
    assert [path for path in cache.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("url", ["{site}/none.zip", "http://127.0.0.1:1/pets.zip", "http:///pets.zip"])
def test_failure_names_the_offline_ways(site: "Site", url: str) -> None:
    with pytest.raises(DatasetError, match="Do something else"):
        download(url.format(site=site.url), offline_ways="Do something else.")
