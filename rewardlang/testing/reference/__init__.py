"""The reference interpreter: what a spec means, worked out slowly in float64, to hold compiled rewards against."""

from .interpreter import Reference

__all__ = ["Reference"]
