"""Labelling over HTTP, with a real server: pictures move and come back, and nobody else moves them."""

import http.client
import json
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import cv2
import numpy as np
import pytest
from drawn_classes import draw_thing

pytest.importorskip("aiohttp", reason="the extra web is not installed")
from label_pages import collect, labelling

from catdog.edge.errors import InputNotFoundError, OutputError, UsageError
from catdog.edge.inference.classifier import Classifier
from catdog.edge.models import bundled_tflite
from catdog.edge.sinks.web.label.folder import LabelFolder
from catdog.edge.sinks.web.label.names import path_of, plain_label
from catdog.edge.sinks.web.sink import WebSink
from catdog.edge.store import ModelStore
from catdog.edge.teach.gallery import find

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier("tiny", threads=1)


def ask(sink: WebSink, path: str, body: object = None, headers: dict[str, str] = JSON) -> tuple[int, Any]:
    """Ask once; a body makes it a POST. What is no JSON comes as bytes."""
    port = int(re.search(r":(\d+)/", sink.url)[1])  # type: ignore[index]
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        if body is None:
            connection.request("GET", path, headers=headers)
        else:
            connection.request("POST", path, body if isinstance(body, str) else json.dumps(body), headers)
        reply = connection.getresponse()
        read = reply.read()
        return reply.status, json.loads(read) if "json" in (reply.getheader("Content-Type") or "") else read


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg")}


def test_pictures_are_labelled_deleted_and_brought_back_also_after_a_restart(model: Classifier, tmp_path: Path) -> None:
    names = collect(tmp_path, "cats", 4)
    before = {name: (tmp_path / name).read_bytes() for name in names}
    taken = tmp_path / "robin" / Path(names[0]).name  # of another camera, say
    taken.parent.mkdir()
    taken.write_bytes(b"somebody's own")
    with labelling(model, tmp_path) as (sink, _):
        status, said = ask(sink, "/label/pictures")
        assert (status, [picture["name"] for picture in said["pictures"]]) == (200, names)
        assert [(label["name"], label["count"]) for label in said["labels"]] == [
            *((label, 0) for label in model.contract.labels),
            ("robin", 1),
        ]
        assert said["pictures"][0]["guess"] == "cats" and said["pictures"][0]["pets"][0]["box"] == [60, 40, 200, 160]
        status, picture = ask(sink, f"/label/picture.jpg?small&name={quote(names[0])}")
        assert (status, cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape) == (200, (240, 320, 3))
        status, said = ask(sink, "/label/move", {"names": names[:2], "label": "Robin"})  # spelt as the folder is
        assert (status, said["unlabelled"], said["undoable"]) == (200, 2, 1)
        assert said["moved"] == [f"robin/{Path(names[0]).stem}-2.jpg", f"robin/{Path(names[1]).name}"]
        assert (tmp_path / said["moved"][0]).read_bytes() == before[names[0]]
        assert (tmp_path / said["moved"][0]).with_suffix(".json").exists()
        assert ask(sink, "/label/move", {"names": [names[2]], "label": "Black Redstart"})[0] == 200
        assert ask(sink, "/label/delete", {"names": [names[3]]})[1]["unlabelled"] == 0
        assert taken.read_bytes() == b"somebody's own"
        assert {photo.label for photo in find(tmp_path, print)} == {"robin", "Black Redstart"}  # not of the trash
        assert ask(sink, "/label/move", {"names": [names[3]], "label": "robin"})[0] == 404
    with labelling(model, tmp_path) as (sink, _):
        for back in (names[3:], names[2:3], names[:2]):
            assert ask(sink, "/label/undo", {})[1]["back"] == back
        assert ask(sink, "/label/undo", {})[1]["back"] == []
        assert not (tmp_path / "Black Redstart").exists()  # a label that nothing has
    assert {name: (tmp_path / name).read_bytes() for name in names} == before
    assert files(tmp_path) == {*names, f"robin/{taken.name}"}


def test_full_disk_or_a_kill_loses_no_picture(tmp_path: Path) -> None:
    names = collect(tmp_path, "cats", 3)
    folder = LabelFolder(tmp_path, ("cats", "dogs"))
    before = {name: (tmp_path / name).read_bytes() for name in names}
    (tmp_path / ".labelled.json").mkdir()  # the step cannot be noted: so nothing moves
    with pytest.raises(OutputError):
        folder.label(names, "dogs")
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before
    (tmp_path / ".labelled.json").rmdir()
    program = f"""if True:
        import os, sys
        from pathlib import Path
        from catdog.edge.sinks.web.label.folder import LabelFolder
        moved, replace = 0, os.replace
        def killed(source, target):
            global moved
            moved += not str(target).endswith("labelled.json")
            os._exit(9) if moved == 2 else replace(source, target)
        os.replace = killed
        LabelFolder(Path({str(tmp_path)!r}), ("cats", "dogs")).label({names!r}, "dogs")
    """
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert sorted(path.stat().st_size > 0 for path in (tmp_path / "dogs").glob("*.jpg")) == [False, False, True]
    assert folder.undo() == names[:1]
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_nothing_is_learnt_from_guesses(tmp_path: Path) -> None:
    collect(tmp_path, "cats", 2)
    collect(tmp_path / "x", "dogs", 1)
    (tmp_path / "x" / "unlabelled").rename(tmp_path / "hens")
    said: list[str] = []
    assert {photo.label for photo in find(tmp_path, said.append)} == {"hens"}
    assert "unlabelled" in said[0]


def test_what_looks_alike_is_one_group_and_what_does_not_is_none(model: Classifier, tmp_path: Path) -> None:
    alike = collect(tmp_path, "cats", 1, first=3, alike=4)
    others = collect(tmp_path, "dogs", 5, first=7)
    (tmp_path / others[4]).write_bytes(b"no picture")
    with labelling(model, tmp_path) as (sink, _):
        said = ask(sink, "/label/pictures")[1]
        assert ask(sink, f"/label/picture.jpg?name={others[4]}")[0] == 415
    groups = {picture["name"]: picture["group"] for picture in said["pictures"]}
    assert {groups[name] for name in alike} == {alike[0]}
    assert len({groups[name] for name in others}) == 5


@pytest.mark.parametrize(
    "name",
    ["../secret.jpg", "unlabelled/../../secret.jpg", "/etc/passwd", "secret.jpg", ".trash/a.jpg", "cats/.hidden.jpg",
     "cats/link.jpg", "cats/a.json", "cats//a.jpg", "cats\\..\\a.jpg", "cats/" + "a" * 300 + ".jpg",
     "cats/a\0.jpg", 7, None, ["a"]],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name: object, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for place in ("cats", ".trash"):
        (folder / place).mkdir(parents=True)
        (folder / place / "a.jpg").write_bytes(b"1")
    (tmp_path / "secret.jpg").write_bytes(b"2")
    (folder / "cats" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    assert path_of(folder, "cats/a.jpg") == folder / "cats/a.jpg"
    with pytest.raises((UsageError, InputNotFoundError)):
        path_of(folder, name)


@pytest.mark.parametrize(
    "label", ["", " ", "..", ".hidden", "a/b", "a\\b", "unlabelled", "Unsure", "x" * 41, "a\n", "-x", "a.", "<b>", 7, None]
)
def test_labels_that_are_no_plain_names_are_refused(label: object) -> None:
    with pytest.raises(UsageError):
        plain_label(label if label != "a\n" else "a\nb", ["cats"])


@pytest.mark.parametrize(
    ("label", "plain"), [("robin", "robin"), (" CATS ", "cats"), ("Rotkehlchen 2", "Rotkehlchen 2"), ("猫", "猫")]
)
def test_labels_are_taken_as_they_are_typed(label: str, plain: str) -> None:
    assert plain_label(label, ["cats"]) == plain


def test_only_the_page_itself_changes_something(model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = collect(tmp_path, "cats", 1)
    move = {"names": names, "label": "cats"}
    with labelling(model, tmp_path) as (sink, _):
        origin = sink.url.rstrip("/")
        for headers in (
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            JSON | {"Origin": "http://evil.example"},
            JSON | {"Origin": "null"},
            JSON | {"Sec-Fetch-Site": "cross-site", "Origin": origin},
            JSON | {"Sec-Fetch-Site": "same-site"},
        ):
            assert ask(sink, "/label/move", move, headers)[0] == 403, headers
        for path in ("move", "delete", "undo", "teach", "teach/stop", "use", "back"):
            assert ask(sink, f"/label/{path}", "{}", {"Content-Type": "text/plain"})[0] == 403, path
            assert ask(sink, f"/label/{path}", "[]")[0] == 400, path
        for wrong in (
            {},
            {"names": "x", "label": "cats"},
            {"names": [], "label": "cats"},
            move | {"label": "../x"},
            move | {"names": [[]]},
        ):
            assert ask(sink, "/label/move", wrong)[0] == 400, wrong
        assert ask(sink, "/label/move", move, JSON | {"Host": "evil.example"})[0] == 421
        assert files(tmp_path) == set(names)
        assert ask(sink, "/label/move", move, JSON | {"Origin": origin, "Sec-Fetch-Site": "same-origin"})[0] == 200
    monkeypatch.setenv("CATDOG_TOKEN", "a-token-of-some-length")
    with labelling(model, tmp_path) as (sink, _):
        for path in ("/label", "/label.js", "/label/pictures", f"/label/picture.jpg?name={names[0]}", "/label/teach"):
            assert ask(sink, path)[0] == 401, path
        assert ask(sink, "/label/undo", {})[0] == 401
        assert ask(sink, "/label/undo", {}, JSON | {"Authorization": "Bearer a-token-of-some-length"})[0] == 200


def test_without_a_folder_the_page_says_what_to_type(model: Classifier, tmp_path: Path) -> None:
    with labelling(model, None) as (sink, _):
        assert ask(sink, "/label")[0] == 200
        status, said = ask(sink, "/label/pictures")
        assert (status, b"--save-uncertain" in said) == (404, True)
        assert ask(sink, "/label/teach", {})[0] == 404
    with labelling(model, tmp_path / "not-yet") as (sink, _):
        assert ask(sink, "/label/pictures")[1]["pictures"] == []


def test_model_is_taught_used_and_gone_back_from(model: Classifier, tmp_path: Path) -> None:
    folder, store = tmp_path / "doubtful", ModelStore(tmp_path / "models")
    first = store.use(store.put(bundled_tflite("tiny").read_bytes(), said="tiny").id)
    collect(folder, "cats", 12)  # a guess each: never learnt from
    with labelling(model, folder, models=tmp_path / "models") as (sink, said):
        assert ask(sink, "/label/use", {})[0] == 404
        assert ask(sink, "/label/back", {})[0] == 404
        assert taught(sink)["verdict"] == "failed"  # there is no label yet
        (folder / "stars").mkdir()
        for seed in range(30):
            if seed == 5:
                few = taught(sink)
                assert (few["verdict"], "at least 10 pictures of stars" in few["said"]) == ("unproven", True)
            cv2.imwrite(str(folder / "stars" / f"p{seed}.png"), draw_thing(7, seed))
        assert ask(sink, "/label/teach", {})[0] == 200
        assert ask(sink, "/label/teach", {})[0] == 400  # one at a time
        assert ask(sink, "/label/teach/stop", {})[0] == 200
        assert wait_for(sink)["verdict"] == "stopped"
        done = taught(sink, allow_unproven=True)
        assert (done["verdict"], done["labels"]) == ("allowed", ["cats", "dogs", "stars", "neither"])
        assert {figure["after"]["name"] for figure in done["figures"]} == {"stars"}
        assert done["flips"][0]["truth"] == "stars"
        assert ask(sink, f"/label/picture.jpg?name={quote(done['flips'][0]['name'])}")[0] == 200
        assert str(tmp_path) not in json.dumps(done)
        assert ask(sink, "/label/use", {})[1]["in_use"]["labels"] == ["cats", "dogs", "stars", "neither"]
        used = store.current()
        assert used is not None and used.id != first.id
        assert Classifier(used.path).classify(draw_thing(7, 900)).label == "stars"
        assert ask(sink, "/label/back", {})[1]["in_use"]["id"] == first.id
        assert [line for line in said if "was chosen on the page" in line]


def taught(sink: WebSink, **how: bool) -> dict[str, Any]:
    assert ask(sink, "/label/teach", how)[0] == 200
    return wait_for(sink)


def wait_for(sink: WebSink) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while (state := ask(sink, "/label/teach")[1])["state"] == "running" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert state["state"] == "done"
    return dict(state)
