"""Folders of spaCy's vectors, made from the description of their files."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from wordkin.vectors.formats.spacy_keys import key_of


def packed(rows: dict[int, int]) -> bytes:
    """Return the table as MessagePack, each number in the shortest form."""
    data = bytearray([0x80 | len(rows)]) if len(rows) < 16 else bytearray()
    if len(rows) >= 16:
        data += struct.pack(">BH", 0xDE, len(rows))
    for number in (number for pair in rows.items() for number in pair):
        if number < 0:
            data += struct.pack(">b", number)
        elif number < 128:
            data.append(number)
        else:
            code, layout = next(
                (code, layout)
                for code, layout, most in (
                    (0xCC, ">B", 2**8), (0xCD, ">H", 2**16), (0xCE, ">I", 2**32),
                    (0xCF, ">Q", 2**64),
                )
                if number < most
            )  # fmt: skip
            data += bytes([code]) + struct.pack(layout, number)
    return bytes(data)


def a_pipeline(
    folder: Path, words: dict[str, int], matrix: Any, mode: str | None = "default"
) -> Path:
    folder.mkdir(parents=True)
    with open(folder / "vectors", "wb") as file:
        np.save(file, matrix)
    (folder / "key2row").write_bytes(packed({key_of(word): row for word, row in words.items()}))
    (folder / "strings.json").write_text(json.dumps([*words, "not a vector"]))
    if mode is not None:
        (folder / "vectors.cfg").write_text(json.dumps({"mode": mode}))
    return folder
