"""`make bench [ONLY=name]`: every `bench_*.py` beside this file, one line each: NAME ratio goal ok|SHORT.

A benchmark is a module with `async def run() -> Figure` or `def run() -> Figure`; it measures both sides of its ratio in one run,
turn by turn, because the machine is shared and noisy.
"""

import asyncio
import importlib
import inspect
import sys
from pathlib import Path

from tests.benchmarks.figures import Figure


def names() -> list[str]:
    return sorted(file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py"))


def measure(name: str) -> list[Figure]:
    module = importlib.import_module(f"tests.benchmarks.bench_{name}")
    told = asyncio.run(module.run()) if inspect.iscoroutinefunction(module.run) else module.run()
    return told if isinstance(told, list) else [told]


def main() -> int:
    wanted = sys.argv[1:] or names()
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"no benchmark named {', '.join(sorted(unknown))}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    short = False
    for name in wanted:
        for figure in measure(name):
            for line in figure.explained:
                print(f"  {line}")
            print(figure.line(), flush=True)
            short = short or not figure.met
    return int(short)


sys.exit(main())
