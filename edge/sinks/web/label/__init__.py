"""The page's second view, `/label`: pictures of `--save-uncertain` get labels, a model learns from them.

folder      the pictures, and how they move: by label, into the trash, and back
names       which names are taken from a browser
looks       which look alike
teaching    `catdog-edge teach` as a process of its own
routes      what can be asked for
"""
