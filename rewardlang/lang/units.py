"""Units of measure: parsing, arithmetic, printing.

A unit keeps the symbols it was written with (`N*m`), so that it prints as its writer expects, and is compared by what they
reduce to in m, kg and s. The radian is printed and reduces to 1, as in SI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Dict, List, Optional, Tuple, Union

# symbol → powers of (kg, m, s)
SYMBOLS: Dict[str, Tuple[int, int, int]] = {
    "m": (0, 1, 0), "s": (0, 0, 1), "kg": (1, 0, 0), "rad": (0, 0, 0),
    "N": (1, 1, -2), "Pa": (1, -1, -2), "W": (1, 2, -3), "J": (1, 2, -2),
}  # fmt: skip
ORDER = ("N", "Pa", "J", "W", "kg", "m", "rad", "s")
TOKEN = re.compile(r"\s*(?:(?P<symbol>[A-Za-z_]+)|(?P<one>1(?![0-9]))|(?P<operator>\*\*|[*/^()]))")
EXPONENT = re.compile(r"\s*(?:(-?\d{1,2})(?!\d)|\(\s*(-?\d{1,2})\s*/\s*([1-9]\d?)\s*\))")
MAX_POWER = 1000


@dataclass(frozen=True)
class Unit:
    """Symbols with their powers, sorted; no symbols is the unit 1."""

    powers: Tuple[Tuple[str, Fraction], ...] = ()

    @cached_property
    def base(self) -> Tuple[Fraction, Fraction, Fraction]:
        """Powers of (kg, m, s): what two units are compared by."""
        kg, m, s = (
            sum((Fraction(SYMBOLS[symbol][i]) * p for symbol, p in self.powers), Fraction(0))
            for i in range(3)
        )
        return kg, m, s

    def same(self, other: Unit) -> bool:
        return self.powers == other.powers or self.base == other.base

    @property
    def is_one(self) -> bool:
        """Whether a plain number has this unit (radians count)."""
        return not any(self.base)

    def __mul__(self, other: Unit) -> Unit:
        powers = dict(self.powers)
        for symbol, power in other.powers:
            powers[symbol] = powers.get(symbol, Fraction(0)) + power
        return _unit(powers)

    def __truediv__(self, other: Unit) -> Unit:
        return self * other ** Fraction(-1)

    def __pow__(self, exponent: Union[int, Fraction]) -> Unit:
        return _unit({symbol: power * exponent for symbol, power in self.powers})

    def __str__(self) -> str:
        if self.is_one and any(symbol != "rad" for symbol, _ in self.powers):
            return "1"  # such as N/(kg*m/s^2)
        above = [_factor(s, p) for s, p in self.powers if p > 0]
        below = [_factor(s, -p) for s, p in self.powers if p < 0]
        top = "*".join(above) or "1"
        return top if not below else f"{top}/{below[0]}" if len(below) == 1 else f"{top}/({'*'.join(below)})"


ONE = Unit()
SECOND = Unit((("s", Fraction(1)),))
RADIAN = Unit((("rad", Fraction(1)),))


def _unit(powers: Dict[str, Fraction]) -> Unit:
    return Unit(tuple((symbol, powers[symbol]) for symbol in ORDER if powers.get(symbol)))


def _factor(symbol: str, power: Fraction) -> str:
    return symbol if power == 1 else f"{symbol}^{power}" if power.denominator == 1 else f"{symbol}^({power})"


def parse_unit(text: str) -> Unit:
    """The unit that a text such as `N*m*rad/s` or `N/(m*s)` means. Raises UnitError, whose message says what is wrong."""
    position, sign, unit, expects_factor = 0, 1, ONE, True
    outer: List[Tuple[Unit, int]] = []  # what stands before each open parenthesis, and the sign of its power
    while position < len(text.rstrip()):
        match = TOKEN.match(text, position)
        if match is None:
            raise UnitError(f"`{text}` is not a unit")
        position = match.end()
        word = match[0].strip()
        if word in ("*", "/", "^", "**", ")") and (expects_factor or word in ("^", "**")):
            raise UnitError(f"`{text}` is not a unit")
        if word in ("*", "/"):
            sign, expects_factor = (1 if word == "*" else -1), True
            continue
        if word != ")" and not expects_factor:
            raise UnitError(f"`{text}`: write `*` or `/` between units")
        if word == "(":
            outer.append((unit, sign))
            unit, sign = ONE, 1
            continue
        expects_factor, factor = False, ONE
        if word == ")":
            if not outer:
                raise UnitError(f"`{text}` is not a unit")
            factor, (unit, sign) = unit, outer.pop()
        elif match["symbol"]:
            if word not in SYMBOLS:
                raise UnitError(f"unknown unit `{word}`", word)
            factor = Unit(((word, Fraction(1)),))
        power = TOKEN.match(text, position)
        if power is not None and power["operator"] in ("^", "**"):
            number = EXPONENT.match(text, power.end())
            if number is None:
                raise UnitError(
                    f"`{text}`: the exponent of a unit is a whole number or, in parentheses, a quotient of two"
                )
            factor, position = (
                factor ** Fraction(int(number[1] or number[2]), int(number[3] or 1)),
                number.end(),
            )
        unit = unit * factor**sign
        if any(abs(power) > MAX_POWER for _, power in unit.powers):
            raise UnitError(f"a power of a unit is at most {MAX_POWER}")
    if expects_factor or outer:
        raise UnitError("a unit is due" if not text.strip() else f"`{text}` is not a unit")
    return unit


class UnitError(ValueError):
    """A text that is no unit; `symbol` is the unknown name in it, if that is the reason."""

    def __init__(self, message: str, symbol: str = "") -> None:
        super().__init__(message)
        self.symbol = symbol


def show(unit: Optional[Unit]) -> str:
    """A unit as text; a plain number's, which fits any, is empty."""
    return "" if unit is None else str(unit)
