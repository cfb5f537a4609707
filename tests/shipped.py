"""The shipped specs that are compiled for a task of files; the others read quantities of a Python host, which `zoo.cases.HOSTS` has."""

from pathlib import Path

ALL = sorted((Path(__file__).parents[1] / "reward_specs").rglob("*.reward"))
OF_A_HOST = [path for path in ALL if "rewardlang.integrations." in path.read_text(encoding="utf-8")]
SPECS = [path for path in ALL if path not in OF_A_HOST]
