"""`--serve`: a web page with what the camera sees, what the model says of it and how the machine keeps up.

    runner's thread: sink -> status, latest picture, metrics      (a few stores each; nothing is encoded, nothing is waited for)
    server's thread: server -> access -> routes, streams  (reads those three)
                                      -> label/           (the second view: pictures get labels, a model learns from them)

Imports aiohttp and prometheus-client, of the extra `web`: imported where a page is asked for.
"""
