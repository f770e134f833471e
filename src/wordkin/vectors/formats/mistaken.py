"""What a file is that is none of vectors, by its first bytes, and what to do with it.

In: the first bytes. Out: a phrase for an error, or "" if they are not known either.
"""

from __future__ import annotations

import re

_AS_TABLE = "load it with pandas and make WordVectors(words, matrix)"

# Signatures of binary files. They are looked at after the formats of vectors are ruled out: some
# are words as well.
_SIGNATURES = (
    (rb"\xff\xfe\0\0|\0\0\xfe\xff", "a text in UTF-32: encoding='utf-32' (--encoding utf-32)"),
    (rb"\xff\xfe|\xfe\xff", "a text in UTF-16: encoding='utf-16' (--encoding utf-16)"),
    (rb"(?:[^\0]\0){8}", "a text in UTF-16: encoding='utf-16-le' (--encoding utf-16-le)"),
    (rb"(?:\0[^\0]){8}", "a text in UTF-16: encoding='utf-16-be' (--encoding utf-16-be)"),
    (rb"\x28\xb5\x2f\xfd", "packed by zstd: unpack it first"),
    (rb"\x04\x22\x4d\x18", "packed by lz4: unpack it first"),
    (rb"\x1f\x9d", "packed by compress: unpack it first"),
    (rb"LZIP", "packed by lzip: unpack it first"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (rb"Rar!\x1a\x07", "a rar archive: unpack it first"),
    (rb".{257}ustar", "a tar archive: unpack it first"),
    (rb"SQLite format 3\0", "an SQLite database, as .magnitude files are"),
    (rb"\x89HDF\r\n\x1a\n", "an HDF5 file, as of Keras"),
    (rb"GGUF", "a language model (GGUF)"),
    (rb"MATLAB 5\.0 MAT-file", "a file of MATLAB"),
    (rb"RD[XA][23]\n", "a file of R"),
    (rb"ORC", "an ORC table: convert it to Parquet"),
    (rb"Obj\x01", "an Avro file: convert it to Parquet"),
    (rb"FEA1", "a table in Feather's old format: convert it to Parquet"),
    (rb"IxF[2I]|IwFl|IHNf", "an index of FAISS"),
    (rb"%PDF-", "a PDF document"),
    (rb"\x89PNG|GIF8[79]a|\xff\xd8\xff", "a picture"),
    (rb"\x7fELF", "a program"),
    (rb"\xd0\xcf\x11\xe0", "a document of an office program: save it as text"),
    (rb"\x1f\x8b|BZh[1-9]|\xfd7zXZ|PK\x03\x04", "packed twice: unpack it first"),
)

_TEXTS = (
    (rb"version https://git-lfs\.github\.com/", "a pointer of Git LFS: run `git lfs pull`"),
    (rb"\s*<(?:!doctype|html|head|body)", "an HTML page: the download failed, or needs a login"),
    (rb"\s*<(?:\?xml|[a-z]+ [a-z:]+=)", "an XML file"),
    (rb"\s*[\[{]\s*[\"{\[\d-]", f"JSON: {_AS_TABLE}"),
)

# Tables of numbers that could be taken for words with numbers.
_TABLES = (
    (rb"%%MatrixMarket ", "a matrix without words (MatrixMarket)"),
    (
        rb"\d+ \d+ \d+ \d+ \d+ \d+ \S+ \S+\r?\n0 ",
        "vectors of floret, which are of hashes, not of words: use its .bin",
    ),
)

_DECIMAL_COMMA = re.compile(rb"[+-]?\d+,\d+")


def describe_table(text: bytes) -> str:
    """Return what a text is whose lines could be taken for words with numbers."""
    for pattern, what in _TABLES:
        if re.match(pattern, text):
            return f"not vectors but {what}"
    return ""


def describe_content(raw: bytes, text: bytes) -> str:
    """Return what the content is, given as it is in the file and as UTF-8."""
    for pattern, what in _SIGNATURES:
        if re.match(pattern, raw, re.DOTALL):
            return f"not vectors but {what}"
    for pattern, what in _TEXTS:
        if re.match(pattern, text, re.IGNORECASE):
            return f"not vectors but {what}"
    first, _, rest = text.partition(b"\n")
    second = rest.partition(b"\n")[0]
    fields = first.split()
    if len(fields) > 2 and all(map(_DECIMAL_COMMA.fullmatch, fields[-2:])):
        return "not a known format of vectors: its numbers have decimal commas, not points"
    for separator, name in ((b",", "commas"), (b";", "semicolons"), (b"|", "bars")):
        if min(first.count(separator), (second or first).count(separator)) > 1:
            return f"not vectors but a table with {name} between its fields (CSV): {_AS_TABLE}"
    return ""
