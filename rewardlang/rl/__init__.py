"""Training: the environment, rl_games, logs, run folders, play."""
