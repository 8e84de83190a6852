"""`catdog-export keygen` and `catdog-export sign`: who has made a model file, for devices that take models by message.

May import what the edge has and `cryptography` (the extra `sign`), and nothing of TensorFlow.
"""

import argparse
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catdog.edge.common.command import CommandParser
from catdog.edge.common.files import write_text
from catdog.edge.common.installation import missing_extra
from catdog.edge.contract.artifact import read_model_file
from catdog.edge.errors import InputNotFoundError, ModelError, OutputError, SignatureError, UsageError
from catdog.edge.fleet.message import Rollout
from catdog.edge.fleet.signature import MOST_VERSION, PUBLIC_SUFFIX, SIGNATURE_SUFFIX, Signature, Statement, key_id
from catdog.edge.sources.net.address import parse_address

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_SUFFIX = ".key"
_PRIVATE = 0o600

_KEYGEN_EXAMPLES = """\
examples:
  catdog-export keygen                          fleet.key, to sign with, and fleet.pub, for the devices
  catdog-export keygen --output keys/ann.key    another name; never over a file that is there

Keep the .key where nobody else reads it: whoever has it can give models to your devices. It is not encrypted. The .pub goes
into ~/.config/catdog/keys of each device, or the folder of --keys (of the service: /etc/catdog/keys).

exit codes: 0 done, 2 wrong option, 7 cryptography is missing, 10 cannot write, or there is one already
"""
_SIGN_EXAMPLES = """\
examples:
  catdog-export sign garden.tflite --key fleet.key               writes garden.tflite.sig
  catdog-export sign garden.tflite --key fleet.key --address https://host.example/garden.tflite --share 0.1
                                                                 and prints the message that gives it to a tenth of the devices
  catdog-export sign old.tflite --key fleet.key                  to go back to an older file: sign it again, it is newer then

What is signed is the file's name, its SHA-256 and a version, the time unless --as-version says another number; devices take
none that is older than what they have taken. The SHA-256 at a model file's end is no signature: it finds damage, and
anybody can make one.

exit codes: 0 done, 2 wrong option, 3 no such file, 6 no sealed model, 7 cryptography is missing, 10 cannot write, 15 no key
"""


def keygen_command(argv: Sequence[str]) -> int:
    """Make a pair of keys; returns the exit code.

    Raises:
        OutputError: they cannot be written, or there are some.
        MissingExtraError: cryptography is not installed.
    """
    parser = CommandParser("catdog-export keygen", "Make a pair of Ed25519 keys that sign model files.", _KEYGEN_EXAMPLES)
    parser.add_argument(
        "--output", type=Path, default=Path("fleet.key"), metavar="FILE", help="the secret key (default: %(default)s)"
    )
    path: Path = parser.parse_args(argv).output
    public_path = path.with_suffix(PUBLIC_SUFFIX)
    if path.suffix == PUBLIC_SUFFIX:
        raise UsageError("a name for the secret key", got=str(path), fix=f"Write {path.with_suffix(KEY_SUFFIX)}.")
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
    except ModuleNotFoundError as error:
        raise missing_extra("cryptography", "sign") from error
    for each in (path, public_path):
        if os.path.lexists(each):
            fix = "Name another file with --output; what a lost key has signed can never be signed anew."
            raise OutputError("a name for a new key", got=f"{each}, which is there already", fix=fix)
    key = Ed25519PrivateKey.generate()
    _write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_text(public_path, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
    print(f"{path}: the secret key, for catdog-export sign; keep it to yourself")
    print(f"{public_path}: key {key_id(key.public_key())}; for ~/.config/catdog/keys of each device")
    return 0


def sign_command(argv: Sequence[str]) -> int:
    """Sign a model file; returns the exit code.

    Raises:
        UsageError: a value is out of range.
        InputNotFoundError: there is no such file or key.
        ModelError: the file is no sealed model.
        SignatureError: the key is none.
        OutputError: the signature cannot be written.
        MissingExtraError: cryptography is not installed.
    """
    arguments = _sign_parser().parse_args(argv)
    version = int(time.time()) if arguments.as_version is None else arguments.as_version
    if not 0 <= version <= MOST_VERSION:
        raise UsageError(f"an --as-version of 0 to {MOST_VERSION}", got=str(version), fix="Leave it out for the time.")
    _check_rollout(arguments)
    key = _read_secret(arguments.key)
    file = read_model_file(arguments.file)
    if not file.sealed:
        fix = "Export it with catdog-export; a model of others: catdog-export adopt."
        raise ModelError("a model file with catdog's seal", got=f"{arguments.file} without", fix=fix)
    sha256 = hashlib.sha256(file.data).hexdigest()
    statement = Statement(arguments.file.name, version, sha256, key_id(key.public_key()))
    signature = Signature(statement, key.sign(statement.signed_bytes()))
    path = arguments.file.with_name(f"{arguments.file.name}{SIGNATURE_SUFFIX}")
    write_text(path, f"{json.dumps(signature.to_fields(), indent=2, ensure_ascii=False)}\n")
    if arguments.address is None:
        print(f"{path}: version {version}, by the key {statement.key}")
    else:
        print(Rollout(arguments.address, signature, arguments.share).to_json())
    return 0


def _sign_parser() -> CommandParser:
    parser = CommandParser("catdog-export sign", "Sign a model file: FILE.sig says who has made it.", _SIGN_EXAMPLES)
    add = parser.add_argument
    add("file", type=Path, metavar="FILE", help="a .tflite or .onnx that catdog has sealed")
    add("--key", type=Path, required=True, metavar="KEY", help="the secret key, of catdog-export keygen")
    add("--as-version", type=int, metavar="N", help="counts up from one signing to the next (default: seconds since 1970)")
    add("--address", metavar="URL", help="print the MQTT message that has devices fetch FILE there")
    add("--share", type=float, default=1.0, metavar="S", help="of the devices that take it, 0-1 (default: %(default)s)")
    return parser


def _check_rollout(arguments: argparse.Namespace) -> None:
    if not 0 <= arguments.share <= 1:
        raise UsageError("a --share of 0 to 1", got=str(arguments.share), fix="Example: --share 0.1 for a tenth.")
    if arguments.address is None:
        if arguments.share != 1:
            raise UsageError("--address beside --share", got="--share alone", fix="The message is printed with --address URL.")
        return
    address = parse_address(arguments.address)
    if address.scheme not in ("http", "https"):
        raise UsageError("an --address of http or https", got=address.public, fix="Example: https://host/model.tflite.")


def _write_secret(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, at any time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        fix = "Free some space, check the permissions, or name another file with --output."
        raise OutputError(f"to write {path}", got=error.strerror or str(error), fix=fix) from error


def _read_secret(path: Path) -> "Ed25519PrivateKey":
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ModuleNotFoundError as error:
        raise missing_extra("cryptography", "sign") from error
    fix = "Name the .key of catdog-export keygen."
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise InputNotFoundError("a secret key", got=f"{path}, which is not there", fix=fix) from error
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it is encrypted
        # What a library says of a key is not printed: nobody knows what of it.
        got = f"{path}: {(error.strerror if isinstance(error, OSError) else '') or 'none, or an encrypted one'}"
        raise SignatureError("a secret key (PEM)", got=got, fix=fix) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError("an Ed25519 key", got=f"{path}, a key of another kind", fix=fix)
    return key


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"keygen": keygen_command, "sign": sign_command}
