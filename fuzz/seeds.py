"""Write the inputs that fuzzing begins with: ``seeds.py FOLDER``, a folder in it for each target.

They are small files as the tools write them, spelled here as Python does. What their first bytes
say to a target stands in its source.
"""

from __future__ import annotations

import sys
from pathlib import Path

SEEDS = {
    "binary": {
        "gensim": b"\x002 2\n</s> \xcd\xcc\xcc=\x00\x00 \xc0\xc3\xa9 \x95\xbf\xd63\x00\x00@@",
        "limit": b"\x103 1\na \x00\x00\x80?b \x00\x00\x80\x7f",
        "word2vec_c": b"\x022 2\n</s> \x00\xf0L>\x00Fb>\na \x00\x1cD\xbe\x00\xd6'\xbe\n",
    },
    "corpus_text": {
        "held_out": b"\x85" + b"a b c\nd e f\n" * 9 + "서울 👩‍👩‍👧".encode(),
        "lines": b"\x00the cat sat on the mat\n\nthe dog\r\n\tsat \xff\xc3\xa9 \xed\xa0\x80\n",
    },
    "fasttext": {
        "words": b"\x06\x03\x00\x03\x06\x14"
        + b"".join(
            word.encode() + b"\0" + count.to_bytes(8, "little") + b"\0"
            for word, count in (("the", 1000), ("서울", 20), ("</s>", 5))
        ),
        "label": b"\x06\x01\x01\x01\x02\x7f"
        + b"a\0" + (2).to_bytes(8, "little") + b"\0"
        + b"__label__x\0" + (1).to_bytes(8, "little") + b"\1",
    },
    "text": {
        "gensim": b"\x032 3\n</s> 0.1 -2.5 1e-07\n\xc3\xa9 1e+20 3.0 1.1754944e-38\r\n",
        "glove": b"\x00the 0.418000 0.249680\n. . . -0.100000 0.500000\n"
        b"<unk> 1e-50 1.00000005960464477539063",
        "limit": b" a 1\nb +2.E3\nc nan\n",
        "word2vec_c": b"\x014 2\n</s> 0.200134 0.220970 \na -0.191513 -0.163902 \n"
        b"b 0.068329 0.151054 \nc 0.047043 0.010567 \n",
    },
}  # fmt: skip


def main(folder: Path) -> None:
    """Write all seeds."""
    for target, seeds in SEEDS.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (folder / target / name).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
