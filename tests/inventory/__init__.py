"""Terms of public projects, each written in the language and again in NumPy."""

from .further_feet import TABLE as FEET
from .further_hands import TABLE as HANDS
from .further_motion import TABLE as MOTION
from .further_rules import TABLE as RULES
from .further_tracking import TABLE as TRACKING
from .listed_body import TABLE as LISTED_BODY
from .listed_feet import TABLE as LISTED_FEET
from .listed_goals import TABLE as LISTED_GOALS
from .listed_joints import TABLE as LISTED_JOINTS

LISTED = [LISTED_BODY, LISTED_JOINTS, LISTED_FEET, LISTED_GOALS]
FURTHER = [TRACKING, FEET, MOTION, HANDS, RULES]
TABLES = [*LISTED, *FURTHER]
