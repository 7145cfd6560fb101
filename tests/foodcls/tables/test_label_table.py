from pathlib import Path

import pytest

from foodcls.errors import TableError
from foodcls.tables.label_table import LabeledPath, read_labels


def test_rows_are_read_in_their_order_and_empty_lines_passed_over(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("label,width,path\n cafe\u0301 ,640, a/1.jpg\n\nsoup,,2.jpg\n")
    assert read_labels(table) == [
        LabeledPath(2, "a/1.jpg", "caf\u00e9"),
        LabeledPath(4, "2.jpg", "soup"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,label\n1.jpg,a\n,b\n", "row 3: 'b': no path"),
        ("path,label\n", "has a header and no rows"),
        ("path,kind\n1.jpg,a\n", r"columns \['label'\] are missing"),
    ],
)
def test_a_table_without_paths_and_labels_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (table := tmp_path / "labels.csv").write_text(text)
    with pytest.raises(TableError, match=said):
        read_labels(table)
