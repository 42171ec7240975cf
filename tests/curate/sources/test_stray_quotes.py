"""Stray quotes: no line is lost in silence, wherever they stand and wherever the pieces of a file end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thuja.curate.sources import chunked_tables
from thuja.curate.sources.spec import Notes
from thuja.curate.sources.stray_quotes import whole_records
from thuja.curate.sources.text_tables import TextTable
from thuja.errors import BadFile

_CELLS = st.sampled_from(["x", "yy", '"q"', 'a"b', '"o', 'c"', '"m\nn"', '""', '"a""b"', '"a"b', ""])
_LINES = st.lists(st.lists(_CELLS, min_size=2, max_size=3).map(",".join), min_size=1, max_size=8)


@settings(max_examples=300, deadline=None)
@given(lines=_LINES, piece=st.sampled_from([5, 20, 1 << 20]))
def test_every_line_is_in_a_row_or_counted(tmp_path_factory, lines, piece):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("u,l\nfirst,row\n" + "\n".join(lines) + "\n")
    notes = Notes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunked_tables, "_PIECE", piece)
        try:
            rows = [row for frame in TextTable.of(path).frames(notes) for row in frame.rows()]
        except BadFile:  # the very first line is within a quote
            return
    within = sum((cell or "").count("\n") for row in rows for cell in row)
    there = sum(bool(line.strip()) for line in path.read_text().split("\n")[1:])
    assert len(rows) + within + notes["t.csv:ragged_lines"] == there
    assert rows[0] == ("first", "row")


@pytest.mark.parametrize(
    ("text", "written", "ragged"),
    [
        ('1,"open\n2,x\n', "2,x\n", 1),
        ('1,5" long\n2,x\n', '1,"5"" long"\n2,x\n', 0),
        ('1,"two\nlines"\n2,x\n', '1,"two\nlines"\n2,x\n', 0),
        ('1,"open\n2,"closed"\n', "2,closed\n", 1),
        ('1,"a"b\n', "", 1),
        ("1,2,3\n\n4,5\n", "4,5\n", 1),
    ],
)
def test_a_stray_quote_costs_its_own_line(text, written, ragged):
    assert whole_records(text.encode(), ",", 2) == (written.encode(), ragged)


def test_a_cell_of_many_whole_lines_is_none():
    """The second of two stray quotes closed what the first had opened, a thousand lines before."""
    inner = "".join(f"{number},x\n" for number in range(20))
    assert whole_records(f'a,"x\n{inner}b,x"\n'.encode(), ",", 2) == (inner.encode() + b'b,"x"""\n', 1)
    prose = "".join(f"line {number}\n" for number in range(20))
    assert whole_records(f'a,"x\n{prose}end"\n'.encode(), ",", 2) == (f'a,"x\n{prose}end"\n'.encode(), 0)
