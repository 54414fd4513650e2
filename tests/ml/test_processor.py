"""A processor without AVX is named, in the place of an illegal instruction without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.processor import ProcessorTooOld, flags, require_tensorflow

OLD = "processor\t: 0\nmodel name\t: Celeron\nflags\t\t: fpu sse sse2 ssse3 sse4_2\n"


def test_a_processor_without_avx_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(OLD)
    with pytest.raises(ProcessorTooOld, match=r"no AVX.*copy its folder"):
        require_tensorflow(tmp_path / "cpuinfo")


def test_one_with_avx_and_one_that_tells_nothing_pass(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(OLD.replace("sse4_2", "sse4_2 avx avx2"))
    require_tensorflow(tmp_path / "cpuinfo")
    require_tensorflow(tmp_path / "elsewhere")
    assert flags(tmp_path / "elsewhere") == frozenset()
