"""Teaching a model on the machine that runs it: its last layer is fitted anew to pictures in class folders, and proven.

    teaching     from options to a file that is proven, or an error
    gallery      the pictures: found, grouped, seen through the model
    examples     features with labels; which are learnt from and which are held back
    exemplars    what a file remembers of its own labels' pictures, or drawn pictures where it remembers nothing
    remembering  exemplars into a file that has none
    logistic     the fit
    learning     its strength, by cross-validation; the temperature
    cut          an int8 file taken apart before its last layer, and put together with another
    gate         what speaks against the result, and what cannot be told
    writing      the file: contract, metadata, seal
    novelty      what looks other than all that was learnt from
    suspects     which pictures are likely under a wrong label or under two; suspects_page shows them
    report       the JSON document beside it
    temperature  calibrated scores, for training, too

May import of `catdog.edge`: `backends`, `common`, `contract`, `errors`, `models`, `pictures`, `synthetic`, `tflite`.
"""
