"""Options from a TOML file: all that the command line has, the same values, the same errors."""

import argparse
import tomllib
from pathlib import Path

import pytest

from catdog.edge.errors import CatdogError, InputNotFoundError, UsageError
from catdog.edge.program.arguments import check_config, example_config, parse, run_options
from catdog.edge.program.cli import main
from catdog.edge.program.config import options_of
from catdog.edge.program.parser import build_parser

OPTIONS = options_of(build_parser())
SAMPLES: tuple[str | int | float, ...] = (3, 0.5, "640x480", "1,2,3,4", "some/where", "a,b", "localhost:8080")
QUESTIONS = {"help", "version", "config", "list-cameras"}


def written(folder: Path, text: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(text)
    return path


def typed(name: str, action: argparse.Action, value: str | int | float | bool) -> list[str]:
    if value is True:
        return [f"--{name}"]
    return [f"--{name}={value}"] if action.option_strings else [str(value)]


def valid(name: str, action: argparse.Action) -> str | int | float | bool:
    """A value that the command line takes, and that is not what it has already."""
    if action.nargs == 0:
        return True
    for sample in (*(action.choices or ()), *SAMPLES):
        try:
            if getattr(build_parser().parse_args(typed(name, action, sample)), action.dest) != action.default:
                return sample
        except UsageError:
            continue
    pytest.fail(f"no sample fits --{name}: add one")


def test_no_option_is_left_out() -> None:
    named = {text.removeprefix("--") for action in build_parser()._actions for text in action.option_strings if text[1] == "-"}
    assert named - QUESTIONS == set(OPTIONS) - {"inputs"}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_can_be_set_as_on_the_command_line(name: str, tmp_path: Path) -> None:
    action = OPTIONS[name]
    value = valid(name, action)
    text = "true" if value is True else repr(value)
    path = written(tmp_path, f"{name} = {text}\n")
    arguments = vars(parse(["--config", str(path)]))
    assert arguments.pop("config") == path
    expected = vars(parse(typed(name, action, value)))
    expected.pop("config")
    assert arguments == expected
    assert arguments[action.dest] != action.default


def test_command_line_wins(tmp_path: Path) -> None:
    path = written(tmp_path, 'camera = 0\nmax-fps = 5\nmotion-gate = true\nresolution = "640x480"\n')
    arguments = parse(["--max-fps", "2", "--config", str(path)])
    assert (arguments.camera, arguments.max_fps, arguments.motion_gate, arguments.resolution) == ("0", 2.0, True, (640, 480))
    arguments = parse(["--config", str(path), "photo.jpg"])
    assert (arguments.camera, arguments.inputs, arguments.max_fps) == (None, ["photo.jpg"], 5.0)
    inputs = written(tmp_path, 'inputs = ["a.jpg", "-"]\nlabels = ["cats", "dogs"]\nmotion-gate = false\n')
    arguments = parse(["--config", str(inputs)])
    assert (arguments.inputs, arguments.labels, arguments.motion_gate) == (["a.jpg", "-"], ("cats", "dogs"), False)
    assert parse(["--config", str(inputs), "--camera", "demo"]).inputs == []


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("max_fps = 5", ["'max_fps'", "Did you mean max-fps?"]),
        ("reslution = 5", ["'reslution'", "Did you mean resolution?"]),
        ("xyzzy = 5", ["'xyzzy'", "--help"]),
        ('config = "other.toml"', ["'config'"]),
        ("list-cameras = true", ["'list-cameras'"]),
        ('max-frames = "many"', ["argument --max-frames", "key max-frames"]),
        ("max-frames = 2.5", ["argument --max-frames", "key max-frames"]),
        ("max-frames = 0", ["--max-frames of at least 1", "got 0"]),
        ("threshold = 7", ["7"]),
        ("threshold = nan", ["nan"]),
        ('resolution = "wide"', ["argument --resolution", "key resolution"]),
        ('buffer = "some"', ["argument --buffer", "key buffer"]),
        ("motion-gate = 1", ["true or false for motion-gate"]),
        ('motion-gate = "yes"', ["true or false for motion-gate"]),
        ("model = true", ["text or a number for model"]),
        ("model = 2026-11-21", ["text or a number for model"]),
        ("[camera]\nnumber = 0", ["text or a number for camera", "a table"]),
        ('inputs = ["a.jpg"]', ["files or a camera"]),
        ("max-fps", ["to be TOML", "line 2"]),
        ("max-fps = 1\nmax-fps = 2", ["to be TOML", "line 3"]),
    ],
)
def test_mistakes_are_one_line_that_names_file_and_key(
    text: str, parts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, text if text.startswith("[camera]") else f'camera = "demo"\n{text}\n')
    assert main(["--config", str(path)]) == 2
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
    assert str(path) in told.err
    for part in parts:
        assert part in told.err
    with pytest.raises(CatdogError):
        check_config(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputNotFoundError, match="which is not there"):
        parse(["--config", str(tmp_path / "none.toml")])
    with pytest.raises(UsageError, match="a readable file"):
        parse(["--config", str(tmp_path)])
    (tmp_path / "latin.toml").write_bytes(b'model = "K\xe4tzchen"\n')
    with pytest.raises(UsageError, match="to be TOML"):
        parse(["--config", str(tmp_path / "latin.toml")])


def test_example_is_valid_and_explains_every_option(tmp_path: Path) -> None:
    text = example_config()
    path = written(tmp_path, text)
    check_config(path)
    assert tomllib.loads(text) == {"profile": "auto", "camera": 0, "wait": True}
    explained = {line.removeprefix("# ").partition(" = ")[0] for line in text.splitlines()}
    assert set(OPTIONS) <= explained
    assert "%(" not in text


def test_demo_camera_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, 'camera = "demo"\nmax-frames = 2\njson = true\n')
    assert main(["--config", str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_zones_may_be_a_list(tmp_path: Path) -> None:
    path = tmp_path / "edge.toml"
    path.write_text('zone = ["0,0,0.5,0.5", "0.5,0.5 1,0.5 1,1"]\nignore = "0,0,0.1,0.1; 0.9,0,0.1,0.1"\ncamera = 0\n')
    zones = run_options(parse(["--config", str(path)])).regions.zones
    assert (len(zones.watched), len(zones.ignored)) == (2, 2)
