"""What every part of the edge and the other rooms share: how a command runs, files, threads, other packages' registrations.

    startup, command   one-line errors, exit codes, Ctrl-C and closed pipes
    files              files that are either whole or not there
    plugins            registries, and what other packages add to them
    installation       which command adds what is missing
    cores, parallel    how many cores there are, and work on all of them
    progress, quiet    what is on the terminal while it works

May import of `catdog.edge`: `errors`.
"""
