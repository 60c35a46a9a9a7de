"""``Snake`` as its users meet it: rows in, answers out, in every shape that rows come in."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snakebatch import Snake
from snakebatch.engine.literal import Literal
from snakebatch.engine.literals import KINDS, holds
from snakebatch.engine.wording import why_true, wording
from snakebatch.errors import InputError, ModelError, StrippedModelError

VECTORS = Path(__file__).parents[2] / "data" / "vectors"


def mixed_rows(size: int = 300, seed: int = 1) -> list[dict[str, Any]]:
    """Three classes, told apart by a number and a text together."""
    draw = random.Random(seed)
    rows = []
    for index in range(size):
        label = ("low", "mid", "high")[index % 3]
        place = {"low": 0.0, "mid": 8.0, "high": 8.0}[label] + draw.gauss(0, 1)
        word = {"low": "red", "mid": "green", "high": "deep blue"}[label]
        rows.append({"x": place, "label": label, "word": f"{word} {draw.randrange(9)}"})
    return rows


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return mixed_rows()


@pytest.fixture(scope="module")
def snake(rows: list[dict[str, Any]]) -> Snake:
    return Snake(rows, target_index="label", n_layers=2, bucket=40)


@pytest.fixture(scope="module")
def regression() -> Snake:
    draw = random.Random(3)
    pairs = [(draw.uniform(-3, 3), draw.uniform(-3, 3)) for _ in range(200)]
    return Snake([{"y": 2.5 * a + b * b, "a": a, "b": b} for a, b in pairs], n_layers=2, bucket=30)


class Series:
    """What we use of a pandas Series."""

    def __init__(self, values: list[Any], index: list[Any] | None = None) -> None:
        self.values, self.index = values, index or list(range(len(values)))

    def tolist(self) -> list[Any]:
        return self.values

    def to_dict(self) -> dict[Any, Any]:
        return dict(zip(self.index, self.values, strict=True))


class Frame:
    """What we use of a DataFrame."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.columns = list(rows[0])
        self._rows = rows

    def __getitem__(self, name: str) -> Series:
        return Series([row[name] for row in self._rows])


# --- training


def test_every_training_row_is_answered_right(snake: Snake, rows: list[dict[str, Any]]) -> None:
    assert snake.header == ["label", "x", "word"]
    assert snake.datatypes == ["T", "N", "T"]
    assert snake.classes == ["high", "low", "mid"]
    assert snake.get_prediction(rows) == [row["label"] for row in rows]
    assert snake.population[0] == {"label": "low", "x": rows[0]["x"], "word": rows[0]["word"]}


def test_layers_are_those_of_the_file_and_a_copy(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    snake = Snake(rows, target_index="label", n_layers=1, bucket=40)
    snake.to_json(tmp_path / "model.json")
    answers = snake.get_lookalikes_labeled(rows[0])

    assert snake.layers == json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))["layers"]
    snake.layers[0][0]["members"].clear()
    snake.get_lookalikes(rows[0])[0][2].append(99)
    assert snake.get_lookalikes_labeled(rows[0]) == answers


def test_the_same_data_give_the_same_bytes(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = [{}, {}, {"seed": 5}, {"seed": 5}]
    for number, more in enumerate(asked):
        Snake(rows, target_index="label", n_layers=2, bucket=40, **more).to_json(tmp_path / f"{number}.json")
    texts = [(tmp_path / f"{number}.json").read_bytes() for number in range(4)]

    assert texts[0] == texts[1]
    assert texts[2] == texts[3]
    assert texts[0] != texts[2]


def test_sequences_frames_and_csv_train_the_same_model(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    header = list(rows[0])
    lines = [",".join(header), *(",".join(map(str, row.values())) for row in rows)]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sequences = [list(row.values()) for row in rows]
    more: dict[str, Any] = {"target_index": "label", "n_layers": 1, "bucket": 40}

    models = [
        Snake(rows, **more),
        Snake(sequences, header=header, **more),
        Snake(Frame(rows), **more),
        Snake(str(tmp_path / "rows.csv"), **more),
    ]

    texts = ["".join(snake.model.pieces()) for snake in models]
    assert texts == [texts[0]] * 4


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("n_layers", 0),
        ("n_layers", 1.5),
        ("bucket", 0),
        ("bucket", True),
        ("lookahead", 0),
        ("lookahead", 10**9),
        ("workers", 0),
        ("tau", 0),
        ("tau", "1"),
        ("noise", -0.1),
        ("noise", math.nan),
        ("noise", "0"),
        ("seed", -1),
        ("seed", 1.0),
        ("oppose_profile", "best"),
        ("target_index", "nothing"),
        ("target_index", 9),
        ("target_index", None),
        ("target_index", 1.5),
        ("target_index", True),
        ("target_index", ["y"]),
    ],
)
def test_a_parameter_out_of_range_is_named(rows: list[dict[str, Any]], parameter: str, value: Any) -> None:
    with pytest.raises(InputError, match=parameter if parameter != "target_index" else "a column|no column"):
        Snake(rows, **{parameter: value})


def test_integers_of_other_libraries_are_integers(rows: list[dict[str, Any]]) -> None:
    asked = {"n_layers": 2, "bucket": 30, "lookahead": 3, "seed": 5, "tau": 60}
    given = {name: np.int64(value) for name, value in asked.items()}
    texts = ["".join(Snake(rows, np.int64(0), **more).model.pieces()) for more in (asked, given)]  # type: ignore[arg-type]  # both are integers
    assert texts[0] == texts[1]


MIXED = [
    [{"y": 1, "x": 2}, [1, 2]],
    [[1, 2], {"y": 1, "x": 2}],
    [{"y": 1, "x": 2}, None],
    [[1, 2], None],
    [[1, 2], "ab"],
]


@pytest.mark.parametrize("data", [[], [1, 2], "nowhere.csv", [object()], 42, None, np.array(3), *MIXED])
def test_what_is_no_table_is_refused(data: Any) -> None:
    with pytest.raises(InputError):
        Snake(data)


@pytest.mark.parametrize("data", MIXED)
def test_the_row_that_is_of_another_kind_is_named(data: Any) -> None:
    with pytest.raises(InputError, match="row 2 is a"):
        Snake(data)


def test_a_csv_file_is_named_with_what_is_wrong_in_it(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("y,x\n1,2\n3\n")
    with pytest.raises(InputError, match=r"odd\.csv: row 2"):
        Snake(tmp_path / "odd.csv")


# --- questions


def test_a_model_answers_alike_after_a_round_trip(
    snake: Snake, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    snake.to_json(tmp_path / "model.json")
    again = Snake(tmp_path / "model.json")

    assert "".join(again.model.pieces()) == (tmp_path / "model.json").read_text(encoding="utf-8")
    assert again.get_probability(rows) == snake.get_probability(rows)
    assert again.get_lookalikes_labeled(rows[:20]) == snake.get_lookalikes_labeled(rows[:20])


def test_rows_may_come_in_any_shape(snake: Snake, rows: list[dict[str, Any]]) -> None:
    some = rows[:5]
    expected = [row["label"] for row in some]
    features = [[row["x"], row["word"]] for row in some]

    assert snake.get_prediction(Frame(some)) == expected
    assert snake.get_prediction(features) == expected
    assert snake.get_prediction(np.array(features, dtype=object)) == expected
    assert snake.get_prediction(tuple(some)) == expected
    assert snake.get_prediction(features[0]) == expected[0]
    assert snake.get_prediction([some[0]["label"], *features[0]]) == expected[0]
    assert snake.get_prediction(Series(list(some[1].values()), list(some[1]))) == expected[1]
    assert snake.get_prediction([]) == []
    assert snake.get_probability([]) == []


@pytest.mark.parametrize("query", ["a text", 3, None, [1, 2, 3, 4], [{"x": 1}, 5]])
def test_a_query_that_is_no_row_is_refused(snake: Snake, query: Any) -> None:
    with pytest.raises(InputError, match="query"):
        snake.get_prediction(query)


@pytest.mark.parametrize("missing", [None, math.nan, "", "NA"])
def test_a_missing_number_is_zero_as_in_training(snake: Snake, missing: Any) -> None:
    for word in ("red 1", "green 3"):
        given = {"x": missing, "word": word}
        assert snake.get_lookalikes_labeled(given) == snake.get_lookalikes_labeled({"x": 0.0, "word": word})
        assert snake.get_probability([given]) == [snake.get_probability(given)]


def test_a_number_as_text_is_a_number(snake: Snake) -> None:
    asked = {"x": "8.25", "word": "green 3"}
    assert snake.get_probability(asked) == snake.get_probability({"x": 8.25, "word": "green 3"})


def test_without_lookalikes_every_class_is_as_likely(regression: Snake) -> None:
    silent = {"unknown": 1}
    shares = regression.get_probability(silent)
    total = len(regression.get_lookalikes(silent))

    assert sum(shares.values()) == pytest.approx(1.0)
    assert list(shares) == regression.classes
    if not total:
        assert regression.get_prediction(silent) == regression.classes[0]


def test_the_regression_falls_back_on_the_buckets_and_says_so() -> None:
    bucket = {
        "condition": None,
        "members": [0, 1, 2],
        "origins": ["c", "c", "n"],
        "clauses": [[[1, -1e9, False, "N"]], [[1, 1e9, True, "N"]]],
        "lookalikes": {"0": [], "1": [], "2": []},
    }
    content = {
        "population": [{"y": y, "x": y} for y in (1.0, 4.0, 100.0)],
        "header": ["y", "x"],
        "targets": [1.0, 4.0, 100.0],
        "datatypes": ["N", "N"],
        "layers": [[bucket]],
    }
    model = Snake(content)

    assert model.get_regression({"x": 1.0}) == 2.5
    told = {"value": 2.5, "source": "bucket mean", "n": 0}
    assert model.get_regression([{"x": 1.0}], explain=True) == [told]
    assert model.get_candle({"x": 1.0})["n"] == 0
    assert model.get_candle({"x": 1.0})["iqr_mean"] is None
    assert "bucket mean" in model.get_audit({"x": 1.0})


def test_a_regression_of_labels_is_refused(snake: Snake) -> None:
    with pytest.raises(ModelError, match="label"):
        snake.get_regression({"x": 1.0})


def test_training_rows_regress_to_themselves(regression: Snake) -> None:
    answers = regression.get_regression(regression.population, explain=True)

    assert all(answer["source"] == "lookalikes" for answer in answers)
    assert [answer["value"] for answer in answers] == pytest.approx(regression.targets)


FIELDS = st.one_of(
    st.none(),
    st.floats(),
    st.integers(-(10**20), 10**400),
    st.text(max_size=6),
    st.sampled_from(["green 3", "8", "abc", "1e999", True, ""]),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["x", "word", "other"]), FIELDS, max_size=3), max_size=6))
def test_one_row_or_many_whatever_they_hold(snake: Snake, queries: list[dict[str, Any]]) -> None:
    probabilities = snake.get_probability(queries)

    assert probabilities == [snake.get_probability(query) for query in queries]
    assert all(sum(shares.values()) == pytest.approx(1.0) for shares in probabilities)
    assert snake.get_prediction(queries) == [snake.get_prediction(query) for query in queries]
    assert len(snake.get_audit(queries)) == len(queries)


# --- stripped models


def test_a_stripped_model_predicts_and_refuses_what_needs_rows(
    snake: Snake, regression: Snake, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    snake.to_json(tmp_path / "s.json", stripped=True)
    regression.to_json(tmp_path / "r.json", stripped=True)
    stripped, numbers = Snake(tmp_path / "s.json"), Snake(tmp_path / "r.json")

    assert stripped.stripped
    assert stripped.targets == snake.targets
    assert stripped.get_probability(rows) == snake.get_probability(rows)
    assert numbers.get_regression(regression.population) == regression.get_regression(regression.population)
    asks = [
        stripped.get_audit,
        stripped.get_augmented,
        stripped.get_lookalikes,
        stripped.get_lookalikes_labeled,
    ]
    for ask in asks:
        with pytest.raises(StrippedModelError, match=r"stripped.*full model\.json"):
            ask(rows[0])
    with pytest.raises(StrippedModelError):
        _ = stripped.population
    with pytest.raises(StrippedModelError):
        stripped.to_json(tmp_path / "full.json")
    assert not (tmp_path / "full.json").exists()
    stripped.to_json(tmp_path / "again.json", stripped=True)
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "s.json").read_bytes()


# --- audits


def test_an_audit_prints_comparisons_as_they_hold(snake: Snake) -> None:
    text = snake.get_audit({"x": 8.0, "word": "green 3"})

    assert text.startswith("Prediction: mid\n")
    assert text.count("Routing AND") == len(snake.layers)
    assert text.count("Lookalike AND") >= len(snake.layers)
    for line in text.splitlines():
        if line.strip().startswith('"x" <'):
            assert float(line.split("< ")[1]) > 8.0
        if line.strip().startswith('"x" >='):
            assert float(line.split(">= ")[1]) <= 8.0


def test_an_absent_column_is_told_as_absent(snake: Snake) -> None:
    text = snake.get_audit({"word": "green 3"})
    assert "absent" in text or '"x"' not in text


def test_an_augmented_row_carries_its_answers(snake: Snake, rows: list[dict[str, Any]]) -> None:
    found = snake.get_augmented(rows[0])

    assert {key: found[key] for key in rows[0]} == rows[0]
    assert found["Prediction"] == snake.get_prediction(rows[0])
    assert found["Probability"] == snake.get_probability(rows[0])
    assert found["Lookalikes"] == snake.get_lookalikes(rows[0])
    assert found["Audit"] == snake.get_audit(rows[0])
    assert [one["Prediction"] for one in snake.get_augmented(rows[:3])] == snake.get_prediction(rows[:3])


@pytest.mark.parametrize(
    ("literal", "words"),
    [
        ([1, 5.0, False, "N"], '"x" < 5.0'),
        ([1, 5.0, True, "N"], '"x" >= 5.0'),
        ([1, [1.0, 2.0], False, "NRG"], '"x" not in (1.0, 2.0]'),
        ([1, [1.0, 2.0, 0.5], True, "NZ"], 'z-score of "x" (mean 1.0, std 2.0) >= 0.5'),
        ([1, 0, True, "NZR"], '"x" != 0'),
        ([1, 2.5, False, "TN"], 'length of "x" < 2.5'),
        ([1, "a", True, "T"], '"x" does not contain "a"'),
        ([1, "a", False, "TEQ"], '"x" is "a"'),
        ([1, ["ab", 2.0], False, "LEV"], 'edit distance of "x" to "ab" > 2.0'),
        ([1, ["ab", 0.5], False, "JAC"], 'bigram similarity of "x" to "ab" < 0.5'),
        ([1, [{"a": 1.0}, 0.5], False, "CFC"], 'chi-squared of "x" against {"a": 1.0} >= 0.5'),
        ([1, 3, False, "XYZ"], "\"x\": unknown literal 'XYZ', never true"),
    ],
)
def test_wording(literal: list[Any], words: str) -> None:
    assert wording(Literal(*literal), ["y", "x"]) == words


@pytest.mark.parametrize(
    ("literal", "x", "words"),
    [
        ([1, 46.150000000000006, False, "N"], 40.0, '"x" < 46.15'),
        # 46.15 is no number below 46.15: here the digits matter.
        ([1, 46.150000000000006, False, "N"], 46.15, '"x" < 46.150000000000006'),
        # A whole number of 16 digits is exact, and the greatest double has none above it.
        ([1, 1234567890123456.0, True, "N"], 2e15, '"x" >= 1234567890123456.0'),
        ([1, sys.float_info.max, False, "N"], 2e15, '"x" < 1.7976931348623157e+308'),
        ([1, 1700000000123.5, True, "N"], 1700000000124.0, '"x" >= 1700000000123.5'),
        ([1, [0.30000000000000004, 7], True, "NRG"], 5.0, '"x" in (0.3, 7]'),
    ],
)
def test_what_holds_is_told_with_the_digits_that_people_write(
    literal: list[Any], x: float, words: str
) -> None:
    model = Snake([{"y": k % 2, "x": k / 2} for k in range(8)], "y", n_layers=1).model
    assert why_true(model, Literal(*literal), model.fields({"x": x})) == words


def test_every_comparison_is_worded_the_way_it_holds() -> None:
    cases = json.loads((VECTORS / "literals.json").read_text(encoding="utf-8"))["cases"]
    header = ["y", "num", "txt"]
    signs = {" < ": lambda m, v: m < v, " >= ": lambda m, v: m >= v}
    for literal, row, expected in cases:
        if literal[3] != "N" or "num" not in row:
            continue
        words = wording(Literal(*literal), header)
        sign = next(sign for sign in signs if sign in words)
        assert signs[sign](row["num"], float(words.split(sign)[1])) is expected is holds(literal, row, header)
    assert {literal[3] for literal, _, _ in cases} - {"UNKNOWN"} == set(KINDS)


# --- import


def test_import_loads_neither_the_engine_nor_the_heavy_packages() -> None:
    code = (
        "import sys, snakebatch; "
        "heavy = {'numpy', 'pandas', 'sklearn', 'pydantic', 'boto3', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy; snakebatch.Snake; "
        "heavy = {'pandas', 'sklearn', 'pydantic', 'boto3', 'matplotlib'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
