"""What is printed while rl_games runs goes to the log; a notice is told as well."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import List

from rewardlang.notice import Notice
from rewardlang.rl.print_log import PrintLog


def test_only_a_notice_is_told(tmp_path: Path) -> None:
    told: List[str] = []
    path = tmp_path / "train.log"
    with PrintLog(told.append) as log:
        warnings.warn("before the file", Notice, stacklevel=1)
        log.open(path)
        print("of rl_games")
        warnings.warn("of no matter", UserWarning, stacklevel=1)
        warnings.warn("after it", Notice, stacklevel=1)
    assert told == ["before the file", "after it"]
    text = path.read_text(encoding="utf-8")
    assert all(word in text for word in (*told, "of rl_games", "of no matter"))
