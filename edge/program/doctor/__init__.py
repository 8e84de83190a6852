"""`catdog-edge doctor`: what this machine has, what is wrong with it, and what to do about it.

    checks (`system`, `packages`, `model`, `speed`, `cameras`) -> `Finding`s -> `screen`;  `simulate` -> moments -> `screen`

Each check is a function that returns findings and never fails: what cannot be looked at is a finding as well. Those that read
/proc and /sys take the root of the file system, so that they can be tried on any tree.
"""
