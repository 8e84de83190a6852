"""`catdog-edge`: the command line, and what it puts together.

    cli                which of the commands it is
    parser, config     options as they are typed, or kept in a file
    arguments          and the options dataclasses that they become
    classify           the main job: from options to sources, model and sinks
    swap               a folder of models in place of one model
    reporter, throttle to the sinks what is found, to stderr what is wrong, and not too often
    doctor/, models/, service/, teach/   commands of their own

May import of `catdog.edge`: everything.
"""
