"""How fast to learn in each step where a whole network is trained.

May import: Keras.
"""

import keras

_WARM_UP = 0.1  # of the steps
_LEAST = 0.02  # of the largest rate, at the end


def rise_and_fall(largest: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Rise over the first tenth of the steps, then fall as a cosine."""
    warm_up = max(1, int(steps * _WARM_UP))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), alpha=_LEAST, warmup_target=largest, warmup_steps=warm_up
    )
