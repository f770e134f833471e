"""A text whose right answer is known by construction.

Each line is about one topic: words of that topic, with words that stand everywhere between them.
So a word's nearest neighbours are the other words of its topic.
"""

from __future__ import annotations

import random
from pathlib import Path

TOPICS: dict[str, list[str]] = {
    topic: [f"{topic}{i}" for i in range(5)] for topic in ("fish", "metal", "tree", "planet")
}
EVERYWHERE = ["the", "of"]


def sentences(lines: int = 1000, seed: int = 1) -> list[list[str]]:
    """Return lines of eight words."""
    rng = random.Random(seed)
    return [
        rng.sample(topic, 4) + rng.choices(EVERYWHERE, k=2) + rng.sample(topic, 2)
        for topic in rng.choices(list(TOPICS.values()), k=lines)
    ]


def write(path: Path, lines: int = 1000) -> Path:
    """Write the text to a file."""
    path.write_text("".join(" ".join(words) + "\n" for words in sentences(lines)))
    return path
