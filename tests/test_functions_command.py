"""`rewardlang functions`: the list, one function explained, and a name that there is not."""

from __future__ import annotations

from rewardlang.cli import main
from rewardlang.lang.registry import BUILTINS, GROUPS


def test_the_list_has_every_function_in_its_group(capsys):
    assert main(["functions"]) == 0
    text = capsys.readouterr().out
    assert [name for name in (*BUILTINS, "table", "joints", "bodies") if f"  {name}(" not in text] == []
    heads = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert heads == list(GROUPS)


def test_one_function(capsys):
    assert main(["functions", "gauss"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("gauss(x, width)  (kernels)\n\nA bell")
    assert "  formula  exp(-(x/width)^2)\n" in text and "legged_gym" in text and "`" not in text


def test_a_name_that_there_is_not(capsys):
    assert main(["functions", "gaus"]) == 2
    assert capsys.readouterr().err == "error: there is no function `gaus`; did you mean `gauss`?\n"
    assert main(["functions", "forward_vel"]) == 2
    assert "`rewardlang functions` lists them" in capsys.readouterr().err
