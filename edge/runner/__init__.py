"""From frames to answers: sources in, results and events out.

    loop               one frame after another, or a folder on all cores
    transform          rotated and cropped
    motion             while nothing moves, the last answer stands
    results            what is said of a frame; the JSON line is documented there
    events             who appeared, who left

May import of `catdog.edge`: `common`, `contract`, `errors`, `inference`, `pictures`, `regions`, `sources`.
"""
