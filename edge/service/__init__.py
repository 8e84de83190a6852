"""`catdog-edge` as a service of systemd: the unit, the command that installs it, and what the running service tells of itself.

May import: `catdog.edge`. Nothing in `catdog.edge` imports this but the command line, when it is asked for.
"""
