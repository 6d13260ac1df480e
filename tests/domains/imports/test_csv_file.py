"""CSV reading: physical line numbers, odd rows refused alone, encodings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.errors import ImportFileError
from frontdesk.domains.imports.csv_file import CsvFile, Record
from frontdesk.domains.imports.mapping import FileOptions


def write(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "export.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, **options: Any) -> tuple[tuple[str, ...], list[Record]]:
    with CsvFile(path, FileOptions.model_validate(options)) as file:
        return file.header, list(file.records())


def good(records: list[Record]) -> list[tuple[int, list[str]]]:
    return [(record.line, record.cells) for record in records if not record.problem]


def bad(records: list[Record]) -> list[tuple[int, str]]:
    return [(record.line, record.problem) for record in records if record.problem]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_rows_know_their_physical_line(tmp_path: Path, newline: str) -> None:
    lines = ["id,note", '1,"two', 'lines, ""quoted"""', "", "2,b", ",", '3,"x', "", 'y"', "4,d"]
    header, records = read(write(tmp_path, newline.join(lines)))

    assert header == ("id", "note")
    assert good(records) == [
        (2, ["1", f'two{newline}lines, "quoted"']),
        (5, ["2", "b"]),
        (7, ["3", f"x{newline}{newline}y"]),
        (10, ["4", "d"]),
    ]
    assert bad(records) == []


def test_a_quote_never_closed_refuses_its_own_line_only(tmp_path: Path) -> None:
    _, records = read(write(tmp_path, 'id,note\n1,a\n2,"never closed\n3,c\n4,"fine"\n5,e\n'))

    assert good(records) == [(2, ["1", "a"]), (4, ["3", "c"]), (5, ["4", "fine"]), (6, ["5", "e"])]
    assert [line for line, _ in bad(records)] == [3]
    assert "quote" in bad(records)[0][1]


def test_a_quote_never_closed_in_the_last_row(tmp_path: Path) -> None:
    _, records = read(write(tmp_path, 'id,note\n1,a\n2,"never\n3,c'))

    assert good(records) == [(2, ["1", "a"]), (4, ["3", "c"])]
    assert bad(records) == [(3, "has a quote that is never closed")]


def test_a_quote_never_closed_in_a_long_file(tmp_path: Path) -> None:
    rows = "".join(f"{number},{'x' * 100}\n" for number in range(3, 3_000))
    _, records = read(write(tmp_path, f'id,note\n1,a\n2,"never\n{rows}'))

    assert len(good(records)) == 2_998
    assert [line for line, _ in bad(records)] == [3]


def test_too_many_and_too_few_cells_are_refused(tmp_path: Path) -> None:
    _, records = read(write(tmp_path, "id,note\n1,a,b\n2\n3,c,,\n4,d\n"))

    assert good(records) == [(4, ["3", "c"]), (5, ["4", "d"])]
    assert [line for line, _ in bad(records)] == [2, 3]
    assert "has 3 cells where the header has 2" in bad(records)[0][1]


def test_a_byte_order_mark_and_spaced_and_repeated_headers(tmp_path: Path) -> None:
    header, records = read(write(tmp_path, b"\xef\xbb\xbf Start  Time ,Date,Date,,Date\na,b,c,d,e\n"))

    assert header == ("Start Time", "Date", "Date (2)", "column 4", "Date (3)")
    assert good(records) == [(2, ["a", "b", "c", "d", "e"])]


@pytest.mark.parametrize(
    ("options", "content"),
    [
        ({"encoding": "cp1252"}, "id,note\n1,Zoë €\n".encode("cp1252")),
        ({"encoding": "utf-16"}, "id,note\n1,Zoë €\n".encode("utf-16")),
        ({"encoding": "UTF-8"}, "id,note\n1,Zoë €\n".encode()),
        ({"delimiter": ";"}, "id;note\n1;Zoë €\n".encode()),
        ({"delimiter": "tab"}, "id\tnote\n1\tZoë €\n".encode()),
        ({"delimiter": "|", "quote": "'"}, "id|note\n1|'Zoë €'\n".encode()),
        ({"skip_lines": 2}, "Exported 2025-03-01\n\nid,note\n1,Zoë €\n".encode()),
    ],
)
def test_options(tmp_path: Path, options: dict[str, Any], content: bytes) -> None:
    header, records = read(write(tmp_path, content), **options)

    assert header == ("id", "note")
    assert [record.cells for record in records] == [["1", "Zoë €"]]
    assert records[0].line == content.decode(options.get("encoding", "utf-8")).count("\n")


def test_bytes_of_another_encoding_refuse_their_row_only(tmp_path: Path) -> None:
    _, records = read(write(tmp_path, b"id,note\n1,a\n2,Zo\xeb\n3,\x00\n4,d\n"))

    assert good(records) == [(2, ["1", "a"]), (5, ["4", "d"])]
    assert "set file.encoding, to cp1252" in bad(records)[0][1]
    assert "zero byte" in bad(records)[1][1]


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        (b"", {}, "is empty"),
        (b"\n\n", {}, "is empty"),
        (b"id,\xeb\n1,2\n", {}, "line 1: the header can't be read"),
        (b'id,"note\n', {}, "line 1: the header can't be read: has a quote that is never closed"),
        (b"id,note\n1,2\n", {"encoding": "utf-16"}, "is not utf-16"),
    ],
)
def test_unusable_files(tmp_path: Path, content: bytes, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ImportFileError, match=reason):
        read(write(tmp_path, content), **options)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=r"nowhere\.csv: can't be read: No such file"):
        read(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
def test_a_line_that_names_the_delimiter_is_followed_and_skipped(tmp_path: Path, first: str) -> None:
    header, records = read(write(tmp_path, f"{first}\nid;note\n1;a,b\n"))
    assert header == ("id", "note")
    assert good(records) == [(3, ["1", "a,b"])]


def test_a_column_called_sep_is_one(tmp_path: Path) -> None:
    header, records = read(write(tmp_path, "sep,note\n1,a\n"))
    assert (header, good(records)) == (("sep", "note"), [(2, ["1", "a"])])


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "iso-8859-15", "windows-1252"])
def test_utf_8_under_an_encoding_that_takes_anything_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "id,name\n1,Jos\u00e9\n2,Zo\u00eb\n")
    with pytest.raises(ImportFileError, match=r"is UTF-8.*set file\.encoding to utf-8"):
        read(path, encoding=encoding)
    _, records = read(write(tmp_path, "id,name\n1,Jos\u00e9\n".encode("latin-1")), encoding=encoding)
    assert good(records) == [(2, ["1", "Jos\u00e9"])]
