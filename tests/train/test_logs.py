"""What goes on is told through logging, and as lines to who asks for them."""

import logging

import pytest

from catdog.train.logs import lines_to

LOG = logging.getLogger("catdog.train.somewhere")


def test_lines_go_to_the_function_and_to_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []
    with lines_to(said.append):
        LOG.debug("too much")
        LOG.info("%d pictures", 3)
        LOG.warning("left out")
    LOG.warning("afterwards")
    assert said == ["3 pictures", "left out"]
    assert [record.getMessage() for record in caplog.records] == ["afterwards"]


def test_without_a_function_they_are_left_to_logging(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO, "catdog"), lines_to(None):
        LOG.info("3 pictures")
    assert [record.getMessage() for record in caplog.records] == ["3 pictures"]
    assert capsys.readouterr() == ("", "")
