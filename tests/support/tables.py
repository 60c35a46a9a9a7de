"""Small tables as CSV text, made from a seed."""

from __future__ import annotations

import random


def three_classes(rows: int = 600, seed: int = 1) -> str:
    """Well separated numbers beside noise and words; target ``y``."""
    draw = random.Random(seed)
    lines = ["x,z,word,y"]
    for _ in range(rows):
        name = draw.choice("abc")
        x = draw.gauss(8 * "abc".index(name), 1)
        lines.append(f"{x:.6f},{draw.gauss(0, 1):.5f},w{draw.randint(0, 30)},{name}")
    return "\n".join(lines) + "\n"


def overlapping(rows: int = 600, seed: int = 2) -> str:
    """Classes that no single literal tells apart, with text that does in part; target ``y``."""
    draw = random.Random(seed)
    lines = ["a,b,code,y"]
    for _ in range(rows):
        a, b = draw.gauss(0, 1), draw.gauss(0, 1)
        name = "in" if a * a + b * b < 1.2 else "out"
        code = f"{name[0] if draw.random() < 0.7 else 'x'}-{draw.randint(0, 99):02d}"
        lines.append(f"{a:.6f},{b:.6f},{code},{name}")
    return "\n".join(lines) + "\n"
