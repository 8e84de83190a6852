"""What Home Assistant is told of the camera, so that it shows up there as a device without a line of its configuration.

One document for the device and all its entities, as Home Assistant reads it since 2024.11:
https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. The templates in it run there, on the messages that
`catdog.edge.sinks.mqtt.known` writes; a null becomes the word None, which Home Assistant shows as unknown.
"""

import json
import re
from hashlib import sha256

from ...inference.smoothing import UNSURE
from ...runner.events import APPEARED, LEFT
from ...sources import State
from .known import pets

HOME_ASSISTANT = "homeassistant"  # what its own topics begin with
BIRTH = (f"{HOME_ASSISTANT}/status", b"online")  # its topic and message when it has started

# Seconds after which an answer that nobody has repeated counts for nothing: several times what the state is repeated in. The
# camera's state has no such limit: it is told when it changes, and the last will takes it back.
EXPIRE_AFTER_S = 60
_TOO_LATE_S = 60  # an event that had to wait longer for the broker is not one for automations


def device_topic(prefix: str) -> str:
    """Where Home Assistant looks for the document of the camera with this prefix."""
    return f"{HOME_ASSISTANT}/device/{identifier(prefix)}/config"


def device_document(prefix: str, labels: tuple[str, ...], version: str, gone: tuple[str, ...] = ()) -> str:
    """Describe the camera; equal arguments give the same document and ids at every start.

    Args:
        prefix: of our topics.
        labels: the model's.
        version: catdog's.
        gone: labels of a model that was in use before; what is said of them alone is taken away.
    """
    device = identifier(prefix)
    entities = _entities(prefix, labels)
    document = {
        "device": {
            "identifiers": [device],
            "name": prefix.replace("/", " "),
            "manufacturer": "catdog",
            "model": "catdog-edge",
            "sw_version": version,
        },
        "origin": {"name": "catdog", "sw_version": version},
        "availability": [
            {"topic": f"{prefix}/availability", "payload_available": "online", "payload_not_available": "offline"}
        ],
        "qos": 1,
        "components": {key: {"unique_id": f"{device}_{key}", **entity} for key, entity in entities.items()}
        | {key: {"platform": "binary_sensor"} for pet in pets(gone) if (key := f"present_{identifier(pet)}") not in entities},
    }
    return json.dumps(document)


def identifier(text: str) -> str:
    """Return a name of the letters that ids may have; two texts that lose the same in it still get two names."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", text)
    return plain if plain == text else f"{plain}_{sha256(text.encode()).hexdigest()[:6]}"


def _entities(prefix: str, labels: tuple[str, ...]) -> dict[str, dict[str, object]]:
    state = {"state_topic": f"{prefix}/state"}
    lasting = {**state, "expire_after": EXPIRE_AFTER_S}
    entities: dict[str, dict[str, object]] = {
        "label": {
            **lasting,
            "platform": "sensor",
            "name": "Label",
            "icon": "mdi:paw",
            "device_class": "enum",
            "options": [*labels, *([] if UNSURE in labels else [UNSURE])],
            "value_template": "{{ value_json.label }}",
        },
        "score": {
            **lasting,
            "platform": "sensor",
            "name": "Score",
            "icon": "mdi:gauge",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "value_template": "{{ None if value_json.score is none else (100 * value_json.score) | round(1) }}",
        },
        "camera": {
            **state,
            "platform": "sensor",
            "name": "Camera",
            "icon": "mdi:cctv",
            "device_class": "enum",
            "entity_category": "diagnostic",
            "options": [str(each) for each in State],
            "value_template": "{{ value_json.state }}",
            "json_attributes_topic": f"{prefix}/state",
            "json_attributes_template": "{{ {'cause': value_json.cause, 'source': value_json.source} | tojson }}",
        },
        "event": {
            "platform": "event",
            "name": "Event",
            "icon": "mdi:paw",
            "state_topic": f"{prefix}/event",
            "event_types": [f"{pet} {kind}" for pet in pets(labels) for kind in (APPEARED, LEFT)],
            "value_template": f"{{{{ value if value_json.age_s < {_TOO_LATE_S} else '' }}}}",  # it ignores what is empty
        },
    }
    return entities | {f"present_{identifier(pet)}": lasting | _presence(pet) for pet in pets(labels)}


def _presence(pet: str) -> dict[str, object]:
    return {
        "platform": "binary_sensor",
        "name": pet,
        "device_class": "occupancy",
        "value_template": "{{ None if value_json.present is none else "
        f"'ON' if value_json.present[{_literal(pet)}] else 'OFF' }}}}",
    }


def _literal(text: str) -> str:
    """Write a text as Jinja reads it: quoted, everything but plain letters escaped as in Python."""
    return "'" + text.encode("unicode_escape").decode().replace("'", "\\x27") + "'"
