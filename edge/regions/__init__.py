"""Where in a frame to look: at what moves, at what moved and stayed, and, slowly, everywhere else.

A camera's frame is no portrait: a model that is right on photographs that a pet fills sees little of one on a twentieth of the
frame. So parts are cut out of the frame, at its full resolution, and judged beside the whole.

    options    where to look, as it is asked for
    boxes      rectangles in a frame: joined, widened, kept inside
    zones      where to look, and where not to
    movement   what moves, whatever the light does
    light      dark parts, made brighter
    tiles      everywhere, one part after another
    watch      what is looked at again and again, and what has been said of it
    finder     puts them together: a frame in, pets with their boxes out

May import of `catdog.edge`: `contract`, `errors`, `inference`.
"""
