"""The command line. Each command is one call; input that can't be used is one clear message and exit code 2."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from . import __version__
from .command_input import compiled, existing, params
from .uncollected import at_rest


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a command and give its exit code: 0, 1 where `fmt --check` or `test` found something, or 2 for bad input."""
    arguments = parser().parse_args(argv)
    arguments.argv = list(sys.argv[1:] if argv is None else argv)
    try:
        return arguments.run(arguments) or 0
    except KeyboardInterrupt:  # before a training has begun: that one ends by itself and saves
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as problem:
        _report(problem, getattr(arguments, "format", "text"))
        return 2
    except ImportError as problem:
        if problem.name is None:  # ours: it says more than the name of a package
            _report(problem, getattr(arguments, "format", "text"))
            return 2
        name = problem.name.split(".")[0]
        extra = "lsp" if name in ("pygls", "lsprotocol") else "test" if arguments.run is _test else "train"
        print(f"error: {name} is not installed: pip install 'rewardlang[{extra}]'", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="rewardlang",
        description="Write a reward as an equation; check it, train with it, watch the result.",
    )
    top.add_argument("--version", action="version", version=f"rewardlang {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = _command(commands, "check", _check, "check a reward file and show its terms")
    check.add_argument("file", help="the .reward file, or - for standard input")
    _task_option(check)
    _set_option(check)
    check.add_argument("--strict", action="store_true", help="warnings are errors")
    check.add_argument(
        "--probe",
        action="store_true",
        help="run scripted behaviours in the simulator: what each term pays a robot that stands, goes limp, falls, ...",
    )
    check.add_argument(
        "--sim",
        help="say what this simulator cannot tell of a reset state, and with --probe run there: mujoco (default), mujoco_warp or isaacgym",
    )
    _format_option(check)

    explain = _command(
        commands, "explain", _explain, "show what a stage of the compiler made of a reward file"
    )
    explain.add_argument("file", help="the .reward file, or - for standard input")
    _set_option(explain)
    explain.add_argument(
        "--show",
        choices=("terms", "tree", "ir", "torch", "triton", "latex"),
        default="terms",
        help="which artefact (default: terms)",
    )
    _task_option(explain)

    emit = _command(commands, "emit", _emit, "write a reward file as a torch file that needs no rewardlang")
    emit.add_argument("file", help="the .reward file, or - for standard input")
    emit.add_argument("-o", "--output", metavar="FILE", help="the file to write (default: standard output)")
    _set_option(emit)
    _task_option(emit)

    fmt = _command(commands, "fmt", _fmt, "format reward files: one canonical layout, comments kept")
    fmt.add_argument("files", nargs="+", metavar="FILE", help=".reward files, or - for standard input")
    fmt.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file would change")

    quantities = _command(
        commands, "quantities", _quantities, "list the names that a reward for a task can read"
    )
    quantities.add_argument(
        "task",
        nargs="?",
        default="humanoid",
        help="a shipped task, a folder with a task.yaml, a YAML file, or an MJCF (default: humanoid)",
    )
    _format_option(quantities)

    functions = _command(
        commands, "functions", _functions, "list the functions of the language, or explain one"
    )
    functions.add_argument("name", nargs="?", metavar="NAME", help="the function to explain")

    lsp = _command(commands, "lsp", _lsp, "answer an editor: a language server on standard input and output")
    lsp.add_argument(
        "--task", metavar="T", help="check every file for this task, whatever its `task` line says"
    )
    lsp.add_argument("--stdio", action="store_true", help="what some editors add; there is no other way")

    test = _command(
        commands, "test", _test, "try to break a reward: laws that every reward keeps, on generated states"
    )
    test.add_argument("files", nargs="+", metavar="FILE", help=".reward files, or folders of them")
    _task_option(test)
    _set_option(test)
    test.add_argument(
        "--law", action="append", default=[], metavar="LAW", help="try only this law; may be repeated"
    )
    test.add_argument(
        "--max-examples",
        type=int,
        default=64,
        metavar="N",
        help="sequences of states that each law is tried on (default: 64)",
    )
    test.add_argument("--seed", type=int, default=0, metavar="S", help="seed of the sequences (default: 0)")
    test.add_argument("--compile", action="store_true", help="also compare with torch.compile (a minute)")
    test.add_argument("-q", "--quiet", action="store_true", help="a line per law, not per law and term")
    test.add_argument("--junit", metavar="XML", help="also write the results as JUnit's XML")
    _format_option(test)

    train = _command(commands, "train", _train, "train a policy for a reward file")
    train.add_argument("file", nargs="?", help="the .reward file (not needed with --resume)")
    _task_option(train)
    train.add_argument("--algo", choices=("ppo", "sac"), help="rl_games' algorithm (default: ppo)")
    train.add_argument(
        "--num-envs",
        type=int,
        metavar="N",
        help="environments (default: the task's on a GPU, ppo.yaml's `cpu` on a CPU)",
    )
    train.add_argument(
        "--max-epochs",
        type=int,
        metavar="N",
        help="stop after so many epochs, those before --resume included",
    )
    train.add_argument("--max-minutes", type=float, metavar="M", help="stop after so many minutes")
    train.add_argument("--seed", type=int, metavar="S", help="random seed (default: 1)")
    _set_option(train)
    train.add_argument("--resume", metavar="RUN", help="continue the run in this folder")
    train.add_argument(
        "--sim",
        default="auto",
        help="mujoco, mujoco_warp, isaacgym, or auto: MuJoCo Warp if there is a GPU (default: auto)",
    )
    train.add_argument("--device", metavar="D", help="torch device, such as cpu or cuda:0")
    train.add_argument(
        "--gpus",
        type=int,
        metavar="N",
        help="train in N processes, each with its GPU and --num-envs environments (with --device cpu: on the CPU)",
    )
    train.add_argument("--name", help="name of the run's folder (default: the file's name and the time)")
    train.add_argument(
        "--out", default="runs", metavar="DIR", help="where run folders are made (default: runs)"
    )

    play = _command(commands, "play", _play, "run a trained policy and report how it moves")
    play.add_argument("run_folder", metavar="RUN", help="the run's folder")
    play.add_argument(
        "--episodes", type=int, default=64, metavar="N", help="episodes, all at once (default: 64)"
    )
    play.add_argument("--video", metavar="FILE", help="write a video of the first one (.mp4)")
    play.add_argument(
        "--viewer", action="store_true", help="show it in the simulator's window (isaacgym has one)"
    )
    play.add_argument("--checkpoint", metavar="C", help="best, last, or a path (default: best, else last)")
    play.add_argument("--seed", type=int, metavar="S", help="random seed of the initial states")
    play.add_argument("--device", metavar="D", help="torch device")
    _format_option(play)

    doctor = _command(commands, "doctor", _doctor, "say what is installed, and try each simulator")
    doctor.add_argument("--sim", metavar="S", help="only this one: mujoco, mujoco_warp or isaacgym")
    doctor.add_argument("--device", metavar="D", help="where it runs, such as cpu or cuda:0")
    doctor.add_argument("--json", metavar="FILE", help="also write the report as JSON")
    return top


def _check(arguments: argparse.Namespace) -> int:
    from . import show
    from .sim import BLIND_AT_RESET, known

    program = compiled(arguments)
    warnings, probed = list(program.warnings), None
    sim = known(arguments.sim or "mujoco")
    unknown = BLIND_AT_RESET.get(sim, ())
    blind = sorted(program.observed_at_reset.intersection(unknown)) if unknown else []
    if arguments.probe:
        _import_first(sim, None)
        from .rl.probe import probe_task

        probe = probe_task(program, arguments.task, params(arguments.set), sim)
        warnings, probed = [*warnings, *probe.findings], probe.to_dict()
    failed = (arguments.strict and bool(warnings)) or any(w.severity == "error" for w in warnings)
    if arguments.format == "json":
        data = {"ok": not failed, "task": program.vocabulary.task, "terms": show.finite(program.table()),
                "expectations": [e.to_dict() for e in program.expectations], "diagnostics": [w.to_dict() for w in warnings], "zero_at_reset": blind}  # fmt: skip
        print(json.dumps(data if probed is None else {**data, "probe": show.finite(probed)}, indent=2))
    else:
        for warning in warnings:
            print(warning.render(), file=sys.stderr)
        print(show.terms(program))
        if blind:
            print(
                f"on {sim} a reset state has no {' and no '.join(blind)} (0 until the next step): the first observation of an episode shows that"
            )
        if probed is not None:
            print(show.probe(probed))
    return 2 if failed else 0


def _explain(arguments: argparse.Namespace) -> None:
    from . import show

    print(show.STAGES[arguments.show](compiled(arguments)))


def _emit(arguments: argparse.Namespace) -> None:
    from .lang.standalone import standalone

    text = standalone(compiled(arguments, observations=False), params(arguments.set))
    if arguments.output is None:
        sys.stdout.write(text)
    else:
        if Path(arguments.output).suffix == ".reward":
            raise ValueError(
                f"-o {arguments.output}: that is the name of a spec, and what is written is Python"
            )
        Path(arguments.output).write_text(text, encoding="utf-8")
        print(f"wrote {arguments.output}")


def _fmt(arguments: argparse.Namespace) -> int:
    from .lang.fmt import formatted
    from .lang.source import decode, read

    changed = []
    for name in arguments.files:
        source = decode(sys.stdin.buffer.read(), "<stdin>") if name == "-" else read(existing(name), name)
        text = formatted(source)
        if name == "-" and not arguments.check:
            sys.stdout.write(text)
        elif text != source.text:
            changed.append(name)
            if not arguments.check:
                Path(name).write_text(text, encoding="utf-8")
    for name in changed:
        print(f"{'would format' if arguments.check else 'formatted'} {name}")
    return 1 if arguments.check and changed else 0


def _quantities(arguments: argparse.Namespace) -> None:
    from . import show
    from .quantities import vocabulary
    from .task import load_task

    task = load_task(arguments.task)
    names = vocabulary(task)
    print(
        json.dumps(show.finite(show.quantity_rows(names)), indent=2)
        if arguments.format == "json"
        else f"{show.quantities(names)}\n\n{show.robot(task)}"
    )


def _functions(arguments: argparse.Namespace) -> None:
    from . import show

    print(show.functions() if arguments.name is None else show.function(arguments.name))


def _lsp(arguments: argparse.Namespace) -> None:
    from .editor.server import serve

    serve(arguments.task)


def _test(arguments: argparse.Namespace) -> int:
    from .testing.command import test_files

    return test_files(arguments.files, task=arguments.task, params=params(arguments.set), laws=arguments.law,
                      examples=arguments.max_examples, seed=arguments.seed, torch_compile=arguments.compile, quiet=arguments.quiet,
                      format=arguments.format, junit=arguments.junit)  # fmt: skip


def _train(arguments: argparse.Namespace) -> int:
    options = {
        "task": arguments.task, "sim": arguments.sim, "device": arguments.device, "algo": arguments.algo,
        "num_envs": arguments.num_envs, "max_epochs": arguments.max_epochs, "max_minutes": arguments.max_minutes,
        "seed": arguments.seed, "params": params(arguments.set), "resume": arguments.resume, "name": arguments.name,
        "out": arguments.out,
    }  # fmt: skip
    file = None if arguments.file is None else existing(arguments.file)
    with at_rest():
        _import_first(arguments.sim, arguments.resume)
        from .rl.launch import launch, processes
        from .rl.train import train
    gc.freeze()  # what was imported stays: the collector need not look through it again and again

    count = processes(arguments.gpus, arguments.resume)
    if count > 1:
        return launch(count, arguments.argv, file, **options)
    train(file, **options)
    return 0


def _play(arguments: argparse.Namespace) -> None:
    _import_first("auto", arguments.run_folder)
    from .rl.play import play, play_text

    result = play(arguments.run_folder, episodes=arguments.episodes, seed=arguments.seed, checkpoint=arguments.checkpoint,
                  video=arguments.video, device=arguments.device, viewer=arguments.viewer)  # fmt: skip
    print(json.dumps(result, indent=2) if arguments.format == "json" else play_text(result))


def _doctor(arguments: argparse.Namespace) -> int:
    from .doctor import examine, exit_code, text

    report = examine(arguments.sim, arguments.device)
    if arguments.json is not None:
        Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(text(report))
    return exit_code(report)


def _import_first(sim: str, run: Optional[str]) -> None:
    """The simulator asked for, else that of a run, if it must be imported before torch."""
    from .rl.run_folder import open_run
    from .sim import import_first

    import_first(open_run(run).read_info()["sim"] if run is not None and sim == "auto" else sim)


def _report(problem: Exception, format: str) -> None:
    from .lang.diagnostics import RewardError

    if format == "json":
        found: List[Dict[str, Any]] = (
            [d.to_dict() for d in problem.diagnostics] if isinstance(problem, RewardError) else []
        )
        print(json.dumps({"ok": False, "error": str(problem), "diagnostics": found}, indent=2))
    elif isinstance(problem, RewardError):
        count = len(problem.diagnostics)
        print(f"{problem.render()}\n{count} error{'s' if count != 1 else ''}", file=sys.stderr)
    else:
        text = str(problem)
        if isinstance(problem, OSError) and problem.strerror and problem.filename:
            text = f"{problem.filename}: {problem.strerror.lower()}"
        print(text if ": error: " in text else f"error: {text}", file=sys.stderr)


def _command(commands: Any, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    command.set_defaults(run=run)
    return command


def _task_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--task",
        metavar="T",
        help="a shipped task, a folder with a task.yaml, a YAML file, or an MJCF (default: the file's `task` line, else humanoid)",
    )


def _set_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PARAM=VALUE",
        help="the value of a param; may be repeated",
    )


def _format_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print the result (default: text)"
    )


if __name__ == "__main__":
    sys.exit(main())
