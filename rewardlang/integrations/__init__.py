"""Specs in the environments of other projects. Each module imports its project; nothing else of rewardlang imports them."""
