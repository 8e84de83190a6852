"""The connection to a broker: made in the background, again and again for as long as the program runs."""

import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...common.installation import missing_extra
from ...errors import OutputError
from .broker import CA, PASSWORD, USER, Broker

if TYPE_CHECKING:
    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

_MOST_HANDED_OVER = 2000  # messages
_KEEP_ALIVE_S = 30  # a broker whose machine has lost its power is missed after one and a half times that
_CONNECT_S = 5.0
_LEAST_DELAY_S, _MOST_DELAY_S = 1, 30  # between two attempts; it doubles
_TELL_AGAIN_S = 60.0
_SHORT_S = 5.0
_GOING_ON = "Going on, and trying again."


class Connection:
    """A client of a broker.

    An absent broker is no error: trouble is told once, and so is its end. All messages have QoS 1: what is handed over is sent
    again after a broken connection until the broker has confirmed it, or the program ends.

    Args:
        broker: which.
        will: topic and message that the broker sends, retained, when we are gone without a word.
        greet: called whenever a connection is made, in a thread of its own: the broker may have been started anew, and what it
            should hold has to be sent again.
        listen: what to hear: by topic, what is called with it, each message, and whether the broker had kept that.
        tell: says what is wrong to whoever looks at stderr.

    Attributes:
        connected: whether the broker has accepted us, as far as we know.

    Raises:
        MissingExtraError: paho-mqtt is not installed.
        UsageError: the certificates cannot be read.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        will: tuple[str, str],
        greet: Callable[[], None],
        listen: Mapping[str, Callable[[str, bytes, bool], None]],
        tell: Callable[[str], None],
    ) -> None:
        try:
            from paho.mqtt.client import Client, MQTTv311
            from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
        except ModuleNotFoundError as error:
            raise missing_extra("paho-mqtt", "mqtt") from error
        self.connected = False
        self._full = MQTTErrorCode.MQTT_ERR_QUEUE_SIZE
        self._broker, self._greet, self._listen, self._tell = broker, greet, listen, tell
        self._told: set[str] = set()  # kinds of trouble since the last connection
        self._lost_told_at = -_TELL_AGAIN_S
        self._connected_at = 0.0
        self._answered = self._ending = False
        self._ended = threading.Event()
        self._handed_over = self._confirmed = 0
        self._confirmation = threading.Condition()
        client = Client(CallbackAPIVersion.VERSION2, client_id=broker.client_id, protocol=MQTTv311)
        client.connect_timeout = _CONNECT_S
        client.reconnect_delay_set(_LEAST_DELAY_S, _MOST_DELAY_S)
        client.max_queued_messages_set(_MOST_HANDED_OVER)
        client.will_set(*will, qos=1, retain=True)
        if broker.user is not None:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            client.tls_set_context(broker.tls_context())
        client.on_connect, client.on_connect_fail, client.on_disconnect = (
            self._on_connect,
            self._on_connect_fail,
            self._on_disconnect,
        )
        client.on_publish, client.on_message = self._on_publish, self._on_message
        self._client = client

    def open(self) -> None:
        """Begin; returns at once."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=_KEEP_ALIVE_S)
        self._client.loop_start()

    def send(self, topic: str, message: str, *, retain: bool) -> bool:
        """Hand a message over; returns at once, False where too many wait already.

        Args:
            topic: where to.
            message: what.
            retain: whether the broker keeps it for those who come later.
        """
        info = self._client.publish(topic, message, qos=1, retain=retain)
        taken = info.rc != self._full
        self._handed_over += taken
        return taken

    def close(self, deadline: float) -> int:
        """Let what was handed over go out, and say goodbye, so that the broker keeps our will to itself.

        Args:
            deadline: seconds, monotonic; what has not gone by then does not go.

        Returns:
            How many messages were not confirmed.
        """
        self._ending = True
        with self._confirmation:
            while self.connected and self._confirmed < self._handed_over and (left := deadline - time.monotonic()) > 0:
                self._confirmation.wait(left)
        self._client.disconnect()
        if self.connected:
            self._ended.wait(max(0.0, deadline - time.monotonic()))
        # The network's thread is not waited for: it may be asking for a host that does not answer.
        return self._handed_over - self._confirmed

    def _on_connect(
        self, client: "Client", _data: object, _flags: "ConnectFlags", answer: "ReasonCode", _properties: "Properties | None"
    ) -> None:
        self._answered = True
        if answer.is_failure:
            self._complain(
                "refused", "a broker that lets us in", str(answer), f"Check {USER} and {PASSWORD}; going on meanwhile."
            )
            return
        self.connected, self._connected_at = True, time.monotonic()
        if self._told:
            self._say("connected")
        self._told.clear()
        client.subscribe([(topic, 1) for topic in self._listen])
        self._greet()

    def _on_connect_fail(self, _client: "Client", _data: object) -> None:
        error = sys.exception()  # paho calls this while it handles it, and tells no other way
        where = f"{self._broker.host}:{self._broker.port}"
        if isinstance(error, ssl.SSLCertVerificationError):
            vouching = self._broker.ca or "the system"
            fix = f"{CA} names the file of another authority. {_GOING_ON}"
            self._complain("tls", f"a certificate of {where} that {vouching} vouches for", error.verify_message, fix)
        elif isinstance(error, ssl.SSLError):
            self._complain("tls", f"TLS at {where}", error.reason or str(error), f"Check the port. {_GOING_ON}")
        else:
            reason = getattr(error, "strerror", None) or str(error) or "nothing"
            self._complain("unreachable", f"a broker at {where}", reason, _GOING_ON)

    def _on_disconnect(
        self,
        _client: "Client",
        _data: object,
        _flags: "DisconnectFlags",
        reason: "ReasonCode",
        _properties: "Properties | None",
    ) -> None:
        connected, self.connected = self.connected, False
        answered, self._answered = self._answered, False
        self._ended.set()
        if self._ending:
            return
        if not answered:
            self._complain(
                "unreachable", "an answer of the broker", "a closed connection", f"Is the port one for TLS? {_GOING_ON}"
            )
        elif connected and time.monotonic() - self._lost_told_at >= _TELL_AGAIN_S:
            self._lost_told_at = time.monotonic()
            self._told.add("unreachable")
            # A broker ends a connection when another with the same id, which is that of the topics, is made.
            shared = f"Are the topics of {self._broker.prefix} another program's, too? "
            hint = shared if time.monotonic() - self._connected_at < _SHORT_S else ""
            self._say(f"lost the broker ({reason}). {hint}{_GOING_ON}")

    def _on_publish(self, *_: Any) -> None:  # noqa: ANN401 - paho's
        with self._confirmation:
            self._confirmed += 1
            self._confirmation.notify_all()

    def _on_message(self, _client: "Client", _data: object, message: "MQTTMessage") -> None:
        heard = self._listen.get(message.topic)
        if heard is not None:
            heard(message.topic, bytes(message.payload), message.retain)

    def _complain(self, kind: str, expected: str, got: str, fix: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._say(str(OutputError(expected, got=got, fix=fix)))

    def _say(self, text: str) -> None:
        self._tell(f"--mqtt {self._broker.url}: {text}")
