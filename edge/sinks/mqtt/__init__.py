"""`--mqtt URL`: what is seen, for home automation.

`broker` is where to and as whom, `connection` the client that never gives up, `known` what is told of the camera, `discovery`
what Home Assistant is told of it, `device` what is told of the device and its model; `sink` puts them together.

With the prefix ``catdog/garden`` there are four topics of ours, all of them sent at least once (QoS 1):

- ``catdog/garden/availability``: ``online`` or ``offline``, retained; the broker says ``offline`` itself when the program dies.
- ``catdog/garden/state``: JSON, retained; when something changes, at most once a second, and else every ten seconds.
- ``catdog/garden/event``: JSON, not retained, one for each who appears or leaves.
- ``catdog/garden/device``: JSON, retained; which model, its figures, when the last frame was; when something changes,
  and once a minute.

With `--models` and keys two are listened to: ``catdog/garden/model/set``, and for all devices ``catdog/model/set``.
"""
