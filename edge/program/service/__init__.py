"""`catdog-edge` as a service of systemd: the unit, the command that installs it, what the running service tells of itself."""
