"""How strong are an exercise's tests? The share of mutants of its reference that they reject.

mutmut makes the mutants; each is one trial, its function's own part first.
`python -m grader.mutants 06` prints the survivors and fails when fewer than 95 %
died, or when a survivor is not explained in `tests/NN_slug/survivors.md`.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import cast

import libcst as cst
from mutmut.mutation.file_mutation import create_mutations

from grader.catalog import ROOT, Exercise, choose
from grader.cores import cores
from grader.trials import Server, Trial

REQUIRED = 0.95


@dataclass(frozen=True)
class Mutant:
    """The reference with one change, inside one function."""

    number: int
    function: str
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.number:>4} {self.function}\n     - {self.before}\n     + {self.after}"


def make_mutants(path: Path) -> list[Mutant]:
    """Every mutant that mutmut makes of the functions in `path`."""
    source = cst.parse_module(path.read_text(encoding="utf-8")).visit(_WithoutDecorators()).code
    module, mutations, _, _ = create_mutations(str(path), source)
    blocks = [_Block(module, node) for node in module.body]
    start = module.with_changes(body=(), footer=()).code
    mutants: list[Mutant] = []
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if function is None:
            continue
        place = next(i for i, block in enumerate(blocks) if id(function) in block.nodes)
        block = blocks[place]
        mutated = block.node.deep_replace(mutation.original_node, mutation.mutated_node)
        text = module.code_for_node(mutated)
        # A change that the parser does not see (a docstring's, say) is no mutant.
        if ast.dump(ast.parse(text)) == block.meaning:
            continue
        texts = [other.text for other in blocks]
        texts[place] = text
        before, after = _difference(block.text, text)
        changed = "".join([start, *texts])
        mutants.append(Mutant(len(mutants) + 1, function.name.value, before, after, changed))
    return mutants


class _Block:
    """One statement at the top level, in the forms in which it is needed for every mutant."""

    def __init__(self, module: cst.Module, node: cst.CSTNode) -> None:
        self.node = node
        self.text = module.code_for_node(node)
        self.meaning = ast.dump(ast.parse(self.text))
        self.nodes = {id(inner) for inner in _walk(node)}


def _walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    yield node
    for child in node.children:
        yield from _walk(child)


class _WithoutDecorators(cst.CSTTransformer):
    """Writes a decorator such as `@torch.no_grad()` as a `with`: mutmut skips what is decorated."""

    def leave_FunctionDef(  # noqa: N802 - libcst's name
        self,
        original_node: cst.FunctionDef,  # noqa: ARG002 - libcst's signature
        updated_node: cst.FunctionDef,
    ) -> cst.FunctionDef:
        contexts = [d.decorator for d in updated_node.decorators]
        if not contexts or not all(isinstance(c, cst.Call) for c in contexts):
            return updated_node
        docstring = 1 if updated_node.get_docstring() else 0
        body = cast(cst.IndentedBlock, updated_node.body).body
        block = cst.With([cst.WithItem(c) for c in contexts], cst.IndentedBlock(body[docstring:]))
        body = [*body[:docstring], block]
        return updated_node.with_changes(decorators=(), body=cst.IndentedBlock(body))


def survivors(exercise: Exercise, mutants: Sequence[Mutant], jobs: int) -> Iterator[Mutant]:
    """The mutants that pass every test, in order."""
    owners = exercise.owners
    every = tuple(part.class_name for part in exercise.parts)
    servers: SimpleQueue[Server] = SimpleQueue()

    def survives(mutant: Mutant) -> bool:
        first = owners.get(mutant.function)
        order = tuple(dict.fromkeys((first, *every) if first else every))
        overlay = Path(folder) / f"mutant_{mutant.number}.py"
        overlay.write_text(mutant.source, encoding="utf-8")
        server = servers.get()
        try:
            trial = Trial(overlay=str(overlay), parts=order, stop=True, deadline=5.0)
            return server.run(trial).passed
        finally:
            servers.put(server)

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        started = [Server(exercise) for _ in range(jobs)]
        try:
            for server in started:
                servers.put(server)
            with ThreadPoolExecutor(jobs) as pool:
                for mutant, alive in zip(mutants, pool.map(survives, mutants), strict=True):
                    if alive:
                        yield mutant
        finally:
            for server in started:
                server.close()


def measure(exercise: Exercise, jobs: int) -> bool:
    """Print what survives in one exercise; whether that is little enough, and explained."""
    mutants = make_mutants(exercise.solution)
    page = exercise.tests / "survivors.md"
    known = page.read_text(encoding="utf-8") if page.is_file() else ""
    alive, unexplained = 0, 0
    for mutant in survivors(exercise, mutants, jobs):
        explained = f"| `{mutant.after}` |" in known
        alive += 1
        unexplained += not explained
        note = "" if explained else f"     not explained in {page.name}"
        print(mutant, note, sep="\n", flush=True)
    share = 1 - alive / len(mutants)
    print(f"{exercise.name}: {len(mutants) - alive} of {len(mutants)} mutants die ({share:.1%})")
    return share >= REQUIRED and not unexplained


def _difference(before: str, after: str) -> tuple[str, str]:
    """The changed lines, joined, of each side."""
    lines = [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    old = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    new = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return old, new


def main() -> int:
    """Measure the exercises named on the command line; exit 1 if one is too weak."""
    parser = argparse.ArgumentParser(prog="python -m grader.mutants", description=__doc__)
    parser.add_argument("exercises", nargs="*")
    parser.add_argument("--jobs", type=int, default=cores())
    options = parser.parse_args()
    os.chdir(ROOT)  # mutmut reads its settings from the working directory
    verdicts = [measure(exercise, options.jobs) for exercise in choose(options.exercises)]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
