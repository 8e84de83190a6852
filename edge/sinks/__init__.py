"""Where results go. Each module is one kind of sink; `queue` keeps a slow one from slowing the camera.

May import: results, events, errors and files of `catdog.edge`, OpenCV for pictures. Imported where one is asked for.
"""
