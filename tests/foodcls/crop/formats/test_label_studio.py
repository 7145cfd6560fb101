"""Label Studio's regions are percent, whatever the export; turned ones get the box around."""

import time

import pytest

from foodcls.crop.boxes import read_boxes
from foodcls.crop.formats.detect import detect_format
from foodcls.crop.formats.label_studio import OLDER

SIDES = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
ROUND = {"x": 25, "y": 40, "radiusX": 15, "radiusY": 20}
SIZE = {"original_width": 1000, "original_height": 500}
NAMED = {"rectanglelabels": ["apple"]}


def task(value, annotation=None, **more):
    result = {"type": "rectanglelabels", **SIZE, **more, "value": value}
    return {"data": {"image": "a.jpg"}, "annotations": [{"result": [result]} | (annotation or {})]}


@pytest.fixture
def read(put):
    return lambda tasks: read_boxes(put("ls.json", tasks), ("apple", "pear"))


@pytest.mark.parametrize(
    "value, edges",
    [
        (SIDES, (10, 20, 40, 60)),
        # as in the tool's own report of a picture twice as wide as high
        ({**SIDES, "x": 30, "height": 20, "rotation": 90}, (20, 20, 30, 80)),
        ({**SIDES, "x": 40, "y": 60, "rotation": 180}, (10, 20, 40, 60)),
        ({"points": [[10, 60], [40, 30], [20, 20]]}, (10, 20, 40, 60)),
        (ROUND, (10, 20, 40, 60)),
        ({**ROUND, "rotation": 90}, (15, 10, 35, 70)),
    ],
    ids=["plain", "quarter", "half", "polygon", "ellipse", "quarter ellipse"],
)
def test_a_region_is_the_box_around_it(read, value, edges):
    boxes, problems = read([task({**value, **NAMED})])
    assert [(box.label, box.size) for box in boxes] == [("apple", (1000, 500))] and not problems
    assert boxes[0].edges == pytest.approx(edges)


def test_the_short_json_reads_the_same(read, put):
    small = [{"id": 1, "image": "a.jpg", "fruit": [{**SIDES, **SIZE, **NAMED}]}]
    assert detect_format(put("min.json", small)).name == "label_studio_json"
    assert read(small) == read([task({**SIDES, **NAMED})])


def test_a_column_of_any_name_may_hold_the_boxes(put):
    cell = '"[{""x"":10,""y"":20,""width"":30,""height"":40,""rectanglelabels"":[""apple""]}]"'
    boxes, _ = read_boxes(put("ls.csv", f"image,fruit\na.jpg,{cell}\nb.jpg,\n"), ("apple",))
    assert [(box.number, box.name, box.edges) for box in boxes] == [(2, "a.jpg", (10, 20, 40, 60))]


def test_a_broken_cell_is_a_problem(put):
    head = "image,label,annotation_id,lead_time\n"
    boxes, problems = read_boxes(put("ls.csv", f'{head}a.jpg,"[{{",1,2\n'), ("apple",))
    assert not boxes and problems[0].number == 2 and "not JSON" in problems[0].reason


def test_what_is_cancelled_guessed_or_no_region_does_not_count(read):
    good = task({**SIDES, **NAMED})
    guess = {"data": {"image": "a.jpg"}, "annotations": [], "predictions": good["annotations"]}
    choice = task({"choices": ["apple"]})
    assert read([task({**SIDES, **NAMED}, {"was_cancelled": True}), choice]) == ([], [])
    # nor does a guess where a person has looked; else it waits for one
    assert read([good | {"predictions": guess["predictions"]}]) == read([good])
    boxes, problems = read([guess])
    assert [box.proposed for box in boxes] == [True] and not problems


def test_a_class_or_a_choice_may_be_a_result_of_its_own(read):
    drawn = {"id": "r1", **SIZE, "value": SIDES}
    of_it = [drawn | {"value": {**SIDES, **more}} for more in (NAMED, {"choices": ["ripe"]})]
    tasks = [{"data": {"image": "a.jpg"}, "annotations": [{"result": [drawn, *of_it]}]}]
    boxes, problems = read(tasks)
    assert [box.edges for box in boxes] == [(10, 20, 40, 60)] and not problems
    # ids that are none name nothing
    tasks[0]["annotations"][0]["result"] = [item | {"id": {}} for item in (drawn, *of_it)]
    assert len(read(tasks)[1]) == 2


@pytest.mark.parametrize(
    "value, more, reason",
    [
        (SIDES, {}, "needs one class"),
        ({"format": "rle", "rle": [0, 1], "brushlabels": ["apple"]}, {}, "painted"),
        ({"bitmasklabels": ["apple"]}, {}, "painted"),
        ({**ROUND, "ellipselabels": ["apple"]}, {"original_width": 0}, "do not make a box"),
        ({**SIDES, "rectanglelabels": ["apple", "pear"]}, {}, "needs one class"),
        ({**SIDES, "rectanglelabels": "apple"}, {}, "needs one class"),
        ({**SIDES, "rectanglelabels": [{}]}, {}, "unknown class ''"),
        ({**SIDES, **NAMED}, {"image_rotation": 90}, "turned by 90"),
        ({**SIDES, **NAMED, "rotation": 9}, {"original_width": 0}, "do not make a box"),
        ({**SIDES, **NAMED, "rotation": "x"}, {}, "not a number"),
        ({**SIDES, **NAMED, "width": None}, {}, "not a number"),
        ({**SIDES, **NAMED}, {"original_width": []}, "no area"),
        ({"points": [1, 2], **NAMED}, {}, "0 numbers"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_bad_region_is_a_problem(read, value, more, reason):
    boxes, problems = read([task(value, **more), task({**SIDES, **NAMED})])
    if reason == "no area":  # an odd size says nothing
        assert len(boxes) == 2 and boxes[0].size == (0, 500)
    else:
        assert len(boxes) == 1 and [item.number for item in problems] == [1]
        assert reason in problems[0].reason


@pytest.mark.parametrize(
    "more, name",
    [
        ({"data": {"image_url": "/data/upload/3/0a1b2c3d-a.jpg", "note": "x"}}, "0a1b2c3d-a.jpg"),
        ({"data": {"ocr": "https://host/a.jpg?sign=1"}}, "a.jpg?sign=1"),
        ({"data": {"image": "s3://bucket/a"}}, "a"),
        ({"data": {}, "file_upload": "0a1b2c3d-a.jpg"}, "0a1b2c3d-a.jpg"),
        ({"file_upload": "0a1b2c3d-tasks.json"}, "a.jpg"),
    ],
)
def test_the_picture_stands_under_any_key(read, more, name):
    boxes, problems = read([task({**SIDES, **NAMED}) | more])
    assert boxes[0].name.endswith(name) and boxes[0].is_upright and not problems


def test_an_uploads_own_name_counts_too(read):
    boxes, _ = read([task({**SIDES, **NAMED}) | {"file_upload": "0a1b2c3d-b.jpg"}])
    assert (boxes[0].name, boxes[0].own_name) == ("a.jpg", "0a1b2c3d-b.jpg")


@pytest.mark.parametrize(
    "first, second",
    [
        ({"updated_at": "2024-05-02T00:00:00Z", "id": 1}, {"updated_at": "2024-05-01", "id": 2}),
        ({"updated_at": "2024-05-01T11:30Z"}, {"updated_at": "2024-05-01T12:00+02:00"}),
        ({"id": 12}, {"id": 9}),
        ({"ground_truth": True, "id": 1}, {"ground_truth": False, "id": 2}),
    ],
    ids=["newest", "zones", "last", "truth"],
)
def test_of_two_annotators_one_counts_by_a_rule_that_is_told(read, first, second):
    def drawn(x, about):
        result = {**SIZE, "value": {**SIDES, **NAMED, "x": x}}
        return {"result": [result, result], **about}

    tasks = [{"id": 7, "data": {"image": "a.jpg"},
              "annotations": [drawn(40, second), drawn(10, first)]}]  # fmt: skip
    boxes, problems = read(tasks)
    assert [box.edges[0] for box in boxes] == [10, 10]
    assert [item.reason for item in problems] == [OLDER, OLDER]


def test_a_time_without_a_zone_means_the_same_on_every_machine(read, monkeypatch):
    tasks = [task({**SIDES, **NAMED}, {"updated_at": "2024-05-01T12:00"}) | {"id": 7}]
    later = task({**SIDES, **NAMED, "x": 40}, {"updated_at": "2024-05-01T13:00Z"})
    tasks[0]["annotations"] += later["annotations"]
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XYZ+5")
        time.tzset()
        boxes, _ = read(tasks)
    time.tzset()
    assert [box.edges[0] for box in boxes] == [40]


def test_the_newest_annotation_may_say_that_nothing_is_there(read):
    tasks = [task({**SIDES, **NAMED}) | {"id": 7}]
    tasks[0]["annotations"].append({"result": [], "updated_at": "2024-05-01"})
    boxes, problems = read(tasks)
    assert not boxes and [item.reason for item in problems] == [OLDER]


def test_a_region_is_on_the_picture_that_it_was_drawn_on(read):
    named = task({**SIDES, **NAMED}, to_name="Right")
    named["data"] = {"image": "a.jpg", "right": "b.jpg"}
    boxes, problems = read([named])
    assert [box.name for box in boxes] == ["b.jpg"] and not problems


@pytest.mark.parametrize(
    "data, targets",
    [({"image": "a.jpg", "next": "b.jpg"}, ("one", "two")), ({"x": "a.jpg", "y": "b.jpg"}, "o")],
    ids=["drawn on two", "called by none"],
)
def test_a_region_on_one_of_several_pictures_is_a_problem_that_names_them(read, data, targets):
    tasks = [task({**SIDES, **NAMED}, to_name=target) for target in targets]
    regions = [one["annotations"][0]["result"][0] for one in tasks]
    boxes, problems = read([{"data": data, "annotations": [{"result": regions}]}])
    assert not boxes and {item.reason for item in problems} == {
        "on one of several pictures (a.jpg, b.jpg); export a picture a task"
    }


def test_a_picture_that_was_imported_twice_has_the_newest_boxes_alone(read):
    tasks = [task({**SIDES, **NAMED, "x": x}) | {"id": number} for number, x in ((1, 40), (2, 10))]
    tasks[1]["annotations"][0]["updated_at"] = "2024-05-02T00:00:00Z"
    boxes, problems = read(tasks)
    assert [box.edges[0] for box in boxes] == [10] and [one.reason for one in problems] == [OLDER]


def test_a_picture_beside_which_others_are_shown_loses_none_of_their_boxes(read):
    tasks = [task({**SIDES, **NAMED}, to_name="right") | {"id": number} for number in (1, 2)]
    for number, one in enumerate(tasks):
        one["data"] = {"image": "reference.jpg", "right": f"{number}.jpg"}
        one["file_upload"] = "reference.jpg"
    boxes, problems = read(tasks)
    assert [(box.name, box.own_name) for box in boxes] == [("0.jpg", ""), ("1.jpg", "")]
    assert not problems


@pytest.mark.parametrize("guessed", [[], [{**SIZE, "value": {**SIDES, **NAMED, "x": 50}}]])
def test_a_newer_guess_of_a_model_takes_no_box_of_a_person_away(read, guessed):
    drawn = task({**SIDES, **NAMED}, {"created_at": "2024-05-01T00:00:00Z"}) | {"id": 1}
    guess = {"created_at": "2024-05-02T00:00:00Z", "result": guessed}
    again = {"id": 2, "data": drawn["data"], "annotations": [], "predictions": [guess]}
    boxes, problems = read([drawn, again])
    assert [box.edges[0] for box in boxes] == [10] and len(problems) == len(guessed)


@pytest.mark.parametrize("more", [{"result": None}, {}, {"result": [], "was_cancelled": True}])
def test_an_annotation_without_an_answer_takes_no_box_away(read, more):
    tasks = [task({**SIDES, **NAMED}) | {"id": 7}]
    tasks[0]["annotations"].append({"updated_at": "2024-05-01"} | more)
    boxes, problems = read(tasks)
    assert len(boxes) == 1 and not problems


def test_an_id_of_thousands_of_digits_is_no_place(read):
    boxes, problems = read([task({**SIDES, **NAMED}, {"id": "9" * 5000})])
    assert len(boxes) == 1 and not problems


def test_two_rows_of_a_task_are_two_annotators(put):
    cell = '"[{""x"":10,""y"":20,""width"":30,""height"":40,""rectanglelabels"":[""apple""]}]"'
    rows = "".join(f"a.jpg,7,{cell},{number},1\n" for number in (3, 12))
    path = put("ls.csv", f"image,id,label,annotation_id,lead_time\n{rows}")
    boxes, problems = read_boxes(path, ("apple",))
    assert [box.number for box in boxes] == [3] and [item.number for item in problems] == [2]
