# The edge runner for amd64 and arm64. What was tried of it: docs/release.md.
#
#   make image ENGINE=podman BASE=...     # on an image of yours that has Python 3.11 to 3.13 and its venv
#   docker buildx build --platform linux/arm64,linux/amd64 -t catdog .
#   docker run --rm catdog --camera demo --max-frames 3
#   docker run -d --device /dev/video0 --group-add video -v catdog:/var/lib/catdog catdog --camera 0 --wait --csv day.csv
#   docker run -d -p 8080:8080 -e CATDOG_TOKEN=... catdog --camera demo --serve 0.0.0.0:8080
#
# A CSI camera needs the system's picamera2: use the service instead (catdog-edge service install).
ARG BASE=docker.io/library/python:3.11-slim
FROM $BASE AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY edge edge
COPY train train
COPY export export
COPY benchmarks benchmarks
# Every dependency has wheels for both machines: one that has none is an error here, and not an hour of compiling.
RUN python3 -m venv /opt/catdog \
    && /opt/catdog/bin/pip install --no-cache-dir --constraint constraints.txt --only-binary :all: --no-binary catdog-edge '.[web,mqtt]'

FROM $BASE
COPY --from=build /opt/catdog /opt/catdog
# A number, not a name: orchestrators can see that it is not root's.
RUN install -d -o 10001 -g 10001 /var/lib/catdog
USER 10001:10001
WORKDIR /var/lib/catdog
VOLUME /var/lib/catdog
ENV PATH=/opt/catdog/bin:$PATH PYTHONUNBUFFERED=1
# What --serve says of the camera, asked with CATDOG_TOKEN; without --serve all that is known is that the program runs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "\
import os, urllib.request\n\
typed = open('/proc/1/cmdline').read().split(chr(0))\n\
if '--serve' in typed:\n\
    port = typed[typed.index('--serve') + 1].rpartition(':')[2]\n\
    known = {'Authorization': 'Bearer ' + os.environ.get('CATDOG_TOKEN', '')}\n\
    urllib.request.urlopen(urllib.request.Request('http://127.0.0.1:' + port + '/healthz', headers=known), timeout=4)\n\
"]
ENTRYPOINT ["catdog-edge"]
