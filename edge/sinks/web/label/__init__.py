"""The page's second view, `/label`: pictures of `--save-uncertain` get labels, a model learns from them.

    folder      the pictures, and how they move: by label, into the trash, and back
    names       which names are taken from a browser
    looks       which look alike
    teaching    `catdog-edge teach` as a process of its own
    using       the store of models: what was taught is used, or one goes back
    routes      what can be asked for

Only `routes` imports aiohttp.
"""
