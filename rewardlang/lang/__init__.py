"""The language: from text to torch source. Imports neither torch nor a simulator."""
