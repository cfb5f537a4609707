"""Load a reward file, compile it for a task, and look at what came out."""

from pathlib import Path

import rewardlang

specs = Path(__file__).parent.parent / "reward_specs"

spec = rewardlang.load(specs / "humanoid" / "tutorial.reward")
program = rewardlang.compile(spec, task="humanoid")

for row in program.table():
    print(f"{row['weight']:>6} * {row['value']:<32} {row['unit']}")

print(program.source)  # the torch code that training runs
