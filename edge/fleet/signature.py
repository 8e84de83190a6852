"""Who has signed a model file: Ed25519 (RFC 8032) over its name, version and SHA-256.

The seal at a file's end finds damage; anybody can make one. A signature can only be made with a key that is kept secret, and is
checked with its public half, which the device has. It lies beside the file, `garden.tflite.sig`:

    {"catdog_signature": 1, "algorithm": "ed25519", "key": "0f6c...", "name": "garden.tflite", "version": 1772366400,
     "sha256": "4f0c...", "signature": "(base64)"}

What is signed is not that document but the lines of `Statement.signed_bytes`, so that nothing hangs on how JSON is written.

May import: `cryptography` (the extra `sign`) in the functions that need it.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..common.installation import missing_extra
from ..contract.checks import is_int, is_text
from ..contract.model_contract import is_model_name
from ..errors import SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHM, FORMAT_VERSION = "ed25519", 1
SIGNATURE_SUFFIX, PUBLIC_SUFFIX = ".sig", ".pub"
MOST_VERSION = 2**53 - 1  # what every reader of JSON keeps whole
_KEY_DIGITS = 16
_SIGNATURE_BYTES = 64
_MOST_BYTES = 16 * 1024  # of a signature's or a key's file
_SIGN_AGAIN = "Sign the file again: catdog-export sign FILE --key KEY."


@dataclass(frozen=True)
class Statement:
    """What is signed of a file.

    Attributes:
        name: of the file, without a path; its suffix tells ONNX from TFLite.
        version: counts up from one signing to the next; seconds since 1970 unless told otherwise.
        sha256: of all its bytes, in hexadecimal digits.
        key: id of the key that signs.

    Raises:
        SignatureError: a value is out of range.
    """

    name: str
    version: int
    sha256: str
    key: str

    def __post_init__(self) -> None:
        _require(is_model_name(self.name) and len(self.name) <= 200, "the name of a file", self.name)
        _require(is_int(self.version) and 0 <= self.version <= MOST_VERSION, f"a version of 0 to {MOST_VERSION}", self.version)
        _require(_are_digits(self.sha256, 64), "a SHA-256 of 64 hexadecimal digits", self.sha256)
        _require(_are_digits(self.key, _KEY_DIGITS), f"a key's id of {_KEY_DIGITS} hexadecimal digits", self.key)

    def signed_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        lines = ("catdog model signature 1", self.name, str(self.version), self.sha256, self.key)
        return "".join(f"{line}\n" for line in lines).encode()


@dataclass(frozen=True)
class Signature:
    """A statement and its signature.

    Attributes:
        statement: what was signed.
        value: 64 bytes.
    """

    statement: Statement
    value: bytes

    def to_fields(self) -> dict[str, Any]:
        """Return what is written as JSON."""
        said = self.statement
        return {
            "catdog_signature": FORMAT_VERSION,
            "algorithm": ALGORITHM,
            "key": said.key,
            "name": said.name,
            "version": said.version,
            "sha256": said.sha256,
            "signature": base64.b64encode(self.value).decode(),
        }


def read_signature(path: Path) -> Signature:
    """Read a signature's file.

    Raises:
        SignatureError: there is none, or it is not valid.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SignatureError("a signature's file", got=f"{path}, which is too large", fix=_SIGN_AGAIN)
        fields = json.loads(path.read_bytes())
    except OSError as error:
        raise SignatureError("a signature's file", got=f"{path}: {error.strerror}", fix=_SIGN_AGAIN) from error
    except (ValueError, RecursionError) as error:
        raise SignatureError("a signature's file", got=f"{path}, which is no JSON", fix=_SIGN_AGAIN) from error
    return signature_of(fields)


def signature_of(fields: object) -> Signature:
    """Read what `Signature.to_fields` wrote; whether it is right is for `check_statement` to say.

    Raises:
        SignatureError: it did not write that.
    """
    known = fields if isinstance(fields, Mapping) else {}
    _require(known.get("catdog_signature") == FORMAT_VERSION, f"format {FORMAT_VERSION}", known.get("catdog_signature"))
    _require(known.get("algorithm") == ALGORITHM, f"the algorithm {ALGORITHM}", known.get("algorithm"))
    try:
        value = base64.b64decode(str(known.get("signature")), validate=True)
    except (binascii.Error, ValueError):
        value = b""
    _require(len(value) == _SIGNATURE_BYTES, f"{_SIGNATURE_BYTES} bytes of base64", known.get("signature"))
    statement = Statement(**{name: known.get(name) for name in ("name", "version", "sha256", "key")})  # type: ignore[arg-type]
    return Signature(statement, value)


def default_keys_folder() -> Path:
    """Return where a device's keys are looked for: `$XDG_CONFIG_HOME/catdog/keys`, else `~/.config/catdog/keys`."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "catdog" / "keys"


def read_keys(folder: Path) -> "dict[str, Ed25519PublicKey]":
    """Read the public keys that a device knows: the files `*.pub` of a folder, each a key in PEM.

    Returns:
        The keys, by their ids.

    Raises:
        SignatureError: there is none, or a file is no Ed25519 key.
        MissingExtraError: cryptography is not installed.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == PUBLIC_SUFFIX)
    except OSError as error:
        raise _no_keys(f"{folder}: {error.strerror}") from error
    keys = [_read_key(path) for path in paths]
    if not keys:
        raise _no_keys(f"none in {folder}")
    return {key_id(key): key for key in keys}


def key_id(key: "Ed25519PublicKey") -> str:
    """Return what a key is called: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:_KEY_DIGITS]


def check_statement(signature: Signature, keys: "Mapping[str, Ed25519PublicKey]") -> Statement:
    """Make sure that one of the keys has signed the statement, whatever file there is.

    Raises:
        SignatureError: none of them has.
    """
    said = signature.statement
    key = keys.get(said.key)
    if key is None:
        raise SignatureError(
            f"a signature of {said.name} by a key that is known here ({', '.join(sorted(keys))})",
            got=f"one by the key {said.key}",
            fix="Sign it with a known one, or, if you trust that one, put its .pub file into the folder of --keys.",
        )
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature.value, said.signed_bytes())
    except InvalidSignature as error:
        raise SignatureError(
            f"a valid signature of {said.name}", got="one that the key did not make", fix=_SIGN_AGAIN
        ) from error
    return said


def check_file(data: bytes, statement: Statement) -> None:
    """Make sure that a file is the one of a statement.

    Raises:
        SignatureError: it is another one.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != statement.sha256:
        raise SignatureError(
            f"{statement.name} with the SHA-256 {statement.sha256} that was signed",
            got=f"{len(data):,} bytes with {found}",
            fix=f"Put the file there that was signed. {_SIGN_AGAIN}",
        )


def verify_signature(data: bytes, signature: Signature, keys: "Mapping[str, Ed25519PublicKey]") -> Statement:
    """Make sure that one of the keys has signed a file.

    Args:
        data: the whole file.
        signature: that lies beside it.
        keys: by their ids.

    Returns:
        What was signed.

    Raises:
        SignatureError: none of the keys has, or it is another file.
    """
    statement = check_statement(signature, keys)
    check_file(data, statement)
    return statement


def _read_key(path: Path) -> "Ed25519PublicKey":
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ModuleNotFoundError as error:
        raise missing_extra("cryptography", "sign") from error
    try:
        key = load_pem_public_key(path.read_bytes()[:_MOST_BYTES])
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        got = f"{path}: {(error.strerror if isinstance(error, OSError) else '') or 'none'}"
        raise SignatureError("a public key (PEM)", got=got, fix="Make a pair: catdog-export keygen.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError("an Ed25519 key", got=f"{path}, a key of another kind", fix="Make a pair: catdog-export keygen.")
    return key


def _no_keys(got: str) -> SignatureError:
    return SignatureError(
        "public keys of those who may sign models",
        got=got,
        fix="Make a pair with catdog-export keygen, and copy its .pub file there, or name another folder: --keys DIR.",
    )


def _are_digits(text: object, count: int) -> bool:
    return is_text(text) and len(str(text)) == count and set(str(text)) <= set("0123456789abcdef")


def _require(condition: bool, expected: str, got: object) -> None:
    if not condition:
        raise SignatureError(f"a signature with {expected}", got=repr(got)[:100], fix=_SIGN_AGAIN)
