"""Tables, read back from Markdown, CSV, LaTeX and HTML: a cell is what its column is headed by."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from statistics import mean, median, stdev

import pytest

from jqkd.report.compact import compact
from jqkd.report.document import readme_block, write_report
from jqkd.report.formats import html_table, latex, markdown
from jqkd.report.introduction import introduction
from jqkd.report.numbers import comparisons_csv, csv_text
from jqkd.report.readme import with_share
from jqkd.report.sheets import sheets
from jqkd.report.summary import summarise
from jqkd.report.text import teacher_name

from . import distinct

DASH = "–"
COLUMNS = {"best": "best on test", "picked": "picked on validation", "final": "last epoch"}
TITLES = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST 0-5"}


# How numbers must look, written once more.


def plus(value: float) -> str:
    sign = "+" if value > 0 else "−"
    return f"{sign}{abs(value):.2f}"


def spread(values) -> str:
    """Mean ± standard deviation, not the error of the mean."""
    return f"{mean(values):.2f} ± {stdev(values):.2f}"


def with_interval(gain) -> str:
    low, high = gain.interval
    assert low < gain.mean < high
    return f"{plus(gain.mean)} [{plus(low)} to {plus(high)}]"


def p_of(value) -> str:
    return DASH if value is None else f"{value:.3f}"


def percents(line, protocol) -> list[float]:
    return [100 * right / line.record.test_images for right in line.record.right[protocol]]


@pytest.fixture(scope="module", params=["best", "final"])
def made(request):
    """A summary, the protocol it goes by, and its sheets by key."""
    summary = distinct.summary(request.param)
    return summary, request.param, {sheet.key: sheet for sheet in sheets(summary)}


def lines_of(sheet) -> list[dict[str, str]]:
    assert len(set(sheet.header)) == len(sheet.header)
    return [dict(zip(sheet.header, cells, strict=True)) for cells in sheet.cells]


def of_data(summary, dataset):
    lines = summary.lines.values()
    return [x for x in lines if x.config.dataset == dataset and not x.arm.hidden]


def data_of(line, title) -> dict[str, str]:
    """A column where the title does not say it."""
    return {} if title == line.arm.group else {"data": line.arm.group}


def mark_of(line) -> str:
    return " (a)" if line.arm.note else ""


def test_accuracies(made):
    summary, protocol, found = made
    for place, (dataset, title) in enumerate(TITLES.items(), 1):
        sheet = found[f"accuracy-{place}"]
        for cells, line in zip(lines_of(sheet), of_data(summary, dataset), strict=True):
            values, student = percents(line, protocol), line.arm.student
            below = sum(value < line.arm.published for value in values)
            seen = student and 10 * 150 * (6 if student.classes == "0-5" else 8)
            assert cells == {
                **data_of(line, title),
                "network": line.arm.label + mark_of(line),
                "published": f"{line.arm.published:.2f}",
                **{COLUMNS[p]: spread(percents(line, p)) for p in COLUMNS},
                "range": f"{min(values):.2f} to {max(values):.2f}",
                "verdict": line.verdict,
                "runs": str(len(values)),
                "collapsed": "0",
                "below the published": f"{below} of {len(values)}",
                "epochs": "10" if student else DASH,
                "images seen": f"{seen:,}" if student else DASH,
            }
        # The protocol that verdicts go by stands beside the published number.
        assert sheet.header[sheet.header.index("published") + 1] == COLUMNS[protocol]
        assert sheet.title == f"{title}: accuracy"


def test_gains(made):
    summary, protocol, found = made
    for place, (dataset, title) in enumerate(TITLES.items(), 1):
        sheet = found[f"gain-{place}"]
        assert sheet.title == f"{title}: gain"
        gains = [x for x in summary.differences if x.comparison.label == "gain"]
        gains = [x for x in gains if x.arm.config.dataset == dataset]
        for cells, one in zip(lines_of(sheet), gains, strict=True):
            gain, other = one.gain[protocol], one.gain["picked"]
            low, high = one.interval
            assert cells == {
                **data_of(one.arm, title),
                "network": one.arm.arm.label + mark_of(one.arm),
                "against": one.baseline.arm.label,
                "published": plus(one.comparison.published),
                f"gain, {COLUMNS[protocol]} [95 %]": with_interval(gain),
                "p": p_of(gain.p),
                "p (Holm)": p_of(gain.p_holm),
                "verdict": one.verdict,
                "of one run, 95 %": f"{plus(low)} to {plus(high)}",
                "picked on validation [95 %]": with_interval(other),
                "its p (Holm)": p_of(other.p_holm),
                "seeds": str(len(one.seeds)),
            }


def test_a_second_comparison_has_a_table_of_its_own(made):
    """And what the two baselines differ by, whose arm is no line of the tables."""
    summary, protocol, found = made
    assert "one-head-1" not in found
    pairs = {"one-head-2": ("f5-lenet", "f5-matched"), "head-2": ("f5-matched", "f5-alone")}
    for key, pair in pairs.items():
        (cells,) = lines_of(found[key])
        (one,) = [
            x for x in summary.differences if (x.comparison.arm, x.comparison.baseline) == pair
        ]
        label = f"{one.comparison.label}, {COLUMNS[protocol]} [95 %]"
        assert cells[label] == with_interval(one.gain[protocol])
        assert cells["against"] == one.baseline.arm.label
        # Nobody published it.
        assert not {"published", "verdict", "of one run, 95 %"} & set(cells)
        assert ("p (Holm)" in cells) == bool(one.comparison.family)


def test_contrasts(made):
    summary, protocol, found = made
    for cells, (asked, gains) in zip(lines_of(found["contrasts"]), summary.contrasts, strict=True):
        rows = asked.published_rows
        assert cells == {
            "contrast": asked.label,
            "over": str(len(asked.terms)),
            "published": plus(asked.published),
            "of the published rows": DASH if rows is None else plus(rows),
            f"{COLUMNS[protocol]} [95 %]": with_interval(gains[protocol]),
            "picked on validation [95 %]": with_interval(gains["picked"]),
            "p (Holm)": DASH if gains[protocol].p_holm is None else f"{gains[protocol].p_holm:.3f}",
        }


def test_the_short_form(made):
    summary, protocol, _ = made
    gains = [one for one in summary.differences if one.comparison.label == "gain"]
    for cells, one in zip(lines_of(compact(summary)), gains, strict=True):
        other = summary.differences[-2] if one.comparison.arm == "f5-lenet" else None
        assert cells == {
            "data": one.arm.arm.group,
            "network": one.arm.arm.label,
            "alone: published": f"{one.baseline.arm.published:.2f}",
            "alone: ours": spread(percents(one.baseline, protocol)),
            "distilled: published": f"{one.arm.arm.published:.2f}",
            "distilled: ours": spread(percents(one.arm, protocol)),
            "gain: published": plus(one.comparison.published),
            "gain: ours [95 %]": with_interval(one.gain[protocol]),
            "one head": plus(other.gain[protocol].mean) if other else DASH,
            "verdict on gain": one.verdict,
        }


def test_the_introduction_counts_the_verdicts(made):
    summary, protocol, _ = made
    text = " ".join(introduction(summary))
    for words, verdicts in (
        ("accuracies", [x.verdict for x in summary.shown]),
        ("differences", [x.verdict for x in summary.differences if x.verdict]),
    ):
        order = [w for w in distinct.VERDICTS if w in verdicts]
        counts = ", ".join(f"{verdicts.count(word)} {word}" for word in order)
        assert f"Published {words}: {counts}." in text
    assert "Not run yet: never." in text and "Made on: a machine." in text
    assert "Seeds: 3 to 6 for each kind of student." in text
    assert "Shots: 3000 to 5000." in text
    when = {"best": "at the epoch that is best on the test images", "final": "after the last epoch"}
    assert f"Accuracies are read {when[protocol]}" in text
    assert ("Published numbers are at the epoch" in text) == (protocol == "final")
    assert (", as the published ones." in text) == (protocol == "best")


def test_csv_has_the_numbers_of_every_arm(made):
    summary, protocol, _ = made
    rows = list(csv.DictReader(io.StringIO(csv_text(summary))))
    for row, (name, line) in zip(rows, summary.lines.items(), strict=True):
        arm, config = line.arm, line.config
        assert (row["name"], row["group"], row["label"]) == (name, arm.group, arm.label)
        kind = {"m5-teacher": "teacher"}.get(name, "distilled" if arm.teacher else "alone")
        assert (row["kind"], row["dataset"], row["classes"]) == (
            *(kind, config.dataset, config.classes),
        )
        assert row["teacher"] == (arm.teacher.arch if arm.teacher else "")
        assert row["published"] == ("" if arm.published is None else str(arm.published))
        assert row["verdict"] == (line.verdict or "") and row["protocol"] == protocol
        assert int(row["runs"]) == len(line.record.seeds)
        for p in COLUMNS:
            values = percents(line, p)
            numbers = [mean(values), stdev(values), min(values), max(values)]
            written = [float(row[f"{p}_{k}"]) for k in ("mean", "sd", "low", "high")]
            assert written == pytest.approx(numbers, abs=6e-5)
        assert [float(row[f"one_run_{k}"]) for k in ("low", "high")] == pytest.approx(line.interval)


@pytest.mark.parametrize("of", [distinct.summary, distinct.study])
def test_csv_has_the_numbers_of_every_comparison(of):
    summary = of()
    rows = list(csv.DictReader(io.StringIO(comparisons_csv(summary))))
    for row, one in zip(rows, summary.differences, strict=True):
        asked = one.comparison
        assert [row[k] for k in ("arm", "baseline", "label", "family")] == [
            *(asked.arm, asked.baseline, asked.label, asked.family),
        ]
        assert row["published"] == ("" if asked.published is None else str(asked.published))
        assert row["verdict"] == (one.verdict or "") and int(row["seeds"]) == len(one.seeds)
        for p, gain in one.gain.items():
            written = [float(row[f"{p}{end}"]) for end in ("", "_low", "_high")]
            assert written == pytest.approx([gain.mean, *gain.interval], abs=6e-7)
            expected = [gain.p, gain.p_holm] if asked.family else [None, None]
            shown = [float(row[p + end] or -1) for end in ("_p", "_p_holm")]
            assert shown == pytest.approx([-1 if v is None else v for v in expected], abs=6e-7)
        ends = [float(row[f"one_run_{k}"]) for k in ("low", "high")]
        assert ends == pytest.approx(one.interval, abs=6e-7)


# The same cells in every format.


def from_markdown(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cells[0], *cells[2:]]


class Cells(HTMLParser):
    """Rows of cells, and every cell's classes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.classes, self._inside = [], [], False

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
            self.classes.append([])
        if tag in ("td", "th"):
            self._inside = True
            self.rows[-1].append("")
            self.classes[-1].append((dict(attrs).get("class") or "").split())

    def handle_endtag(self, tag):
        self._inside &= tag not in ("td", "th")

    def handle_data(self, data):
        if self._inside:
            self.rows[-1][-1] += data.replace("\xa0", " ")


_PLAIN = {r"$\pm$": "±", "$-$": "−", "--": DASH, r"\%": "%", "$<$": "<", r"$^\dagger$": "†"}


def from_latex(text: str) -> list[list[str]]:
    body = re.search(r"\\toprule\n(.*)\\bottomrule", text, re.DOTALL)[1].replace("\\midrule\n", "")
    body = re.sub(r"\\shortstack\[r\]\{(.*?)\\\\(.*?)\}", r"\1 \2", body)
    for tex, plain in _PLAIN.items():
        body = body.replace(tex, plain)
    lines = [line.removesuffix("\\\\").strip() for line in body.strip().splitlines()]
    return [[cell.strip() for cell in line.split(" & ")] for line in lines]


def test_every_format_has_the_same_cells(made):
    _, _, found = made
    for sheet in found.values():
        expected = [sheet.header, *sheet.cells]
        assert from_markdown(markdown(sheet)) == expected
        assert from_latex(latex(sheet)) == expected
        parser = Cells()
        parser.feed(html_table(sheet))
        assert parser.rows == expected
        for texts, classes in zip(sheet.cells, parser.classes[1:], strict=True):
            words = [t for t in texts if t in distinct.VERDICTS]
            assert [c for cell in classes for c in cell if c != "word"] == words


def test_words_are_left_and_numbers_right(made):
    _, _, found = made
    for sheet in found.values():
        rules = markdown(sheet).splitlines()[1].strip("|").split("|")
        columns = re.search(r"\\begin\{tabular\}\{(\w+)\}", latex(sheet))[1]
        words = ("mean", "data", "network", "against", "verdict")
        for name, rule, letter in zip(sheet.header, rules, columns, strict=True):
            assert (letter == "l") == (name in words) == (rule.strip() == "---")


def test_files_hold_the_tables_under_their_titles(made, tmp_path):
    summary, _, found = made
    write_report(summary, tmp_path, [])
    text = (tmp_path / "report.md").read_text()
    parts = dict(re.findall(r"## (.+?)\n\n(.*?)(?=\n## |\Z)", text, re.DOTALL))
    assert list(parts) == [sheet.title for sheet in found.values()]
    for sheet in found.values():
        assert from_markdown(parts[sheet.title]) == [sheet.header, *sheet.cells]
    tex = (tmp_path / "report.tex").read_text()
    for part, sheet in zip(tex.split("\n\n"), found.values(), strict=True):
        assert f"\\label{{tab:{sheet.key}}}" in part
        assert from_latex(part) == [sheet.header, *sheet.cells]
    parser = Cells()
    parser.feed((tmp_path / "report.html").read_text())
    assert parser.rows == [row for s in found.values() for row in (s.header, *s.cells)]


def test_a_readme_with_one_digit_changed_is_another_text():
    block = readme_block(distinct.summary())
    text = f"a\n<!-- x: begin -->\n{block}\n<!-- x: end -->\nb\n"
    assert with_share(text, "x", block) == text
    digits = [m.start() for m in re.finditer(r"\d", block)]
    for place in digits[:: len(digits) // 20]:
        other = str((int(block[place]) + 1) % 10)
        changed = text.replace(block, block[:place] + other + block[place + 1 :])
        assert changed != text and with_share(changed, "x", block) == text


# Experiments that nobody published.


@pytest.fixture(scope="module", params=[True, False], ids=["mechanism", "differences"])
def studied(request):
    return distinct.study(request.param)


def fallen(line) -> list[bool]:
    return [value <= 100 / 6 + 2 for value in percents(line, "final")]


def test_lines_of_a_study(studied):
    found = {sheet.title: sheet for sheet in sheets(studied)}
    for dataset in TITLES:
        title = f"{distinct.GROUPS[dataset]} 0-5"
        lines = of_data(studied, dataset)
        for cells, line in zip(lines_of(found[f"{title}: accuracy"]), lines, strict=True):
            values, epochs = percents(line, "final"), line.arm.student.epochs
            assert cells == {
                "student": line.arm.label,
                "teacher": teacher_name(line.arm.teacher and line.arm.teacher.arch),
                **{COLUMNS[p]: spread(percents(line, p)) for p in COLUMNS},
                "range": f"{min(values):.2f} to {max(values):.2f}",
                "runs": str(len(values)),
                "collapsed": str(sum(fallen(line))),
                "epochs": str(epochs),
                "images seen": f"{epochs * 900:,}",
            }
        compared = [x for x in studied.differences if x.arm.config.dataset == dataset]
        for cells, one in zip(lines_of(found[f"{title}: gain"]), compared, strict=True):
            assert (cells["student"], cells["against"]) == (one.arm.arm.label, "alone")
            assert cells["gain, last epoch [95 %]"] == with_interval(one.gain["final"])
            p_value = one.gain["final"].p if one.comparison.family else None
            assert cells["p"] == p_of(p_value) and not {"published", "verdict"} & set(cells)
            assert cells["p (Holm)"] == p_of(one.gain["final"].p_holm)


def test_features_of_a_study(studied):
    found = {sheet.title: sheet for sheet in sheets(studied)}
    names = {"feature": "size of f", "slope": "slope of theta", "sine": "size of sin theta"}
    names["dead"] = "dead units"
    short = lambda value: f"{value:.0f}" if value >= 10 else f"{value:.2g}"  # noqa: E731
    features = [title for title in found if title.endswith(": where the features go")]
    assert len(features) == (2 if studied.experiment.shows_mechanism else 0)
    for dataset, title in zip(TITLES, features, strict=False):
        expected = []
        for line in of_data(studied, dataset):
            for word, state in (("learned", False), ("collapsed", True)):
                rows = [i for i, down in enumerate(fallen(line)) if down == state]
                if rows:
                    who = {
                        "student": line.arm.label,
                        "teacher": teacher_name(line.arm.teacher and line.arm.teacher.arch),
                        "seeds": f"{len(rows)} {word}",
                    }
                    numbers = {
                        header: short(median(line.record.mechanism[key][i] for i in rows))
                        for key, header in names.items()
                    }
                    expected.append(who | numbers)
        assert lines_of(found[title]) == expected


def test_csv_of_a_study(studied):
    rows = csv.DictReader(io.StringIO(csv_text(studied)))
    for row, (name, line) in zip(rows, studied.lines.items(), strict=True):
        assert row["name"] == name and int(row["collapsed"]) == sum(fallen(line))
        assert int(row["images_seen"]) == 900 * line.arm.student.epochs
        for key, values in line.record.mechanism.items():
            assert float(row[f"{key}_median"]) == pytest.approx(median(values), rel=1e-5)


def test_the_short_form_of_a_study(studied):
    header, *rows = from_markdown(readme_block(studied))
    columns = [[f"{name} 0-5, %", "collapsed", "difference"] for name in ("MNIST", "FashionMNIST")]
    assert header == ["student", "teacher", *columns[0], *columns[1]]
    for row, name in zip(rows, ("alone", "other", "far", "late", "wide"), strict=True):
        for place, dataset in enumerate(TITLES):
            cells = row[2 + 3 * place : 5 + 3 * place]
            line = studied.lines.get(f"{dataset}-{name}")
            if line is None:
                assert cells == [DASH] * 3
                continue
            assert row[0] == line.arm.label
            values = percents(line, "final")
            compared = [x for x in studied.differences if x.comparison.arm == f"{dataset}-{name}"]
            text = with_interval(compared[0].gain["final"]) if compared else DASH
            if compared and compared[0].comparison.family:
                text += f", p = {compared[0].gain['final'].p_holm:.3f}"
            assert cells == [spread(values), f"{sum(fallen(line))}/{len(values)}", text]


def test_how_many_gains_stand(studied):
    gains = [x.gain["final"] for x in studied.differences if x.comparison.family]
    firm = [gain for gain in gains if gain.p_holm < 0.05]
    above = sum(gain.mean > 0 for gain in firm)
    assert (above, len(firm), len(gains)) == (2, 3, 5)
    text = " ".join(introduction(studied))
    assert (
        f"Differences (taught): {above} of {len(gains)} above 0 and {len(firm) - above} below "
        f"with a corrected p under 0.05, {len(gains) - len(firm)} undecided."
    ) in text
    assert "Not run yet: fashion_mnist-wide." in text and "Published" not in text
    assert text.startswith(
        "Nothing is compared. Shots: 5000. Seeds: 3 to 5 for each kind of student. Epochs: 30 to 40"
    )


def test_two_lines_of_one_label_have_rows_of_their_own():
    arms = [distinct.arm(name, "same", "mnist", "0-5", 3) for name in "ab"]
    asked = distinct.Experiment("e", "E", "About.", tuple(arms))
    records = {
        one.name: distinct.record(one, {key: [right] for key in COLUMNS})
        for one, right in zip(arms, (90, 180), strict=True)
    }
    assert [row[-2] for row in compact(summarise(asked, records)).cells] == ["10.00", "20.00"]
