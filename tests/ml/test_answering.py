from __future__ import annotations

import sys
from contextlib import closing

import pytest

from ml.experiments.answering import Answering

PROGRAM = """
import json, sys
for line in sys.stdin:
    if line == "end\\n":
        break
    print("a library says something", flush=True)
    print(json.dumps({"asked": line.strip()}), flush=True)
"""


def test_each_line_is_answered_whatever_else_is_said() -> None:
    with closing(Answering([sys.executable, "-c", PROGRAM])) as program:
        assert [program.ask(said) for said in ("a b", "é")] == [{"asked": "a b"}, {"asked": "é"}]


def test_a_program_that_has_ended_is_told() -> None:
    with (
        closing(Answering([sys.executable, "-c", PROGRAM])) as program,
        pytest.raises(RuntimeError, match=r"ended\.$"),
    ):
        program.ask("end")
