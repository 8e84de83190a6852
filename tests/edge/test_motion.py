import numpy as np

from catdog.edge.runner.motion import MotionGate
from catdog.edge.synthetic import DemoFilm


def test_still_room_is_judged_seldom_and_movement_at_once() -> None:
    film, gate = DemoFilm(), MotionGate()
    stood = [gate.may_stand(film.frame(index), index / film.fps) for index in range(film.frames_per_cycle)]
    truth = [film.truth(index) for index in range(film.frames_per_cycle)]
    first_pet = next(index for index, label in enumerate(truth) if label == "cats")
    empty = stood[int(1.0 * film.fps) : int(5.0 * film.fps)]  # then the cat begins to come in
    assert np.mean(empty) > 0.9
    # The truth counts a pet once it is well in view; by then the gate has long been open.
    assert not any(stood[first_pet - 1 : first_pet + 3])


def test_noise_is_no_movement_and_a_small_animal_is() -> None:
    rng = np.random.default_rng(0)
    room = rng.integers(60, 180, (480, 640, 3)).astype(np.int16)

    def frame() -> np.ndarray:
        return np.clip(room + rng.normal(0, 8, room.shape), 0, 255).astype(np.uint8)

    gate = MotionGate()
    stood = [gate.may_stand(frame(), number / 10) for number in range(60)]
    assert all(stood[6:])
    visited = frame()
    visited[300:340, 300:360] = 10  # one part in 128 of the picture
    assert not gate.may_stand(visited, 6.0)


def test_answer_does_not_stand_for_ever() -> None:
    gate, picture = MotionGate(), np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    stood = [gate.may_stand(picture, float(second)) for second in range(30)]
    assert stood.count(False) in (3, 4)
    assert not gate.may_stand(picture, 30.0, known=False)
