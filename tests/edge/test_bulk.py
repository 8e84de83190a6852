"""`catdog-edge photos/ --ray`: on real Ray nodes, against what one machine says of the same pictures."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from commands import run

from benchmarks.project.ray_nodes import RayCluster, environment
from catdog.edge.bulk.cluster import require_ray
from catdog.edge.bulk.formats import by_suffix
from catdog.edge.bulk.job import Job, as_error, names_to_bytes
from catdog.edge.bulk.judging import Judge, answers_of
from catdog.edge.bulk.output import Output, digest
from catdog.edge.bulk.run import LARGEST_SHARD, SMALLEST_SHARD, shard_size, shards
from catdog.edge.common.installation import own_version
from catdog.edge.errors import MissingExtraError, OutputError, UsageError
from catdog.edge.models import bundled_tflite
from catdog.edge.runner.loop import RunOptions
from catdog.edge.synthetic import draw_picture

needs_ray = [pytest.mark.slow, pytest.mark.skipif("not __import__('importlib').util.find_spec('ray')", reason="no extra ray")]
PICTURES = int(os.environ.get("CATDOG_CLUSTER_PICTURES", "3200"))  # of the test that kills programs in the middle
FRAGILE = """\
import os

from catdog.edge.backends import BackendRow
from catdog.edge.backends.litert import LiteRTBackend


class Fragile(LiteRTBackend):
    def scores(self, pixels):
        if pixels.mean() > 240:
            os.abort()
        return super().scores(pixels)


ROW = BackendRow("fragile", ("tflite",), lambda model, threads: Fragile(model, threads=threads))
"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn pictures, of one that is none, and of one that is nearly white."""
    folder = tmp_path_factory.mktemp("bulk")
    (folder / "pets").mkdir()
    for label in ("cats", "dogs"):
        for seed in range(40):
            cv2.imwrite(str(folder / "pets" / f"{label}-{seed:02d}.jpg"), draw_picture(label, seed))
    (folder / "pets" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    white = np.full((240, 320, 3), 255, np.uint8)
    white[:10] = 0
    cv2.imwrite(str(folder / "pets" / "white.png"), white)
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    """Two nodes, which find the fragile runtime."""
    folder = tmp_path_factory.mktemp("for-nodes")
    (folder / "catdog_fragile.py").write_text(FRAGILE)
    about = folder / "catdog_fragile-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: catdog-fragile\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[catdog.backends]\nfragile = catdog_fragile:ROW\n")
    with RayCluster(folder, nodes=2) as started:
        yield started


def answers(lines: str) -> list[dict[str, Any]]:
    """What JSON lines say, without the times."""
    rows = [json.loads(line) for line in lines.splitlines()]
    return [{name: value for name, value in row.items() if name not in ("age_ms", "latency_ms")} for row in rows]


def results(folder: Path) -> list[dict[str, Any]]:
    return answers("".join(path.read_text() for path in sorted(folder.glob("part-*.jsonl"))))


def alone(folder: Path, *options: str) -> list[dict[str, Any]]:
    return answers(run("catdog-edge", "pets", "--json", "--model", "tiny", *options, cwd=folder).stdout)


class TestOnTwoNodes:
    pytestmark = needs_ray

    def test_says_what_one_machine_says(self, pictures: Path, cluster: RayCluster) -> None:
        command = ["pets", "--model", "tiny", "--threshold", "0.7", "--ray", cluster.address, "--output"]
        finished = run("catdog-edge", *command, "same.jsonl", cwd=pictures, **cluster.environment)
        assert finished.returncode == 11, finished.stderr
        assert results(pictures / "same.jsonl") == alone(pictures, "--threshold", "0.7")
        assert finished.stdout.startswith("same.jsonl: 82 pictures: ")
        assert "2 machines with 2 cores" in finished.stderr
        assert "broken.jpg, a JPEG that is truncated" in finished.stderr
        again = run("catdog-edge", *command, "same.jsonl", cwd=pictures, **cluster.environment)
        assert again.returncode == 0
        assert "82 of 82 pictures are in same.jsonl already" in again.stderr

    def test_writes_parquet(self, pictures: Path, cluster: RayCluster) -> None:
        command = ["pets", "--model", "tiny", "--ray", cluster.address, "--output", "same.parquet"]
        finished = run("catdog-edge", *command, cwd=pictures, **cluster.environment)
        assert finished.returncode == 11, finished.stderr
        code = (
            "import json, pyarrow.parquet as pq\n"
            "for row in pq.read_table('same.parquet').to_pylist():\n"
            "    print(json.dumps({name: value for name, value in row.items() if value is not None}))"
        )
        said = subprocess.run([sys.executable, "-c", code], cwd=pictures, capture_output=True, text=True, check=True).stdout
        assert answers(said) == alone(pictures)

    def test_a_picture_that_ends_workers_is_a_row(self, pictures: Path, cluster: RayCluster) -> None:
        command = ["pets", "--model", "tiny", "--backend", "fragile", "--ray", cluster.address, "--output", "fragile.jsonl"]
        finished = run("catdog-edge", *command, cwd=pictures, **cluster.environment)
        assert finished.returncode == 11, finished.stderr
        found, expected = results(pictures / "fragile.jsonl"), alone(pictures)
        assert [row["source"] for row in found] == [row["source"] for row in expected]
        (white,) = (place for place, row in enumerate(found) if row["source"] == "pets/white.png")
        assert "pets/white.png, with which the process that judges it ends" in found[white]["error"]
        assert found[:white] + found[white + 1 :] == expected[:white] + expected[white + 1 :]

    def test_a_list_on_stdin(self, pictures: Path, cluster: RayCluster) -> None:
        names = "\n".join(["pets/cats-00.jpg", "/proc/self/nothing.jpg"])
        command = ["-", "--model", "tiny", "--ray", cluster.address, "--output", "list.jsonl"]
        finished = run("catdog-edge", *command, cwd=pictures, stdin=names, **cluster.environment)
        assert finished.returncode == 11, finished.stderr
        assert [row.get("label") is not None for row in results(pictures / "list.jsonl")] == [True, False]

    def test_a_killed_driver_and_a_killed_node(self, pictures: Path, cluster: RayCluster) -> None:
        pets = [f"pets/{label}-{seed:02d}.jpg" for label in ("cats", "dogs") for seed in range(40)]
        names = "\n".join(pets * (PICTURES // len(pets)))
        (pictures / "list.txt").write_text(names)
        executable = str(Path(sys.executable).parent / "catdog-edge")
        command = [executable, "-", "--model", "tiny", "--ray", cluster.address, "--output", "killed.jsonl"]
        folder = pictures / "killed.jsonl"

        def started() -> "subprocess.Popen[bytes]":
            with (pictures / "list.txt").open() as stdin:
                return subprocess.Popen(command, cwd=pictures, stdin=stdin, env=os.environ | cluster.environment)

        def wait_for(process: "subprocess.Popen[bytes]", count: int) -> None:
            deadline = time.monotonic() + 300
            while len(list(folder.glob("part-*"))) < count and process.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)

        first = started()
        wait_for(first, 5)
        first.send_signal(signal.SIGKILL)
        first.wait()
        before = {path.name: path.stat().st_mtime_ns for path in folder.glob("part-*")}
        assert len(before) >= 5
        second = started()
        wait_for(second, len(before) + 5)
        cluster.kill()
        assert second.wait(timeout=1500) == 0
        cluster.add()
        after = {path.name: path.stat().st_mtime_ns for path in folder.glob("part-*")}
        assert before.items() < after.items()  # nothing was done twice
        said = {row["source"]: row for row in alone(pictures)}
        assert results(folder) == [said[name] for name in names.splitlines()]

    def test_four_nodes_say_what_one_machine_says(self, pictures: Path, cluster: RayCluster) -> None:
        cluster.add()
        cluster.add()
        command = ["pets", "--model", "tiny", "--ray", cluster.address, "--output", "four.jsonl"]
        finished = run("catdog-edge", *command, cwd=pictures, **cluster.environment)
        cluster.kill()
        cluster.kill()
        assert finished.returncode == 11, finished.stderr
        assert "4 machines with 4 cores" in finished.stderr
        assert results(pictures / "four.jsonl") == alone(pictures)


@pytest.fixture
def bucket(tmp_path: Path, pictures: Path) -> Iterator[dict[str, str]]:
    """An S3 server on this machine with a bucket of some pictures; the environment to reach it by."""
    if find_spec("moto") is None or find_spec("s3fs") is None:
        pytest.skip("moto and s3fs are not installed")
    login = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "anything", "AWS_DEFAULT_REGION": "us-east-1"}
    server = subprocess.Popen(
        [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | login,
    )
    assert server.stderr is not None
    address = next(match[0] for line in server.stderr if (match := re.search(r"http://127\.0\.0\.1:\d+", line)))
    given = login | {"AWS_ENDPOINT_URL": address}
    fill = (
        "import sys, s3fs\n"
        "system = s3fs.S3FileSystem()\n"
        "system.mkdir('yard')\n"
        "for name in ('cats-00.jpg', 'dogs-00.jpg', 'broken.jpg'):\n"
        "    system.put_file('pets/' + name, 'yard/day/' + name)\n"
        "system.pipe_file('yard/day/notes.txt', b'none')\n"
        "system.pipe_file('yard/day/.trash/cats.jpg', b'none')\n"
    )
    subprocess.run([sys.executable, "-c", fill], cwd=pictures, env=os.environ | given, check=True)
    yield given
    server.terminate()
    server.communicate()


class TestAlone:
    pytestmark = needs_ray

    def test_a_cluster_of_its_own(self, pictures: Path, tmp_path: Path) -> None:
        command = ["pets", "--model", "tiny", "--ray", "--output", str(tmp_path / "own.jsonl")]
        finished = run("catdog-edge", *command, cwd=pictures, **environment(tmp_path / "path"))
        assert finished.returncode == 11, finished.stderr
        assert results(tmp_path / "own.jsonl") == alone(pictures)

    def test_a_bucket(self, pictures: Path, tmp_path: Path, bucket: dict[str, str]) -> None:
        given = bucket | environment(tmp_path / "path")
        command = ["s3://yard/day", "--model", "tiny", "--ray", "--output", str(tmp_path / "bucket.jsonl")]
        finished = run("catdog-edge", *command, cwd=pictures, **given)
        assert finished.returncode == 11, finished.stderr
        assert "left out, as no picture: 1 .txt, 1 hidden folder" in finished.stderr
        names = ("broken.jpg", "cats-00.jpg", "dogs-00.jpg")
        said = {row["source"].removeprefix("pets/"): row for row in alone(pictures)}
        expected = [said[name] | {"source": f"s3://yard/day/{name}"} for name in names]
        expected[0]["error"] = expected[0]["error"].replace("pets/", "s3://yard/day/")
        assert results(tmp_path / "bucket.jsonl") == expected
        nothing = run("catdog-edge", "s3://yard/night", "--ray", "--output", "none.jsonl", cwd=tmp_path, **given)
        assert nothing.returncode == 3
        assert "s3://yard/night, which holds none" in nothing.stderr

    def test_nobody_at_an_address(self, pictures: Path, tmp_path: Path) -> None:
        command = ["pets", "--ray", "127.0.0.1:1", "--output", str(tmp_path / "none.jsonl")]
        finished = run("catdog-edge", *command, cwd=pictures)
        assert finished.returncode == 17, finished.stderr
        assert "nobody who answers at 127.0.0.1:1" in finished.stderr


def test_the_extra_is_named_where_it_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catdog.edge.bulk.cluster.find_spec", lambda name: None if name == "ray" else find_spec(name))
    with pytest.raises(MissingExtraError, match=r"the package ray.*catdog-edge\[ray\]"):
        require_ray()


def test_nothing_of_ray_is_imported_without_it(picture: Path) -> None:
    code = (
        "import sys\n"
        "from catdog.edge.program.cli import main\n"
        "main(sys.argv[1:])\n"
        "print({'ray', 'pyarrow', 'pandas', 'fsspec', 'tqdm'} & {*sys.modules})\n"
    )
    finished = subprocess.run([sys.executable, "-c", code, str(picture)], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seen": "pets/cats.jpg"}, "where there is no pets/cats.jpg"),
        ({"version": "0.0.1"}, "catdog 0.0.1 on every machine"),
        ({"model": b"no model"}, "no.tflite"),
        ({"backend": "onnxruntime"}, "onnxruntime"),
    ],
)
def test_a_worker_that_cannot_work_says_why(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    pa = pytest.importorskip("pyarrow", reason="the extra ray is not installed")
    job = Job(
        model=bundled_tflite("tiny").read_bytes(),
        model_name="no.tflite",
        claims=None,
        backend="auto",
        options=RunOptions(),
        format="jsonl",
        base=str(tmp_path),
        seen=None,
        version=own_version(),
    )
    batch = pa.table({"shard": [3], "start": [0], "names": [names_to_bytes(["a.jpg", "b\udcff.jpg"])]})
    (fine,) = answers_of(Judge(job)(batch))
    assert (fine.shard, fine.pictures, fine.failed, fine.trouble) == (3, 2, 2, None)
    assert [row["source"] for row in answers(fine.data.decode())] == ["a.jpg", "b\udcff.jpg"]
    (answer,) = answers_of(Judge(replace(job, **changed))(batch))
    assert answer.trouble is not None
    assert said in str(as_error(answer.trouble))


def test_shards_are_decided_by_the_number_of_pictures() -> None:
    assert [shard_size(count) for count in (1, 20_000, 10**8)] == [SMALLEST_SHARD, 313, LARGEST_SHARD]
    names = [f"{number}.jpg" for number in range(200)]
    assert [name for piece in shards(names) for name in piece.names] == names
    assert [len(piece.names) for piece in shards(names)] == [64, 64, 47, 16, 9]  # the last are smaller
    assert [len(piece.names) for piece in shards(["one.jpg"])] == [1]
    assert {len(piece.names) for piece in shards(["a.jpg"] * 300_000)} == {1024, 992, 256}
    parts = shards(names)[1].parts(8)
    assert [part.start for part in parts] == list(range(0, 64, 8))
    assert [name for part in parts for name in part.names] == names[64:128]


def test_results_of_something_else_are_not_mixed(tmp_path: Path) -> None:
    output = Output(tmp_path / "day.jsonl")
    with output.claimed({"names": digest(["a.jpg"])}):
        output.write(3, [b"{}\n", b"[]\n"])
        with (
            pytest.raises(OutputError, match="another run is writing"),
            Output(output.folder).claimed({"names": digest(["a.jpg"])}),
        ):
            pass
    assert output.done() == {3}
    assert (output.folder / "part-000003.jsonl").read_bytes() == b"{}\n[]\n"
    with pytest.raises(OutputError, match="differ in: names"), output.claimed({"names": digest(["b.jpg"])}):
        pass
    (tmp_path / "full.jsonl").mkdir()
    (tmp_path / "full.jsonl" / "letter.txt").touch()
    with pytest.raises(OutputError, match="something else"), Output(tmp_path / "full.jsonl").claimed({}):
        pass
    with pytest.raises(UsageError, match=r"\.parquet or"):
        by_suffix(tmp_path / "day.csv")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--output", "day.parquet"], "got --output alone"),
        (["--ray"], "--output for their results"),
        (["--ray", "--output", "day.parquet", "--json"], "got --json"),
        (["--ray", "--output", "day.parquet", "--serve", "8080", "--watch"], "got --serve, --watch"),
        (["--ray", ".", "--output", "day.parquet"], "Write pictures before the option"),
    ],
)
def test_options_that_do_not_go_together(picture: Path, options: list[str], said: str) -> None:
    finished = run("catdog-edge", str(picture), *options)
    assert finished.returncode == 2
    assert said in finished.stderr
