"""`catdog-edge teach`: new labels for a model, learnt from class folders on this machine."""
