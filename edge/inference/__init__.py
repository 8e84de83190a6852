"""A picture in, a label with scores and times out: `classifier` puts contract, pixels and runtime together.

    given              what a program may hand over as a picture
    classifier         one picture's answer
    scores             from a model's row to scores
    smoothing          scores averaged over time; `unsure` where they are weak

May import of `catdog.edge`: `backends`, `common`, `contract`, `errors`, `foreign`, `models`, `pictures`.
"""
