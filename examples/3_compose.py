"""Specs are values: change weights, leave terms out, add specs. Each result prints as text that parses to itself."""

import rewardlang

walk = rewardlang.parse("reward = forward_vel + 1.0*alive - 0.01*sum(torques^2) as effort")
smooth = rewardlang.parse("reward style per second = -0.05*sum(rate(dof_vel)^2) as jerkiness")

gentle = walk.with_weights(effort=-0.03)
careless = walk.without("effort")
both = gentle + smooth

print(both)
assert rewardlang.parse(str(both)).tree == both.tree
assert [term.name for term in rewardlang.compile(careless).terms] == ["forward_vel", "alive"]
assert [term.name for term in rewardlang.compile(both).terms] == [
    "forward_vel",
    "alive",
    "effort",
    "jerkiness",
]
