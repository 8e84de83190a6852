"""Whose certificate is taken: of an authority that the system knows, of one's own authority, or the one of a SHA-256.

Cameras come with certificates that they made themselves, and that name no host. The SHA-256 of such a one, looked at once and
written down, tells the camera from anybody else.
"""

import hashlib
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import SourceError, UsageError
from .address import Address


@dataclass(frozen=True)
class Trust:
    """Which certificates are taken.

    Attributes:
        ca: a file of certificates (PEM) of authorities, or of the camera itself; empty for those that the system knows.
        fingerprint: SHA-256 of the one certificate that is taken, whoever signed it and whatever it names; empty for none.

    Raises:
        UsageError: both, no such file, no certificate in it, or no SHA-256.
    """

    ca: str = ""
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if self.ca and self.fingerprint:
            raise UsageError("--tls-ca or --tls-fingerprint", got="both", fix="The latter needs no authority.")
        if self.fingerprint and not re.fullmatch(r"[0-9a-f]{64}", self._digits):
            what = f"{len(self._digits)} signs"
            fix = "It is the SHA-256 of the certificate."
            raise UsageError("--tls-fingerprint of 64 hexadecimal digits", got=what, fix=fix)
        if self.ca:
            self.context()  # so that a wrong file is told before anything is asked

    @property
    def _digits(self) -> str:
        return re.sub(r"[:\s]", "", self.fingerprint.rpartition("=")[2]).lower()  # as openssl prints it, too

    def context(self) -> ssl.SSLContext:
        """Return what checks the certificates of connections; with a fingerprint `check` must be called as well.

        Raises:
            UsageError: the file of authorities cannot be read.
        """
        if self.fingerprint:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            return context
        if not self.ca:
            return ssl.create_default_context()
        try:
            return _own_context(Path(self.ca).read_text(encoding="ascii"))
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            what = (error.strerror if isinstance(error, OSError) else "") or "no certificate"
            raise UsageError(
                "--tls-ca FILE of certificates (PEM)",
                got=f"{self.ca}: {what}",
                fix="It begins with -----BEGIN CERTIFICATE-----.",
            ) from error

    def check(self, connection: ssl.SSLSocket, address: Address) -> None:
        """Make sure, before anything is sent, that it is the one certificate that is taken.

        Raises:
            SourceError: it is another.
        """
        if not self.fingerprint:
            return
        found = fingerprint_of(connection.getpeercert(binary_form=True) or b"")
        if found != self._digits:
            raise SourceError(
                f"{address.place} to have the certificate of --tls-fingerprint",
                got=f"another one, SHA-256 {found}",
                fix="If the camera has made itself a new one, write that; else somebody may be listening in.",
            )


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 of a certificate in DER, in hexadecimal digits."""
    return hashlib.sha256(certificate).hexdigest()


def untrusted(address: Address, error: ssl.SSLError, timeout_s: float) -> SourceError:
    """Say what is wrong with a server's certificate, and how it is taken all the same.

    Args:
        address: which server.
        error: what the handshake failed with.
        timeout_s: seconds to ask it once more for what it has.
    """
    expected = f"TLS at {address.place} that this machine trusts"
    if not isinstance(error, ssl.SSLCertVerificationError):
        what = (error.reason or str(error)).replace("_", " ").lower()
        fix = f"Check the port; an address without TLS begins with {address.scheme[:-1]}://."
        return SourceError(expected, got=what, fix=fix)
    what = error.verify_message or "a certificate that cannot be verified"
    try:
        with socket.create_connection((address.host, address.tcp_port), timeout_s) as plain:
            context = Trust(fingerprint="0" * 64).context()
            with context.wrap_socket(plain, server_hostname=address.host) as connection:
                found = fingerprint_of(connection.getpeercert(binary_form=True) or b"")
    except OSError:
        return SourceError(expected, got=what, fix="Name its certificate or authority with --tls-ca FILE.")
    return SourceError(
        expected,
        got=what.strip().rstrip("."),
        fix=f"If the camera says of itself that its certificate has this SHA-256, add --tls-fingerprint {found}; "
        "one of your own authority is taken with --tls-ca FILE.",
    )


def pinned(address: Address, trust: Trust, timeout_s: float) -> tuple[str, str]:
    """Ask a server for its certificate, check it, and return it for FFmpeg, which is then to take that one alone.

    Returns:
        The certificate (PEM), and a name that it is for.

    Raises:
        OSError: nothing answers, or it is not to be trusted (`ssl.SSLError`).
        SourceError: it is not the one that is taken, or FFmpeg could not take it.
    """
    with _connection(address, trust.context(), timeout_s) as connection:
        trust.check(connection, address)
        text = ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True) or b"")
    if not trust.fingerprint:
        return text, address.host
    # Whoever is known by the SHA-256 may have any name, but FFmpeg wants one; Python reads a certificate that it verifies.
    expected, fix = f"a certificate of {address.place} that FFmpeg takes", "Let the camera make a new one."
    context = _own_context(text)
    context.check_hostname = False
    try:
        with _connection(address, context, timeout_s) as connection:
            said: dict[str, Any] = connection.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        raise SourceError(expected, got=error.verify_message, fix=fix) from error
    names = [pair[1] for pair in said.get("subjectAltName", ()) if pair[0] in ("DNS", "IP Address")]
    names += [pair[1] for group in said.get("subject", ()) for pair in group if pair[0] == "commonName"]
    if not names:
        raise SourceError(expected, got="one without a name", fix=fix)
    return text, names[0].replace("*", "camera")


def _connection(address: Address, context: ssl.SSLContext, timeout_s: float) -> ssl.SSLSocket:
    plain = socket.create_connection((address.host, address.tcp_port), timeout_s)
    try:
        return context.wrap_socket(plain, server_hostname=address.host)
    except OSError:
        plain.close()
        raise


def _own_context(certificates: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=certificates)
    # A camera's own certificate may be trusted without being an authority's, and lacks what newer Pythons ask of those.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
