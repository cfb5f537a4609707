"""Results as a test runner prints them, as JSON and as JUnit's XML."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List
from xml.etree import ElementTree

from .runner import FAIL, PASS, SKIP, Result

WORDS = {PASS: "PASS", FAIL: "FAIL", SKIP: "SKIP"}


@dataclass
class File:
    """What became of one file. `error` is why it was not tried: it can't be used, or pays nothing."""

    name: str
    task: str = ""
    terms: int = 0
    seed: int = 0
    seconds: float = 0.0
    results: List[Result] = field(default_factory=list)
    error: str = ""
    skipped: str = ""

    @property
    def failed(self) -> List[Result]:
        return [r for r in self.results if r.outcome == FAIL]

    def to_dict(self) -> Dict[str, Any]:
        return {"file": self.name, "task": self.task, "seed": self.seed, "seconds": round(self.seconds, 3), "error": self.error,
                "skipped": self.skipped, "results": [r.to_dict() for r in self.results]}  # fmt: skip


def head(file: File) -> str:
    return f"{file.name}: {file.terms} terms for the task {file.task}, seed {file.seed}"


def line(result: Result) -> str:
    """A result in one line."""
    text = f"  {WORDS[result.outcome]}  {result.law:<12} {result.part:<24}"
    if result.outcome == PASS:
        return f"{text} {_count(result)} {result.seconds:6.3f} s"
    return f"{text} {result.reason}".rstrip()


def law_line(law: str, results: List[Result]) -> str:
    """The results of one law in one line."""
    count = Counter(r.outcome for r in results)
    worst = FAIL if count[FAIL] else PASS if count[PASS] else SKIP
    told = ", ".join(
        f"{count[o]} {word}"
        for o, word in ((PASS, "passed"), (FAIL, "failed"), (SKIP, "skipped"))
        if count[o]
    )
    return f"  {WORDS[worst]}  {law:<12} {told}"


def _count(result: Result) -> str:
    return f"{result.examples:5d} sequences" if result.examples else f"{'':15}"


def failures(file: File) -> str:
    """Each broken case: what it is, the state, how to reproduce it."""
    out = []
    for result in file.failed:
        assert result.case is not None
        title = f" {file.name} {result.law} {result.part} "
        subject = result.case.subject
        again = f"rewardlang test {file.name} --law {result.law} --seed {result.seed}"
        again += f" --task {subject.task}" if subject.task != (subject.spec.task or "humanoid") else ""
        again += "".join(f" --set {name}={value:g}" for name, value in subject.params.items())
        out += [
            "",
            title.center(100, "_"),
            "",
            result.case.text(),
            "",
            f"again: {again}",
            "or, in Python:",
            "",
        ]
        out += [f"    {row}" if row else "" for row in result.case.snippet().splitlines()]
    return "\n".join(out)


def summary(files: List[File], seconds: float) -> str:
    count = Counter(r.outcome for f in files for r in f.results)
    errors = sum(bool(f.error) for f in files)
    parts = [f"{count[FAIL]} failed"] * bool(count[FAIL]) + [f"{count[PASS]} passed"]
    parts += [f"{count[SKIP]} skipped"] * bool(count[SKIP]) + [f"{errors} unusable"] * bool(errors)
    return f"{len(files)} file{'s' * (len(files) != 1)}: {', '.join(parts)} in {seconds:.1f} s"


def junit(files: List[File], path: Path) -> None:
    """Write the results as JUnit's XML: a suite a file, a case a law and part."""
    root = ElementTree.Element("testsuites")
    for file in files:
        count = Counter(r.outcome for r in file.results)
        suite = ElementTree.SubElement(root, "testsuite", name=file.name, tests=str(max(1, len(file.results))), failures=str(count[FAIL]),
                                       errors=str(int(bool(file.error))), skipped=str(count[SKIP] + bool(file.skipped)),
                                       time=f"{file.seconds:.3f}")  # fmt: skip
        if file.error or file.skipped:
            case = ElementTree.SubElement(suite, "testcase", classname=file.name, name="compile", time="0")
            kind, text = ("error", file.error) if file.error else ("skipped", file.skipped)
            ElementTree.SubElement(case, kind, message=_xml(text.splitlines()[0])).text = _xml(text)
        for r in file.results:
            case = ElementTree.SubElement(
                suite, "testcase", classname=file.name, name=f"{r.law}[{r.part}]", time=f"{r.seconds:.3f}"
            )
            if r.outcome == SKIP:
                ElementTree.SubElement(case, "skipped", message=_xml(r.reason))
            elif r.case is not None:
                text = f"{r.case.text()}\n\n{r.case.snippet()}"
                ElementTree.SubElement(case, "failure", message=_xml(r.reason)).text = _xml(text)
    ElementTree.ElementTree(root).write(str(path), encoding="utf-8", xml_declaration=True)


def _xml(text: str) -> str:
    """Text without characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or c >= " ")
