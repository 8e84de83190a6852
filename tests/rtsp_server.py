"""An RTSP camera for tests: GStreamer's server, run by the system's Python, which alone has its bindings.

Usage: /usr/bin/python3 rtsp_server.py '{"port": 0, "login": "digest", "tls": ["cert.pem", "key.pem"]}'. The port that it
listens on is printed once it does. A line `WIDTHxHEIGHT` on stdin changes the size of /resized while it is played.
"""

import json
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

USER, PASSWORD = "ad min", "p@ss/w#rd:1"
PICTURES = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=20/1 ! videoconvert"
# With several threads a key frame is of as many slices, and GStreamer puts the stream's parameters between them as well.
FAST = "tune=zerolatency speed-preset=ultrafast key-int-max=10"
H264 = f"x264enc threads=1 {FAST} ! rtph264pay name=pay0 pt=96 config-interval=-1"
H265 = f"x265enc {FAST} ! rtph265pay name=pay0 pt=96 config-interval=-1"
MOTION_JPEG = "video/x-raw,format=I420 ! jpegenc quality=70 ! rtpjpegpay name=pay0 pt=26"
SIZE = "capsfilter name=size caps=video/x-raw,width=320,height=240"
MEDIA = {
    "/h264": f"{PICTURES} ! {H264}",
    "/h265": f"{PICTURES} ! {H265}",
    "/mjpeg": f"{PICTURES} ! {MOTION_JPEG}",
    "/slices": f"{PICTURES} ! {H264.replace('threads=1', 'threads=3 sliced-threads=true')}",
    "/udp": f"{PICTURES} ! {H264}",
    "/sound": "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 pt=8",
    "/resized": f"{PICTURES} ! videoscale ! {SIZE} ! {H264}",
}


def permissions(login: str) -> GstRtspServer.RTSPPermissions:
    """Say who may look."""
    allowed = GstRtspServer.RTSPPermissions()
    for role, may in (("user", True), ("anonymous", not login)):
        structure = Gst.Structure.new_empty(role)
        structure.set_value("media.factory.access", may)
        structure.set_value("media.factory.construct", may)
        allowed.add_role_from_structure(structure)
    return allowed


def authentication(login: str, tls: list[str]) -> GstRtspServer.RTSPAuth:
    """Say who is who."""
    auth = GstRtspServer.RTSPAuth()
    user, anonymous = GstRtspServer.RTSPToken(), GstRtspServer.RTSPToken()
    user.set_string("media.factory.role", "user")
    anonymous.set_string("media.factory.role", "anonymous")
    if login:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC if login == "basic" else GstRtsp.RTSPAuthMethod.DIGEST)
    else:
        auth.set_default_token(anonymous)
    auth.add_digest(USER, PASSWORD, user)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), user)
    if tls:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*tls))
    return auth


def main() -> None:
    """Serve until killed, or until stdin ends: then the test is gone."""
    given = {"port": 0, "login": "", "tls": []} | json.loads(sys.argv[1])
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_service(str(given["port"]))
    server.set_address("127.0.0.1")
    server.set_auth(authentication(given["login"], given["tls"]))
    sizes = []
    for path, launch in MEDIA.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {launch} )")
        factory.set_shared(True)
        over = GstRtsp.RTSPLowerTrans.UDP
        factory.set_protocols(over if path == "/udp" else over | GstRtsp.RTSPLowerTrans.TCP)
        factory.set_permissions(permissions(given["login"]))
        if path == "/resized":
            factory.connect("media-configure", lambda _, media: sizes.append(media.get_element().get_by_name("size")))
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop = GLib.MainLoop()
    threading.Thread(target=listen, args=(loop, sizes), daemon=True).start()
    loop.run()


def listen(loop: GLib.MainLoop, sizes: list[Gst.Element]) -> None:
    """Do what is asked for on stdin."""
    for line in sys.stdin:
        width, height = line.strip().split("x")
        sizes[-1].set_property("caps", Gst.Caps.from_string(f"video/x-raw,width={width},height={height}"))
    loop.quit()


if __name__ == "__main__":
    main()
