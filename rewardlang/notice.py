"""What a user should know of a program at work, though it goes on."""


class Notice(UserWarning):
    """A warning that a training shows, where others only go to its log."""
