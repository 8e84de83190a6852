"""Which model devices are to take: a JSON document that a broker keeps (retained) on `.../model/set`.

    {"name": "garden.tflite", "address": "https://host/garden.tflite", "sha256": "4f0c...", "share": 0.5,
     "signature": {...}}

`signature` is what `catdog-export sign` writes into garden.tflite.sig; with `--address` and `--share` it prints the message.
"""

import hashlib
import json
from dataclasses import dataclass

from ..contract.checks import is_number
from ..errors import SignatureError
from .signature import Signature, signature_of

MOST_BYTES = 64 * 1024
_FIX = "Let catdog-export sign FILE --key KEY --address URL write it."


@dataclass(frozen=True)
class Rollout:
    """A model to take.

    Attributes:
        address: where it is, `http(s)://`.
        signature: whose statement names the file, its version and SHA-256.
        share: of the devices that take it, 0-1; which they are does not change, and with a larger share more join them.
    """

    address: str
    signature: Signature
    share: float = 1.0

    def to_json(self) -> str:
        """Serialise it, on one line."""
        said = self.signature.statement
        fields = {"name": said.name, "address": self.address, "sha256": said.sha256, "share": self.share}
        return json.dumps(fields | {"signature": self.signature.to_fields()}, ensure_ascii=False)


def read_rollout(payload: bytes) -> Rollout:
    """Read a message; whether the signature is right is not looked at.

    Raises:
        SignatureError: it is not such a document, or says other things than its signature.
    """
    if len(payload) > MOST_BYTES:
        raise _refused(f"at most {MOST_BYTES:,} bytes", f"{len(payload):,}")
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise _refused("JSON", str(error)) from error
    if not isinstance(fields, dict):
        raise _refused("a JSON object", type(fields).__name__)
    share, address = fields.get("share", 1.0), fields.get("address")
    if not is_number(share) or not 0 <= share <= 1:
        raise _refused("a share of 0 to 1", repr(share)[:100])
    if not isinstance(address, str):
        raise _refused("an address", "none")
    signature = signature_of(fields.get("signature"))
    for name in ("name", "sha256"):
        signed = getattr(signature.statement, name)
        if fields.get(name) != signed:
            raise _refused(f"the {name} {signed} that was signed", repr(fields.get(name))[:100])
    return Rollout(address, signature, float(share))


def version_in(payload: bytes) -> int:
    """Return the version that a message names, true or not; -1 for one that cannot be read."""
    try:
        return read_rollout(payload).signature.statement.version
    except SignatureError:
        return -1


def place_of(device: str) -> float:
    """Return where among all a device stands, 0 to 1, evenly spread: a share above that includes it.

    Args:
        device: what no other device is called.
    """
    return int.from_bytes(hashlib.sha256(device.encode()).digest()[:8], "big") / 2**64


def _refused(expected: str, got: str) -> SignatureError:
    return SignatureError(f"a message that names a model, with {expected}", got=got, fix=_FIX)
