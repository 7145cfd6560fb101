"""What a tool calls a picture is reduced to the paths that it may stand for, as written first."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foodcls.crop.names import list_forms, names_picture

HIDDEN = base64.urlsafe_b64encode(b"s3://bucket/bread/a b.jpg").decode().rstrip("=")


@pytest.mark.parametrize(
    "name, form",
    [
        ("a.jpg", "a.jpg"),
        ("..\\photos\\a.jpg", "../photos/a.jpg"),
        ("cafe\u0301.jpg", "caf\xe9.jpg"),
        ("caf%C3%A9%20(1).jpg", "caf\xe9 (1).jpg"),
        ("https://host/x/a.jpg?X-Amz-Expires=60&X-Amz-Signature=0a", "https://host/x/a.jpg"),
        ("/data/local-files/?d=bread/caf%C3%A9.jpg", "bread/caf\xe9.jpg"),
        (f"/tasks/7/resolve/?fileuri={HIDDEN}", "s3://bucket/bread/a b.jpg"),
        ("/data/upload/3/0a1b2c3d-my_photo.jpg", "my_photo.jpg"),
        ("..\\..\\label-studio\\media\\upload\\4\\1a2b3c4d-a.jpg", "a.jpg"),
        ("images/1a2b3c4d-a.jpg", "images/a.jpg"),
        ("1a2b3c4d-5e6f7a8b-a", "a"),
        ("data/upload/3/0a1b2c3d-1a2b3c4d-a.jpg", "1a2b3c4d-a.jpg"),
        ("train/images/a_jpg.rf.0c1d2e3f4a5b6c7d8e9f.jpg", "train/images/a.jpg"),
        ("a_png.rf.0c1d2e3f4a5b6c7d8e9f", "a.png"),
    ],
)
def test_a_form_is_what_the_picture_was_called_before(name, form):
    assert form in [path for path, _ in list_forms(name)]


@given(st.text())
def test_any_text_has_forms_and_stands_for_itself_first_unless_it_is_a_query(text):
    assert "=" in text or list_forms(text)[0][1] == "exact"
    names_picture(text)


@pytest.mark.parametrize("text", ["a.jpg", "x.JPEG?size=1", f"?fileuri={HIDDEN}", "C:\\a.heic"])
def test_what_names_a_picture_is_known(text):
    assert names_picture(text)


@pytest.mark.parametrize("text", ["tasks.json", "bread", "", 7, None, "a.jpg" * 2000])
def test_what_names_none_is_known(text):
    assert not names_picture(text)
