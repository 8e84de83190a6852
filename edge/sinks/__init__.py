"""Where results go. Each module is one kind of sink, with a row in `registry`; `queue` keeps slow ones from slowing a camera.

May import: results, events, errors, files and plugins of `catdog.edge`, OpenCV for pictures. Imported where one is asked for.
"""
