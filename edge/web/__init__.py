"""`--serve`: a web page with what the camera sees, what the model says of it and how the machine keeps up.

    runner's thread: sink -> board, gallery, metrics      (a few stores each; nothing is encoded, nothing is waited for)
    server's thread: server -> access -> routes, streams  (reads those three)

May import: aiohttp, prometheus-client, OpenCV, and of `catdog.edge` results, events, errors and sinks. Imported where a page is
asked for.
"""
