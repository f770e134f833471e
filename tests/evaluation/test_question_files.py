"""Question files: valid ones are read, and others refused with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from wordkin.evaluation.question_files import read_analogies, read_similarity
from wordkin.system.errors import FormatError, SettingsError


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(data)
    return path


def test_analogies_are_read_section_by_section(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        b"\xef\xbb\xbf# a comment\n: family life\nman woman king queen\r\n\n  # more\n"
        b" he\tshe  his her\n:gram1\n\xec\x84\x9c\xec\x9a\xb8 \xff b c",
    )
    found = read_analogies(path)
    assert found.name == "file.txt"
    assert len(found) == 3
    assert [(section.name, section.questions) for section in found.sections] == [
        ("family life", (("man", "woman", "king", "queen"), ("he", "she", "his", "her"))),
        ("gram1", (("서울", "\udcff", "b", "c"),)),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b": empty\n: sections\n", "no questions"),
        (b"a b c d\na b c\n", "line 2: a question must be 4 words, got 3"),
        (b"a\tb\tc\td\na\t\tc\td\n", "line 2: a question must be 4 words, got an empty one"),
        (b": pairs\ncat\tcats\n", "line 2: a section of pairs must have at least 2, got 1"),
        (b"cat\tcats\ndog\t/\n", "line 2: a pair must have an answer, got '/'"),
        (b"\n# no\n: s\na b c\n", "line 4: a question must be 4 words, got 3"),
        (b": s\na b c d e\n", "line 2: a question must be 4 words, got 5"),
        (b": s\na b c d\n:  \n", "line 3: a section must have a name"),
    ],
)
def test_invalid_analogies_are_refused_with_the_line(
    tmp_path: Path, data: bytes, message: str
) -> None:
    with pytest.raises(FormatError, match=message) as refused:
        read_analogies(written(tmp_path, data))
    assert "file.txt" in str(refused.value)


@pytest.mark.parametrize("separator", ["\t", ";", ",", " ", "  ", " , "])
@pytest.mark.parametrize("header", ["", "Word 1{0}Word 2{0}Human (mean)\n", "a{0}b{0}score\n"])
def test_pairs_are_read_with_any_separator(tmp_path: Path, separator: str, header: str) -> None:
    if not separator.strip(" ") and "Word 1" in header:
        header = header.replace(" 1", "1").replace(" 2", "2").replace(" (mean)", "")
    first = header.format(separator)
    lines = f"{first}love{separator}sex{separator}6.77\n#\n\ntiger{separator}tiger{separator}10\r\n"
    found = read_similarity(written(tmp_path, lines.encode()))
    assert found.pairs == (("love", "sex"), ("tiger", "tiger"))
    assert found.scores == (6.77, 10.0)
    assert found.header == (first.strip() or None)


def test_bytes_that_are_not_utf8_are_preserved(tmp_path: Path) -> None:
    found = read_similarity(written(tmp_path, b"caf\xe9\tcaf\xc3\xa9\t3\n"))
    assert found.pairs == (("caf\udce9", "café"),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"# nothing else\n", "no pairs"),
        (b"word1\tword2\tscore\n", "no pairs"),
        (b"a\tb\t1\nc\td\n", "line 2: a line must be 2 words and a number, got 'c\\\\td'"),
        (b"a b 1\n\nc d e 2\n", "line 3: a line must be 2 words and a number"),
        (b"a,b,1\n,d,2\n", "line 2: a line must be 2 words and a number"),
        (b"a b 1\nc d much\n", "line 2: a score must be a number, got 'much'"),
        (b"a b nan\n", "line 1: a score must be finite, got nan"),
        (b"a b 1\nc d inf\n", "line 2: a score must be finite, got inf"),
    ],
)
def test_invalid_pairs_are_refused_with_the_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as refused:
        read_similarity(written(tmp_path, data))
    assert "file.txt" in str(refused.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for read in (read_analogies, read_similarity):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "missing")


def table(*rows: str) -> bytes:
    return "\n".join(rows).encode()


SIMLEX = table(
    "word1\tword2\tPOS\tSimLex999\tconc(w1)\tconc(w2)\tconcQ\tAssoc(USF)\tSimAssoc333\tSD(SimLex)",
    "hot\twarm\tA\t6.5\t3.5\t3.2\t2\t4.1\t1\t0.9",
    "lake\tsea\tN\t4\t6.1\t6.2\t4\t0.2\t0\t1.1",
)
PUBLISHED = {
    "SimLex-999": SIMLEX,
    "Stanford RW": table(
        "hot\twarm\t6.5\t7\t7\t6\t6\t5\t8\t7\t6\t7\t6", "lake\tsea\t4\t4\t4\t3\t5\t4\t4\t3\t5\t4\t4"
    ),
    "SimVerb-3500": table("hot\twarm\tV\t6.5\tSYNONYMS", "lake\tsea\tV\t4.00\tCOHYPONYMS"),
    "MEN": b"hot warm 6.500000\nlake sea 4.000000\n",
    "MEN, lemmas": b"hot-j warm-j 6.500000\nlake-n sea-n 4.000000\n",
    "multilingual SimLex": table(
        "Word1,Word2,1,2,3,4,Average Score", "hot,warm,7,6,6,7,6.5", "lake,sea,4,4,3,5,4"
    ),
    "RG-65": b"hot;warm;6.5\r\nlake;sea;4.0\r\n",
    "MTurk": b"hot,warm,6.5\nlake,sea,4\n",
    "WordSim-353, one set": table(
        "Word 1,Word 2,Human (mean),1,2,3", "hot,warm,6.5,6,7,6.5", "lake,sea,4,3,4,5"
    ),
    "decimal commas": "\ufeffWort 1;Wort 2;Wert\r\nhot;warm;6,5\r\nlake;sea;4\r\n".encode(),
    "quoted decimal commas": b'"hot","warm","6,5"\n"lake","sea","4,0"\n',
    "an index without a heading": b",word1,word2,score\n0,hot,warm,6.5\n1,lake,sea,4\n",
    "an index by tabs": b"\tword1\tword2\tscore\n0\thot\twarm\t6.5\n1\tlake\tsea\t4\n",
    "an index alone": b"1 hot warm 6.5\n2 lake sea 4\n",
    "R": b'"word1" "word2" "score"\n"1" "hot" "warm" 6.5\n"2" "lake" "sea" 4\n',
    "single quotes": b"'hot','warm',6.5\n'lake','sea',4\n",
    "curly quotes": "“hot”\t“warm”\t6.5\n“lake”\t“sea”\t4\n".encode(),
    "headings in a comment": table(
        "#word1\tword2\tPOS\tsim\tassoc", "hot\twarm\tA\t6.5\t1", "lake\tsea\tN\t4\t1"
    ),
    "the score first": b"6.5 hot warm\n4 lake sea\n",
    "Gur350": b"#WORD1:WORD2:GOLD:POS1:POS2\nhot:warm:6.5:a:a\nlake:sea:4:n:n\n",
    "SCWS": table(
        "1\thot\ta\twarm\ta\tit is <b> hot </b> here today\tit was a <b> warm </b> day\t6.5\t6\t7",
        "2\tlake\tn\tsea\tn\tby the <b> lake </b> at noon\tat the <b> sea </b> in May\t4.0\t3\t5",
    ).replace(b"6.5\t6", b"6.5\t6.0"),
    "a row that has its index alone": b",word1,word2,score\n0,hot,warm,6.5\n1,lake,sea,4\n2,,,\n",
    "a separator at the end": b"hot,warm,6.5,\nlake,sea,4,\n",
    "line ends of an old Macintosh": b"hot\twarm\t6.5\rlake\tsea\t4\r",
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_pairs_are_read_as_their_authors_publish_them(tmp_path: Path, name: str) -> None:
    found = read_similarity(written(tmp_path, PUBLISHED[name]))
    assert found.pairs == (("hot", "warm"), ("lake", "sea"))
    assert found.scores == (6.5, 4.0)


@pytest.mark.parametrize("name", sorted(PUBLISHED.keys() - {"the score first"}))
def test_of_a_file_cut_short_no_pair_is_guessed(tmp_path: Path, name: str) -> None:
    data = PUBLISHED[name]
    first = min(data.index(end) for end in (b"\n", b"\r") if end in data)
    for end in (0, *range(first + 1, len(data))):  # a line of headings cut short may be a pair
        try:
            found = read_similarity(written(tmp_path, data[:end]))
        except FormatError:
            continue
        # What is cut off may be the end of the last score.
        assert found.pairs in [(("hot", "warm"), ("lake", "sea"))[:n] for n in (1, 2)]
        assert found.scores[:-1] == (6.5, 4.0)[: len(found) - 1]
        assert found.scores[-1] in (6.5, 6.0, 4.0)


def test_a_row_may_lack_columns_that_are_not_needed(tmp_path: Path) -> None:
    data = PUBLISHED["SimVerb-3500"] + b"\nred\tblue\tA\t3\tNONE"
    for cut in (b"\tCOHYPONYMS", b"\tSYNONYMS"):
        found = read_similarity(written(tmp_path, data.replace(cut, b"")))
        assert found.pairs == (("hot", "warm"), ("lake", "sea"), ("red", "blue"))
    with pytest.raises(FormatError, match="line 2: a line must be 2 words and a number"):
        read_similarity(written(tmp_path, SIMLEX.replace(b"\t6.5\t", b"\t\t")))
    with pytest.raises(FormatError, match="line 4: a line must have 5 columns, got 6"):
        read_similarity(written(tmp_path, data + b"\nred\tblue\tA\t3\tNONE\tmore"))


def test_empty_last_columns_are_columns(tmp_path: Path) -> None:
    data = table("word1\tword2\tscore\tnote", "hot\twarm\t6.5\t", "lake\tsea\t4\tsalt or not")
    found = read_similarity(written(tmp_path, data))
    assert found.pairs == (("hot", "warm"), ("lake", "sea"))


def test_what_was_chosen_and_left_out_is_noted(tmp_path: Path) -> None:
    found = read_similarity(written(tmp_path, SIMLEX))
    assert found.notes == ("words and score are columns 1, 2 and 4: word1, word2, SimLex999",)
    found = read_similarity(written(tmp_path, PUBLISHED["MEN, lemmas"]))
    assert found.tagged == (("hot-j", "warm-j"), ("lake-n", "sea-n"))
    assert "as hot-j" in found.notes[0]
    assert read_similarity(written(tmp_path, PUBLISHED["MEN"])).notes == ()
    (note,) = read_similarity(written(tmp_path, b"caf\xe9\tth\xe9\t3\n")).notes
    assert "line 1: not UTF-8" in note
    assert "latin-1" in note


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,b,7,35", "c,d,1,08"], "2 columns of numbers may be the score"),
        (["one,two,three,1", "d,e,f,2"], "3 columns of text may be the words"),
        (["1 a b", "2 c d"], "counts the rows"),
        (["en 1,en 2,fr 1,fr 2,score", "a,b,c,d,1"], "several pairs of columns"),
        (["word1,word2,similarity,rating", "a,b,1,2"], "several columns may be the score"),
        (["word1,word2,left,right", "a,b,1,2"], "2 columns of numbers may be the score"),
    ],
)
def test_what_is_ambiguous_is_refused_and_the_option_named(
    tmp_path: Path, rows: list[str], message: str
) -> None:
    with pytest.raises(FormatError, match=message) as refused:
        read_similarity(written(tmp_path, table(*rows)))
    assert "--columns WORD,WORD,SCORE" in str(refused.value)


@pytest.mark.parametrize(
    "columns", [("left", "right", "assoc"), ("Left", "RIGHT", "5"), (2, 3, 5), ("2", "3", "assoc")]
)
def test_columns_can_be_named(tmp_path: Path, columns: tuple[str | int, ...]) -> None:
    path = written(tmp_path, table("no,left,right,sim,assoc", "7,a,b,1,2", "9,c,d,3,5"))
    found = read_similarity(path, columns=columns)
    assert (found.pairs, found.scores) == ((("a", "b"), ("c", "d")), (2.0, 5.0))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((1, 2), "columns must be 3: two words and the score, got 2"),
        ((1, 2, 9), "no column '9' among 1 to 4"),
        (("a", "b", "mean"), "no column 'mean' among 1 to 4"),
        ((1, 1, 2), "3 different ones"),
    ],
)
def test_columns_that_are_not_there_are_refused(
    tmp_path: Path, columns: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        read_similarity(written(tmp_path, b"a b 1 2\nc d 3 4\n"), columns=columns)


def test_a_quote_mark_within_a_word_stays(tmp_path: Path) -> None:
    found = read_similarity(written(tmp_path, b'12" ruler\t\'s\t3\n"say ""hi"""\tb\t4'))
    assert found.pairs == (('12" ruler', "'s"), ('say "hi"', "b"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a\tb\t3\n".encode("utf-16"), "is UTF-16"),
        (b"<!DOCTYPE html><html>", "is a page of HTML"),
        (b"PK\x03\x04rest", "is a zip archive or a spreadsheet"),
        (b"\x1f\x8brest", "is compressed"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        (b"a\0b\n", "bytes of value 0"),
    ],
)
def test_what_is_no_text_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    for read in (read_analogies, read_similarity):
        with pytest.raises(FormatError, match=message):
            read(written(tmp_path, data))


def test_another_encoding_can_be_given(tmp_path: Path) -> None:
    path = written(tmp_path, "café\tthé\t3\n".encode("latin-1"))
    assert read_similarity(path, encoding="latin-1").pairs == (("café", "thé"),)
    path = written(tmp_path, "a b c ß\n".encode("utf-16"))
    assert read_analogies(path, encoding="utf-16").sections[0].questions == (("a", "b", "c", "ß"),)
    with pytest.raises(SettingsError, match="there is no encoding 'klingon'"):
        read_similarity(path, encoding="klingon")
    with pytest.raises(FormatError, match="is not utf-8"):
        read_similarity(written(tmp_path, b"\xff\n"), encoding="utf-8")


@pytest.mark.parametrize(
    "data",
    [
        b"a b c d\ne f g h\n",
        b"a\tb\tc\td\ne\tf\tg\th",
        b"a, b, c, d\r\ne, f, g, h\r\n",
        b'"a","b","c","d"\n"e","f","g","h"',
        b"word1,word2,word3,word4\na,b,c,d\ne,f,g,h",
    ],
)
def test_analogies_need_no_section(tmp_path: Path, data: bytes) -> None:
    (section,) = read_analogies(written(tmp_path, data)).sections
    assert section.name == "file"
    assert section.questions == (("a", "b", "c", "d"), ("e", "f", "g", "h"))


def test_a_table_of_analogies_names_its_columns_and_sections(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        b",type,word1,word2,word3,target\n0,x,a,b,c,d\n1,gram y,e,f,g,h\n2,x,new york,j,k,l\n",
    )
    sections = read_analogies(path).sections
    assert [(s.name, s.questions) for s in sections] == [
        ("x", (("a", "b", "c", "d"), ("new york", "j", "k", "l"))),
        ("gram y", (("e", "f", "g", "h"),)),
    ]
    with pytest.raises(FormatError, match="line 2: a line must have 5 columns, got 4"):
        read_analogies(written(tmp_path, b"word1,word2,word3,word4,type\na,b,c,d\n"))


def test_words_with_blanks_are_read_between_tabs(tmp_path: Path) -> None:
    (section,) = read_analogies(written(tmp_path, b": s\nnew york\tusa\trome\titaly\n")).sections
    assert section.questions == (("new york", "usa", "rome", "italy"),)


def test_pairs_of_bats_become_questions_with_several_answers(tmp_path: Path) -> None:
    path = written(tmp_path, b"cat\tfeline/mammal\nlily\tplant\noak\ttree/plant\n")
    (section,) = read_analogies(path).sections
    assert section.answers is not None
    asked = dict(zip(section.questions, section.answers, strict=True))
    assert len(asked) == 6
    assert asked["cat", "feline", "oak", "tree"] == ("tree", "plant")
    assert asked["lily", "plant", "cat", "feline"] == ("feline", "mammal")


def test_a_folder_of_bats_is_one_file_with_a_section_for_each(tmp_path: Path) -> None:
    for folder, name in (("1_Inflectional", "I01 [noun - plural]"), ("3_Encyclopedic", "E01")):
        (tmp_path / "BATS" / folder).mkdir(parents=True)
        (tmp_path / "BATS" / folder / f"{name}.txt").write_bytes(b"cat\tcats\ndog\tdogs\n")
    found = read_analogies(tmp_path / "BATS")
    assert found.name == "BATS"
    assert [(s.name, s.kind, len(s.questions)) for s in found.sections] == [
        ("I01 [noun - plural]", "1_Inflectional", 2),
        ("E01", "3_Encyclopedic", 2),
    ]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match=r"no \.txt files"):
        read_analogies(tmp_path / "empty")


def test_too_many_pairs_are_refused(tmp_path: Path) -> None:
    lines = "".join(f"a{i}\tb{i}\n" for i in range(1001))
    with pytest.raises(FormatError, match="at most 1,000, got 1,001"):
        read_analogies(written(tmp_path, lines.encode()))
