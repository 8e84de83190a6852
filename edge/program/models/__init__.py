"""`catdog-edge models`: the models that this device may use, and which of them it does."""
