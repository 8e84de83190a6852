"""The command line of `catdog-edge` as it is typed: its options, their help and examples."""

import argparse
from pathlib import Path

from ..backends import BACKENDS
from ..bulk.arguments import add_ray
from ..common.command import CommandParser, size
from ..foreign.arguments import add_claims
from ..regions.options import AUTO, MODES, RegionOptions
from ..runner.comparison import SwapOptions
from ..sinks.options import SinkOptions
from ..sources.options import BUFFERS, TRANSPORTS, SourceOptions
from .profile import PROFILES

_EXAMPLES = """\
examples:
  catdog-edge photo.jpg                      one picture
  catdog-edge photos/ --json > day.jsonl     a folder, one JSON object a line
  catdog-edge --camera 0                     the first camera, until Ctrl-C
  find . -name '*.jpg' | catdog-edge -       paths on stdin
  catdog-edge --watch inbox/                 every picture that comes into a folder
  catdog-edge --camera demo                  a drawn room with a cat and a dog; no hardware needed
  catdog-edge rtsp://camera.local/stream     a network camera
  catdog-edge --camera 0 --on-event 'feeder.py --portion small'    events: who appeared, who left
  catdog-edge --camera 0 --csv day.csv --save-uncertain doubtful/ --record yard.mkv --record-events
  catdog-edge --camera 0 --mqtt mqtt://broker.local/catdog/garden  Home Assistant finds it by itself
  catdog-edge --camera 0 --ignore 0,0,1,0.3  look closely at what moves, but not in the upper third
  catdog-edge --camera 0 --serve 8080        a web page at http://127.0.0.1:8080/
  catdog-edge --camera 0 --serve 8080 --save-uncertain doubtful    frames to label at http://127.0.0.1:8080/label, to learn from
  catdog-edge cat.jpg --model mine.tflite    a model of your own
  catdog-edge cat.jpg --model https://host.example/garden.tflite    one at an address: fetched when it is new
  catdog-edge --camera 0 --models models     a folder of models: take another while running; catdog-edge models --help
  catdog-edge cat.jpg --model model_unquant.tflite --labels labels.txt --input-range -1..1    one of Teachable Machine's
  catdog-edge photos/ --ray --output day.parquet    very many pictures, on one machine or several; docs/cluster.md
  catdog-edge --config edge.toml             options from a file; service --help: as a service of systemd

exit codes: 0 all classified, 2 wrong option, 3 nothing there, 4 unreadable, 5 camera or stream, 6 model,
7 missing package, 10 cannot write, 11 some of several pictures failed, 14 broken plugin, 17 no cluster, 130 interrupted
"""
_BACKEND_HELP = "runtime: auto, litert, onnxruntime, or that of another package (default: the one for the file)"
_KEYS_HELP = (
    "public keys (*.pub) of those whose models are taken by MQTT into --models (default: ~/.config/catdog/keys, if it is there)"
)
_OUTPUT_HELP = "folder for the results of --ray: DIR.parquet, or DIR.jsonl for JSON lines; resumes what was stopped there"
_SINK_HELP = "a sink of another package, several with an option each; catdog-edge doctor lists them"


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = CommandParser(
        prog="catdog-edge",
        description="Classify pictures, videos, streams and cameras with a quantized model.",
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML file of options, such as max-fps = 5; the command line wins over it"
    )
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        help="set what nobody names for the machine: small for 512 MB or slow cores (docs/pi.md), full for larger ones (sets "
        "nothing), auto for the one that fits; catdog-edge doctor says which",
    )
    _add_source_options(parser.add_argument_group("what to look at"))
    _add_frame_options(parser.add_argument_group("how closely, and how often"))
    _add_stream_options(parser.add_argument_group("cameras and streams"))
    _add_model_options(parser.add_argument_group("what to ask"))
    add_claims(parser.add_argument_group("a model file of others: what it does not say itself (docs/own-models.md)"))
    _add_sink_options(parser.add_argument_group("where to tell it"))
    _add_bulk_options(parser.add_argument_group("very many pictures"))
    return parser


def _add_source_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="picture, folder, 'pattern*.jpg', video, address (http, https, rtsp, rtsps, rtmp, rtmps, rtp, srt, tcp, udp, or a "
        "plugin's); - for paths on stdin",
    )
    add("--watch", action="store_true", help="go on with every new picture that comes into the folder, or pattern")
    add("--list-cameras", action="store_true", help="say which cameras there are and whether they give pictures")
    add("--rotate", type=int, default=0, metavar="DEG", help="turn pictures clockwise: 90, 180, 270")
    add("--crop", metavar="X,Y,W,H", help="look at a part only, in pixels after turning")
    add("--camera", metavar="N", help="camera number, /dev/videoN, /dev/v4l/by-id/NAME (or by-path), picamera2 (CSI), or demo")
    add("--resolution", type=size, metavar="WxH", help="of a camera's pictures, such as 640x480")
    add("--fps", type=float, metavar="N", help="a camera's frames a second")


def _add_frame_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--regions",
        choices=MODES,
        default=AUTO,
        help="auto: in cameras, streams and videos also look closely at what moves, and slowly everywhere; tiles: also at all "
        "parts of every picture; off: at whole frames alone (default: %(default)s)",
    )
    add(
        "--zone",
        metavar="PARTS",
        help="look closely there alone: X,Y,WIDTH,HEIGHT or points 'X,Y X,Y X,Y', in fractions of the "
        "frame; several with ; between them",
    )
    add("--ignore", metavar="PARTS", help="and not there: a television, a road")
    add(
        "--most-regions",
        type=int,
        default=RegionOptions.most,
        metavar="N",
        help="look closely at no more than N places a frame; the rest take turns (default: %(default)s)",
    )
    add("--max-frames", type=int, metavar="N", help="stop after N frames")
    add("--max-fps", type=float, metavar="N", help="judge at most N frames a second")
    add("--motion-gate", action="store_true", help="while nothing moves let the last answer stand: saves power")


def _add_stream_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--wait", action="store_true", help="keep trying where a camera or stream does not open")
    add(
        "--buffer",
        choices=BUFFERS,
        default="auto",
        help="latest keeps pace and skips frames, all takes every frame (default: latest for cameras, all for files)",
    )
    add(
        "--timeout",
        type=float,
        default=SourceOptions.timeout_s,
        metavar="S",
        help="seconds to wait for a stream's first answer (default: %(default)s)",
    )
    add(
        "--every",
        type=float,
        metavar="S",
        help="ask an address that gives one picture for the next every S seconds; 0: once (default: 1, of several inputs once)",
    )
    add("--rtsp-transport", choices=TRANSPORTS, default="auto", help="how RTSP sends (default: tcp where the camera offers it)")
    add("--tls-ca", default="", metavar="FILE", help="for https and rtsps trust these certificates (PEM)")
    add("--tls-fingerprint", default="", metavar="SHA256", help="trust the certificate of this SHA-256: a camera's own")


def _add_model_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--model",
        default="default",
        metavar="FILE",
        help="TFLite or ONNX file, its address (https://...), or the name of a bundled model (default: %(default)s)",
    )
    add(
        "--models",
        type=Path,
        metavar="DIR",
        help="run the model in use there (catdog-edge models), take another while running; --model fills an empty DIR",
    )
    add(
        "--compare-s",
        type=float,
        default=SwapOptions.compare_s,
        metavar="S",
        help="have both models answer for S seconds before another is in use; 0: at once (default: %(default)s)",
    )
    add(
        "--min-agreement",
        type=float,
        default=SwapOptions.min_agreement,
        metavar="SHARE",
        help="refuse it where both then agree on less, 0-1; 0: never (default: %(default)s)",
    )
    add("--backend", choices=BACKENDS, default="auto", metavar="NAME", help=_BACKEND_HELP)
    add(
        "--threads",
        type=_threads,
        metavar="N",
        help="threads for one inference, or auto: by a short measurement, in a folder one on every core (default: auto)",
    )
    add("--workers", type=int, metavar="N", help="judge N pictures of a folder at once (default: one on every core)")
    add("--threshold", type=float, default=0.0, metavar="S", help="a score below S is answered unsure (default: %(default)s)")
    add(
        "--smooth",
        type=float,
        default=0.0,
        metavar="S",
        help="average a camera's scores over about S seconds (default: %(default)s)",
    )


def _add_sink_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--json", action="store_true", help="one JSON object a line on stdout")
    add("--show", action="store_true", help="a window; needs opencv-python in place of the headless one")
    add("--csv", type=Path, metavar="FILE", help="append a line a frame to a CSV file")
    add("--record", type=Path, metavar="FILE", help="write video (.mkv, .mp4, .avi) with the answers, in pieces")
    add("--record-events", action="store_true", help="only what is around events")
    add(
        "--record-limit",
        type=float,
        default=SinkOptions.record_limit_mb,
        metavar="MB",
        help="size of all pieces; the oldest go (default: %(default)s)",
    )
    _add_saving_options(group)
    add("--on-event", metavar="CMD", help="run CMD when somebody appears or leaves; CATDOG_EVENT and CATDOG_LABEL say what")
    add("--mqtt", metavar="URL", help="tell a broker and Home Assistant: mqtt://host:1883/topic, mqtts:// with TLS")
    add("--keys", type=Path, metavar="DIR", help=_KEYS_HELP)
    add(
        "--serve",
        metavar="[HOST:]PORT",
        help="a web page, for this machine alone unless HOST is another address; then with a token",
    )
    add(
        "--queue",
        type=int,
        default=SinkOptions.queue,
        metavar="N",
        help="results that may wait for a slow sink, with pictures if it takes them (default: %(default)s)",
    )
    add("--sink", action="append", metavar="NAME[:ARGUMENT]", help=_SINK_HELP)


def _add_bulk_options(group: argparse._ArgumentGroup) -> None:
    add_ray(group)
    group.add_argument("--output", type=Path, metavar="DIR", help=_OUTPUT_HELP)


def _add_saving_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--save-uncertain",
        type=Path,
        metavar="DIR",
        help="keep what is worth a label: weak answers, who appears, a frame now and then; --serve labels it, at /label",
    )
    add(
        "--uncertain-below",
        type=float,
        default=SinkOptions.uncertain_below,
        metavar="SCORE",
        help="what is a weak answer, 0-1 (default: %(default)s)",
    )
    add(
        "--save-limit",
        type=int,
        default=SinkOptions.save_limit,
        metavar="N",
        help="how many frames of cameras, streams and videos that are not labelled yet; of the closest in time the older goes "
        "(default: %(default)s)",
    )
    add(
        "--save-limit-mb",
        type=float,
        default=SinkOptions.save_limit_mb,
        metavar="MB",
        help="and their size (default: %(default)s)",
    )
    add(
        "--save-every",
        type=float,
        default=SinkOptions.save_every_min,
        metavar="MIN",
        help="where nothing was kept for MIN minutes any frame that looks other than the last; 0: none (default: %(default)s)",
    )


def _threads(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.lstrip("-").isdigit():
        raise argparse.ArgumentTypeError(f"a number or auto, not {text}")
    return int(text)
