"""Arrays come back unchanged, whatever their shape; an invalid header is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save_file

from wordkin.system import tensors
from wordkin.system.errors import FormatError
from wordkin.system.tensors import TYPES, map_tensors, parse_json, read_tensors, write_tensors

RNG = np.random.default_rng(1)


class Slow(io.BytesIO):
    """A file that takes and gives little at a time, as a file may."""

    def write(self, data: Any) -> int:
        return super().write(memoryview(data)[:7])

    def readinto(self, buffer: Any) -> int:
        return super().readinto(memoryview(buffer)[:5])


def written(arrays: dict[str, Any], metadata: dict[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    write_tensors(file, arrays, metadata or {})
    return file.getvalue()


def read(data: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    return read_tensors(io.BytesIO(data), len(data))


def assert_same(found: dict[str, Any], given: dict[str, Any]) -> None:
    assert found.keys() == given.keys()
    for name, array in given.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def every_kind() -> dict[str, Any]:
    shapes = {"none": (), "empty": (0,), "flat": (5, 0), "one": (7,), "three": (2, 3, 5)}
    return {
        f"{name} {shape}": RNG.integers(0, 200, size).astype(dtype)
        for name, dtype in TYPES.items()
        for shape, size in shapes.items()
    }


@pytest.mark.parametrize("kind", [io.BytesIO, Slow])
def test_arrays_of_every_type_and_shape_come_back(kind: type[io.BytesIO]) -> None:
    arrays, metadata = every_kind(), {"a": "서울", "b": '{"x": "\\udcff"}'}
    file = kind()
    file.write(b"before.\n"[:7])
    write_tensors(file, arrays, metadata)
    data = file.getvalue()[7:]
    found, texts = read_tensors(kind(data), len(data))
    assert_same(found, arrays)
    assert texts == metadata
    assert_same(load(data), arrays)  # as others read it
    for array in found.values():
        array += 1  # may be changed


def test_arrays_are_aligned_wherever_their_type_wants_it() -> None:
    data = written(every_kind())
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    assert size % 8 == 0
    for entry in (entry for name, entry in header.items() if name != "__metadata__"):
        assert entry["data_offsets"][0] % TYPES[entry["dtype"]].itemsize == 0


@pytest.mark.parametrize("piece", [1, 30, 1 << 24])
def test_views_and_mapped_files_are_written_as_what_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(tensors, "_PIECE", piece)
    base = RNG.random((6, 8, 3))
    base.tofile(tmp_path / "x")
    arrays = {
        "rows": base[::2],
        "columns": base[:, 1::3],
        "backwards": base[::-1, ::-1],
        "transposed": base.T,
        "repeated": np.broadcast_to(np.float32(1.5), (4, 5)),
        "mapped": np.memmap(tmp_path / "x", np.float64, "r", shape=(6, 24)),
        "mapped view": np.memmap(tmp_path / "x", np.float64, "r", shape=(6, 24))[:, 5:],
    }
    assert_same(read(written(arrays))[0], arrays)


@pytest.mark.parametrize("dtype", [np.float16, np.bool_, np.int8, ">f8", "U3", object])
def test_an_array_of_another_type_is_refused_by_its_name(dtype: Any) -> None:
    file = io.BytesIO()
    with pytest.raises(FormatError, match=r"the array odd must be one of uint8.*got"):
        write_tensors(file, {"a": np.ones(3), "odd": np.zeros(2, dtype)}, {})
    assert not file.getvalue()


def test_what_is_cut_or_too_long_is_refused() -> None:
    data = written({"a": np.ones(3), "b": np.ones(2, np.uint8)}, {"x": "y"})
    for size in range(len(data)):
        with pytest.raises(FormatError, match=r"cut short|damaged"):
            read(data[:size])
    with pytest.raises(FormatError, match="damaged"):
        read(data + b"\0")


@given(at=st.integers(0, 10**6), value=st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_changed_header_is_refused_or_takes_no_more_than_the_file_has(
    at: int, value: int
) -> None:
    data = bytearray(written({"a": np.ones((2, 3)), "b": np.ones(2, np.uint8)}, {"x": "y"}))
    data[at % (len(data) - 50)] = value
    try:
        found, _ = read(bytes(data))
    except FormatError:
        return
    assert sum(array.nbytes for array in found.values()) == 50


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b"\xff",
        b"{" + b"1" * 5000,
        b'{"__metadata__": []}',
        b'{"__metadata__": {"a": 1}}',
        b'{"a": 1}',
        *(
            json.dumps({"a": {"dtype": dtype, "shape": shape, "data_offsets": places}}).encode()
            for dtype, shape, places in [
                ("F16", [4], [0, 8]),
                (["F32"], [2], [0, 8]),
                ("F32", 2, [0, 8]),
                ("F32", [2.0], [0, 8]),
                ("F32", [True, 2], [0, 8]),
                ("F32", [-1, -2], [0, 8]),
                ("F32", ["2"], [0, 8]),
                ("F32", [2], [0]),
                ("F32", [2], [0, 8, 9]),
                ("F32", [2], ["0", "8"]),
                ("F32", [2], [8, 16]),
                ("F32", [3], [0, 8]),
                ("F32", [2**62], [0, 2**64]),
                ("F32", [0, 2**80], [0, 0]),
                ("F32", [1] * 100 + [2], [0, 8]),
                ("F32", [1], [0, 4]),
            ]
        ),
    ],
)  # fmt: skip
def test_a_header_that_lies_is_refused(header: bytes) -> None:
    with pytest.raises(FormatError, match="damaged"):
        read(len(header).to_bytes(8, "little") + header + bytes(8))


def test_arrays_must_neither_overlap_nor_leave_a_gap() -> None:
    def header(*places: tuple[int, int]) -> bytes:
        entries = {
            str(i): {"dtype": "U8", "shape": [end - begin], "data_offsets": [begin, end]}
            for i, (begin, end) in enumerate(places)
        }
        text = json.dumps(entries).encode()
        return len(text).to_bytes(8, "little") + text + bytes(8)

    assert len(read(header((3, 8), (0, 3)))[0]) == 2
    for places in [((0, 4), (3, 8)), ((0, 3), (4, 8)), ((0, 8), (0, 8)), ((0, 4), (4, 7))]:
        with pytest.raises(FormatError, match="damaged"):
            read(header(*places))


def test_a_header_that_promises_much_takes_no_memory() -> None:
    class Empty:
        def readinto(self, buffer: Any) -> int:
            buffer[:] = b"\xff" * len(buffer)
            return len(buffer)

    file: BinaryIO = Empty()  # type: ignore[assignment]
    with pytest.raises(FormatError, match="cut short"):
        read_tensors(file, 1000)


# ---- mapped files


def test_mapped_arrays_are_what_was_written_and_lie_in_the_file(tmp_path: Path) -> None:
    arrays, metadata = every_kind(), {"a": "서울", "b": '{"x": "\\udcff"}'}
    (tmp_path / "x").write_bytes(written(arrays, metadata))
    found, texts = map_tensors(tmp_path / "x")
    assert_same(found, arrays)
    assert texts == metadata
    whole = (tmp_path / "x").read_bytes()
    for array in found.values():
        assert not array.flags.writeable
        assert array.flags.aligned
        if array.size:
            assert isinstance(array, np.memmap)
            assert whole[array.offset : array.offset + array.nbytes] == array.tobytes()


def test_what_another_program_wrote_is_read_wherever_it_lies(tmp_path: Path) -> None:
    arrays = {"one": np.arange(3, dtype=np.uint8), "wide": np.arange(5.0)}
    save_file(arrays, tmp_path / "other", {"who": "other"})
    found, texts = map_tensors(tmp_path / "other")
    assert_same(found, arrays)
    assert texts == {"who": "other"}
    data = written(arrays)
    size = int.from_bytes(data[:8], "little")
    odd = (size + 1).to_bytes(8, "little") + data[8 : 8 + size] + b" " + data[8 + size :]
    (tmp_path / "odd").write_bytes(odd)
    found, _ = map_tensors(tmp_path / "odd")
    assert_same(found, arrays)
    assert found["wide"].flags.aligned
    assert not found["wide"].flags.writeable


def entry(dtype: Any = "F32", shape: Any = (2,), places: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": places}


def as_file(header: bytes, data: bytes = bytes(8)) -> bytes:
    return len(header).to_bytes(8, "little") + header + data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"cut short: 0 bytes \(at byte 0\)"),
        (bytes(7), r"cut short: 7 bytes \(at byte 7\)"),
        (b"\xff" * 8, r"cut short in the header: .* 0 are left \(at byte 0\)"),
        (as_file(b'{"a": ?}'), r"Expecting value: .* \(at byte 14\)"),
        (as_file('{"서": ?}'.encode()), r"Expecting value: .* \(at byte 16\)"),
        (as_file(b'{"a": {}, "a": {}}'), r"a key comes twice \(at byte 8\)"),
        (as_file(b'{"a": {"dtype": 1, "dtype": 2}}'), "a key comes twice"),
        (as_file('{"a": 1}'.encode("utf-16")), "damaged"),
        (as_file(b"[" * 100_000), "nested too deeply"),
        (as_file(b"[" * 300_000), "300,000 values, more than 250,000"),
        *(
            (as_file(json.dumps({"a": one, **more}).encode()), message)
            for one, more, message in [
                (entry("F16"), {}, "the array 'a' must be one of U8.*got 'F16'"),
                (entry(shape=[True, 2]), {}, "has the shape"),
                (entry(shape=[-1, -2]), {}, "has the shape"),
                (entry(shape=[1 << 32, 1 << 32]), {}, "has the shape"),
                (entry(shape=[1 << 63]), {}, "has the shape"),
                (entry(shape=[0, 1 << 62]), {}, "has the shape"),
                (entry(shape=[1] * 40), {}, "has the shape"),
                (entry(shape=[3]), {}, "has 8 bytes for the shape"),
                (entry(places=[0, 1 << 80]), {}, "has the data_offsets"),
                (entry(places=[-8, 0]), {}, "has the data_offsets"),
                (entry(places=[False, 8]), {}, "has the data_offsets"),
                (entry(places=[8, 16]), {}, "begins at byte 8 of the data, not 0"),
                (entry(), {"b": entry()}, "begins at byte 0 of the data, not 8"),
                (entry(shape=[4], places=[0, 16]), {}, "ends 8 bytes after the file"),
                (entry(shape=[1], places=[0, 4]), {}, "4 bytes belong to no array"),
                (entry(), {"__metadata__": {"x": 1}}, "metadata that are not text"),
            ]
        ),
    ],
)  # fmt: skip
def test_a_file_that_lies_is_refused_by_the_byte(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message) as raised:
        map_tensors(path)
    assert str(raised.value).startswith(f"{path}: not a safetensors file, or cut short")
    assert "(at byte " in str(raised.value)


def test_texts_too_long_to_be_read_again_are_not_written() -> None:
    for text in ("x" * (1 << 24), "é" * (1 << 20), "," * 250_001):
        file = io.BytesIO()
        with pytest.raises(FormatError, match=r"the header of the file would have .* more than"):
            write_tensors(file, {}, {"x": text})
        assert not file.getvalue()
    text = "x" * ((1 << 24) - 100)
    assert read(written({}, {"x": text})) == ({}, {"x": text})


def test_json_of_a_stranger_is_plain_json() -> None:
    assert parse_json(b'{"a": [1, "\\u00e9"]}') == {"a": [1, "é"]}
    for text in (b'{"a": 1, "a": 1}', b"\xff", b"1" * 5000, b"", '"é"'.encode() * (1 << 20)):
        with pytest.raises(ValueError, match=r".+"):
            parse_json(text)
