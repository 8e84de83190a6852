"""`catdog-bench scenes`: is a pet seen where it is, small, by day and by night, and is nothing else taken for one?

Clips are put together from photographs: an everyday scene with a sensor's noise, into which a pet's photograph comes, or
something that is no pet; scenes in which nothing comes, but a lamp is switched or the camera is bumped. They go through the
real runner, with and without regions.

    clips      what is shown, and how its frames are made
    outcome    what the runner says of a clip, and what of that is right
    report     tables, a plot, sample frames
    cli        the command

May import: `catdog.edge`, its neighbours `measure`, `report`, `stats`.
"""
