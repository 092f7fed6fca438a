"""Draws a call's states into ARCHITECTURE.md, from the table itself: `.venv/bin/python docs/draw_states.py`."""

from pathlib import Path

from crm_core.calls.states import MOVES

PAGE = Path(__file__).resolve().parent.parent / "ARCHITECTURE.md"
BEGIN, END = "<!-- states -->\n", "<!-- /states -->"


def drawing() -> str:
    """A Mermaid diagram; the moves from `[*]` are the states in which a call may be met first."""
    moves = [(before or "[*]", after) for before, targets in MOVES.items() for after in sorted(targets)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {before} --> {after}" for before, after in moves), "```", ""])


def drawn(page: str) -> str:
    """The page with the drawing between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{drawing()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
