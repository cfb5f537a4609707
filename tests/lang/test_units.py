"""Units: what is written, multiplied and compared."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rewardlang
from rewardlang.lang.units import SYMBOLS, Unit, UnitError, parse_unit, show

TEXTS = {
    "m": "m", "m/s": "m/s", "m / s": "m/s", "m/s^2": "m/s^2", "m/s**2": "m/s^2", "N*m": "N*m", "1": "1", "1/s": "1/s", "m*m": "m^2", "m/m": "1",
    "kg*m^2/s^3": "kg*m^2/s^3", "rad": "rad", "rad/s": "rad/s", "m^-1": "1/m", "W/kg": "W/kg", "N/m/s": "N/(m*s)", "m^0": "1", "N/(m*s)": "N/(m*s)", "(m/s)^2": "m^2/s^2", "m^(1/2)": "m^(1/2)", "1/(s)": "1/s",
}  # fmt: skip
SAME = [
    ("N*m", "J"),
    ("N", "kg*m/s^2"),
    ("W", "J/s"),
    ("Pa", "N/m^2"),
    ("rad", "1"),
    ("N*m*rad/s", "W"),
    ("m/s*rad", "m/s"),
]
BAD = [
    "km",
    "m**",
    "m^x",
    "*m",
    "m*",
    "/",
    "",
    " ",
    "m s",
    "2",
    "m^1.5",
    "m)",
    "(m",
    "()",
    "m(s)",
    "m^(1/0)",
    "((m^99)^99)",
    "m^999",
    "deg",
    "10",
    "M",
]


@pytest.mark.parametrize("text, shown", TEXTS.items())
def test_text(text: str, shown: str) -> None:
    assert str(parse_unit(text)) == shown and parse_unit(shown).same(parse_unit(text))


@pytest.mark.parametrize("a, b", SAME)
def test_same(a: str, b: str) -> None:
    assert parse_unit(a).same(parse_unit(b))


@pytest.mark.parametrize("text", BAD)
def test_no_unit(text: str) -> None:
    with pytest.raises(UnitError):
        parse_unit(text)


UNITS = st.dictionaries(st.sampled_from(sorted(SYMBOLS)), st.integers(-3, 3), max_size=3).map(
    lambda powers: parse_unit("*".join(f"{s}^{p}" for s, p in powers.items()) or "1")
)


@given(UNITS, UNITS, UNITS)
def test_algebra(a: Unit, b: Unit, c: Unit) -> None:
    assert (a * b).same(b * a) and ((a * b) * c).same(a * (b * c)) and (a / a).is_one
    assert (a * b / b).same(a) and ((a**2) ** Fraction(1, 2)).same(a)
    assert parse_unit(str(a)).same(a) and show(None) == ""


# the unit of an expression, as the table of terms shows it
EXPRESSIONS = {
    "forward_vel": "m/s", "forward_vel^2": "m^2/s^2", "sqrt(base_height)": "m^(1/2)", "forward_vel * base_height": "m^2/s",
    "sum(torques * dof_vel)": "N*m*rad/s", "sum(body_mass) * 9.81[m/s^2]": "kg", "2[m] * 3[m] * alive": "1", "rate(forward_vel)": "m/s^2",
    "integral(forward_vel)": "m", "timer(alive)": "s", "abs(forward_vel + 1)": "m/s", "min(forward_vel, 2)": "m/s", "prev(forward_vel)": "m/s",
    "gauss(forward_vel, 0.5)": "1", "count(dof_pos > 0)": "1", "heading": "rad", "forward_vel / base_height": "1/s", "normalize(base_lin_vel).x": "1",
    "norm(base_lin_vel)": "m/s", "dot(base_lin_vel, base_lin_vel)": "m^2/s^2", "where(alive, forward_vel, 0)": "m/s", "atan2(forward_vel, 1)": "rad",
    "abs(base_height)^1.5": "m^(3/2)", "forward_vel^-1": "s/m", "var(dof_vel)": "rad^2/s^2", "sign(forward_vel)": "1", "mod(heading, 2)": "rad",
}  # fmt: skip


@pytest.mark.parametrize("text, unit", EXPRESSIONS.items())
def test_unit_of_an_expression(text: str, unit: str) -> None:
    (row,) = rewardlang.compile(f"reward = {text} as t").table()
    assert row["unit"] == unit
