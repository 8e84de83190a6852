"""From frames to answers: sources in, results and events out.

    loop               one frame after another, or a folder on all cores
    judging            one model and what it remembers of a source's frames
    swapping           another model while it runs: loaded beside, compared, swapped, given up
    comparison         whether what another model says goes astray
    transform          rotated and cropped
    motion             while nothing moves, the last answer stands
    results            what is said of a frame; the JSON line is documented there
    events             who appeared, who left

May import of `catdog.edge`: `common`, `contract`, `errors`, `inference`, `pictures`, `regions`, `sources`, `store`.
"""
