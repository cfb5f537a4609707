"""`extends` and `import`: what is joined, and what is refused."""

from __future__ import annotations

import pytest

import rewardlang

BASE = """task humanoid
param v = 1[m/s] in [0, 3]
speed = min(forward_vel, v)
reward = speed + alive - 0.01*sum(torques^2) as effort
reward style per second = -abs(base_lin_vel.y) as drift
reward style += -abs(base_ang_vel.z) as turn
metric height = base_height
"""
LIBRARY = """param k = 2 in [0, 5]
sq(x) = k * x^2
both = sq(forward_vel)
reward = alive
"""
DEEP = 'import "kernels.reward" as g\ny = g.both\nreward = y'
ROUGH = "terminate fell when base_height < 0.1\nslow = prev(fell)\nlent = own\nbad = sum(torques) + 1[s]\nfine = base_height\nreward = alive"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.reward").write_text(BASE)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "kernels.reward").write_text(LIBRARY)
    (tmp_path / "lib" / "deep.reward").write_text(DEEP)
    (tmp_path / "lib" / "rough.reward").write_text(ROUGH)
    return tmp_path


def load(folder, text, name="a.reward"):
    (folder / name).write_text(text)
    return rewardlang.load(folder / name)


def terms(spec):
    program = rewardlang.compile(spec)
    return {row["term"]: (row["group"], row["weight"], row["value"]) for row in program.table()}


def test_extends_takes_everything_and_replaces_by_name(folder):
    spec = load(
        folder,
        'extends "base.reward"\nspeed = 2*forward_vel\nreward += base_height as tall\nweight effort = -0.2\ndrop alive',
    )
    assert terms(spec) == {
        "speed": ("reward", 1.0, "speed"), "effort": ("reward", -0.2, "sum(torques^2)"), "tall": ("reward", 1.0, "base_height"),
        "drift": ("style", -0.02, "abs(base_lin_vel.y)"), "turn": ("style", -0.02, "abs(base_ang_vel.z)"),
    }  # fmt: skip
    assert spec.task == "humanoid" and [m.name for m in rewardlang.compile(spec).typed.metrics] == ["height"]


def test_a_group_is_replaced_whole(folder):
    assert list(
        terms(load(folder, 'extends "base.reward"\nreward style = -base_lin_vel.y^2 as sideways'))
    ) == ["speed", "alive", "effort", "sideways"]


def test_weight_and_drop_go_with_the_group_they_were_about(folder):
    (folder / "tuned.reward").write_text(
        'extends "base.reward"\nweight drift = -3\ndrop turn\nweight effort = -0.5\n'
    )
    spec = load(folder, 'extends "tuned.reward"\nreward style = -base_lin_vel.y^2 as drift - heading as turn')
    assert {name: weight for name, (_, weight, _) in terms(spec).items()} == {
        "speed": 1.0, "alive": 1.0, "effort": -0.5, "drift": -1.0, "turn": -1.0,
    }  # fmt: skip


def test_what_a_base_drops_is_gone_before_a_file_adds_to_it(folder):
    (folder / "p.reward").write_text(
        "reward = forward_vel as fallen - 0.1*sum(torques^2) as effort + alive\nmetric m = base_height\n"
        "terminate low when base_height < 0.1\n"
    )
    (folder / "q.reward").write_text(
        'extends "p.reward"\ndrop effort\ndrop metric m\ndrop terminate low\ndrop terminate fallen\n'
    )
    again = load(folder, 'extends "q.reward"\nreward += -0.5*sum(torques^2) as effort\nmetric m = 2*base_height\n'
                 "terminate low when base_height < 0.2\ndrop fallen")  # fmt: skip
    program = rewardlang.compile(again)
    assert {row["term"]: row["weight"] for row in program.table()} == {"alive": 1.0, "effort": -0.5}
    assert [c.name for c in program.typed.causes] == ["low"] and [m.name for m in program.typed.metrics] == [
        "m"
    ]
    assert rewardlang.parse(str(again)).tree == again.tree
    own = rewardlang.compile(
        load(folder, 'extends "q.reward"\nterminate fallen when base_height < 0.3', "b.reward")
    )
    assert [c.name for c in own.typed.causes] == ["fallen"]


def test_import_takes_names_and_nothing_else(folder):
    spec = load(
        folder,
        'import "lib/kernels.reward" as g\nreward = g.sq(forward_vel) as a + g.both as b + g.k*alive as c',
    )
    program = rewardlang.compile(spec)
    assert [t.name for t in program.terms] == ["a", "b", "c"]
    reward = rewardlang.Reward(program, 1)
    reward.set_param("g.k", 3)
    with pytest.raises(ValueError, match=r"g\.k = 9 is outside its range \[0, 5\]"):
        reward.set_param("g.k", 9)


def test_a_joined_spec_prints_as_text_that_stands_alone(folder):
    spec = load(folder, 'extends "base.reward"\nimport "lib/kernels.reward" as g\nreward += g.both as b')
    again = rewardlang.parse(str(spec))
    assert again.tree == spec.tree and rewardlang.compile(again).hash == rewardlang.compile(spec).hash


def test_parameters_hide_what_a_library_calls_the_same(folder):
    (folder / "lib" / "hide.reward").write_text("x = base_height\nf(x) = x + 1\nreward = alive")
    spec = load(folder, 'import "lib/hide.reward" as h\nreward = h.f(forward_vel/1[m/s]) as a')
    assert "h.f(x) = x + 1" in str(spec)


def test_a_function_and_a_definition_of_one_name(folder):
    (folder / "lib" / "gait.reward").write_text(
        "phase = phase(0.8[s], 0)\nsq(phase) = phase^2\nreward = alive"
    )
    spec = load(folder, 'import "lib/gait.reward" as g\nreward = g.sq(g.phase) as a')
    assert "g.phase = phase(0.8[s], 0)" in str(spec) and list(terms(spec)) == ["a"]


def test_shipped_specs_are_found(folder):
    assert "effort" in terms(load(folder, 'extends "humanoid/tutorial.reward"\ndrop tilt'))
    assert "effort" in terms(rewardlang.parse('extends "humanoid/tutorial.reward"'))


@pytest.mark.parametrize(("text", "code", "message"), [
    ('extends "bass.reward"', "RW110", "did you mean `base.reward`?"),
    ('extends "/etc/passwd"', "RW111", "not a relative path"),
    ('extends "../out.reward"', "RW111", "outside the folder"),
    ('extends "a.reward"', "RW112", "a.reward -> a.reward"),
    ('extends "base.reward"\nextends "base.reward"', "RW113", "a second `extends`"),
    ('x = 1\nextends "base.reward"', "RW113", "before all statements"),
    ('import "lib/kernels.reward" as g\nreward = g.bth', "RW101", "did you mean `g.both`?"),
    ('import "lib/kernels.reward" as g\nreward = g.sqq(1)', "RW101", "did you mean `g.sq`?"),
    ('import "lib/kernels.reward" as heading\nreward = alive', "RW107", "`heading` is a quantity"),
    ('import "lib/kernels.reward" as g\nparam g.k = 3\nreward = alive', "RW102", "`g.k` is a name of the file imported as `g`"),
    ('import "lib/kernels.reward" as g\nreward = g_k*g.k*alive', "RW101", "did you mean `g.k`?"),
    ('import "lib/kernels.reward" as g\nreward = g as z', "RW101", "`g` is the name of an import, not a value"),
    ('import "lib/deep.reward" as d\nreward = d.g as z', "RW101", "`d.g` is the name of an import, not a value"),
    ('import "lib/deep.reward" as d\nreward = d.g.bot', "RW101", "did you mean `d.g.both`?"),
    ('import "lib/rough.reward" as g\nreward = g.slow', "RW101", "rough.reward:2:13: error: `fell` is not there for a file that imports"),
    ('import "lib/rough.reward" as g\nfell = alive\nreward = g.slow', "RW101", "`fell` is not there for a file that imports"),
    ('import "lib/rough.reward" as g\nown = alive\nreward = g.lent', "RW101", "an import does not read the names of the file"),
    ('import "lib/rough.reward" as g\nreward = g.bad', "RW302", "rough.reward:4:7: error: cannot add N*m and s"),
    ('import "lib/kernels.reward" as x\nreward = x.k*alive', "RW102", "`x` is a parameter of `sq` in lib/kernels.reward"),
    ('extends "lib/deep.reward"\nimport "base.reward" as g\nreward = alive', "RW102", "`g` is the name of another import"),
    ('extends "lib/deep.reward"\nparam g.kk = 3', "RW101", "has no `kk`"),
    ('import "lib/kernels.reward" as g\nreward = g.sq', "RW101", "`g.sq` is a function"),
    ('import "lib/kernels.reward" as g\nreward = g.both(2)', "RW104", "`g.both` is no function"),
    ('extends "lib/deep.reward"\ng = 3', "RW102", "`g` is the name of an import"),
    ('extends "lib/deep.reward"\nreward += g.bth as z', "RW101", "did you mean `g.both`?"),
    ('import "lib/kernels.reward" as g\ng = 3\nreward = alive', "RW102", "`g` is the name of an import"),
    ('import "lib/kernels.reward" as g\nreward = alive\nreward g = alive', "RW102", "`g` is the name of an import"),
    ('import "lib/kernels.reward" as g\nimport "base.reward" as g\nreward = alive', "RW102", "`g` is the name of another import"),
    (f'import "{"x" * 300}" as g\nreward = alive', "RW110", "there is no file"),
])  # fmt: skip
def test_refused(folder, text, code, message):
    (folder.parent / "out.reward").write_text(BASE)
    with pytest.raises(rewardlang.RewardError) as caught:
        rewardlang.compile(load(folder, text))
    assert caught.value.diagnostics[0].code == code and message in str(caught.value)


# What stands in a file → the terms it has, its params.
IMPORTS = [
    ('g_k = 3\nimport "lib/kernels.reward" as g\nreward = g.both + g_k*alive', ["g_both", "alive"], ["g.k"]),
    ('import "lib/rough.reward" as base\nreward = base.fine', ["base_fine"], []),  # what nothing reads is not looked at
    ('import "lib/kernels.reward" as a\nimport "lib/rough.reward" as a_b\nreward = a.both as p + a_b.fine as q', ["p", "q"], ["a.k"]),
    ('import "lib/deep.reward" as d\nimport "lib/kernels.reward" as g\nreward = d.y + d.g.k*alive + g.k*heading', ["d_y", "alive", "heading"], ["d.g.k", "g.k"]),
    ('import "lib/pure.reward" as x\nreward = x.f(alive) as a', ["a"], []),
    ('import "lib/rough.reward" as r\nf(r) = r.y\nreward = f(base_lin_vel) as a + r.fine as b', ["a", "b"], []),
    ('extends "lib/deep.reward"\nparam g.k = 3\nreward += g.sq(heading) as z', ["y", "z"], ["g.k"]),
    ('extends "lib/deep.reward"\nimport "lib/kernels.reward" as g\nreward += g.sq(heading) as z', ["y", "z"], ["g.k"]),
    ('import "extending.reward" as e\nreward = e.both + e.twice', ["e_both", "e_twice"], ["e.k"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "names", "params"), IMPORTS, ids=range(len(IMPORTS)))
def test_imported_names(folder, text, names, params):
    (folder / "extending.reward").write_text('extends "lib/kernels.reward"\ntwice = 2*both\nparam k = 3')
    (folder / "lib" / "pure.reward").write_text("f(x) = 2*h(x)\nh(x) = x^2")
    spec = load(folder, text)
    program = rewardlang.compile(spec)
    assert [t.name for t in program.terms] == names
    assert sorted(p.name for p in program.typed.params) == params
    again = rewardlang.parse(str(spec))
    assert again.tree == spec.tree and rewardlang.compile(again).hash == program.hash
    assert (2 * spec).terms == spec.terms and [p.name for p in rewardlang.compile(2 * spec).typed.params] == [
        p.name for p in program.typed.params
    ]


def test_a_param_of_an_import_is_set_by_its_name(folder):
    program = rewardlang.compile(load(folder, 'import "lib/kernels.reward" as g\nreward = g.k*alive'))
    with pytest.raises(ValueError, match="no param `g_k`; did you mean `g.k`?"):
        program.param("g_k", 1)
    assert rewardlang.compile(load(folder, 'extends "a.reward"\nparam g.k = 4', "b.reward")).table()[0]["weight"] == 4  # fmt: skip


def test_all_that_cannot_be_read_is_reported(folder):
    (folder / "broken.reward").write_text("a = (\nreward = +")
    text = 'import "broken.reward" as a\nimport "gone.reward" as b\nimport "lib/kernels.reward" as c\nimport "/x" as d'
    with pytest.raises(rewardlang.RewardError) as caught:
        load(folder, text)
    assert sorted(d.code for d in caught.value.diagnostics) == ["RW003", "RW009", "RW110", "RW111"]


def test_all_names_that_imports_do_not_have_are_reported(folder):
    with pytest.raises(rewardlang.RewardError) as caught:
        load(folder, 'import "lib/kernels.reward" as g\na = g.bth\nreward = g.bth2 + a + g.kk')
    assert [d.span.text for d in caught.value.diagnostics] == ["g.bth", "g.bth2", "g.kk"]


def test_a_circle_over_two_files(folder):
    (folder / "b.reward").write_text('extends "a.reward"')
    with pytest.raises(rewardlang.RewardError, match="a.reward -> b.reward -> a.reward"):
        load(folder, 'extends "b.reward"')


def test_an_error_in_another_file_points_there(folder):
    (folder / "bad.reward").write_text("x = torqes\nreward = x")
    with pytest.raises(rewardlang.RewardError, match=r"bad\.reward:1:5: error: unknown name `torqes`"):
        rewardlang.compile(load(folder, 'extends "bad.reward"'))


def test_a_parameter_hides_an_import(folder):
    spec = load(
        folder, 'import "lib/kernels.reward" as g\nf(g) = g.x\nreward = f(base_lin_vel) as a + g.k*alive as b'
    )
    assert "f(g) = g.x" in str(spec) and list(terms(spec)) == ["a", "b"]
