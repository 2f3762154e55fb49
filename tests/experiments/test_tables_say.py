"""Tables, read back from Markdown, CSV, LaTeX and HTML: a cell is what its column is headed by."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from statistics import mean, median, stdev

import pytest

from jqkd.experiments import study_report
from jqkd.experiments.readme import with_share
from jqkd.experiments.render import html_table, latex, markdown
from jqkd.experiments.report import csv_text, introduction, readme_block, write_report
from jqkd.experiments.sheets import compact, sheets

from . import distinct

DASH = "–"
COLUMNS = {"best": "best on test", "picked": "picked on validation", "final": "last epoch"}
DATA = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}
TEACHERS = {"lenet": "LeNet", "alexnet": "AlexNet", "ensemble": "ensemble"}


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


def data_of(result) -> str:
    return f"{DATA[result.row.dataset]} {result.row.classes}"


def network_of(result) -> str:
    row = result.row
    if row.kind == "teacher":
        return f"{TEACHERS[row.teacher]} (teacher)"
    return f"{row.qubits} qubits, {TEACHERS.get(row.teacher, 'alone')}"


@pytest.fixture(scope="module", params=["paper-code", "robust"])
def made(request):
    """A summary, the protocol it goes by, and its sheets by key."""
    summary = distinct.summary(request.param)
    protocol = {"paper-code": "best", "robust": "final"}[request.param]
    return summary, protocol, {sheet.key: sheet for sheet in sheets(summary)}


def lines_of(sheet) -> list[dict[str, str]]:
    assert len(set(sheet.header)) == len(sheet.header)
    return [dict(zip(sheet.header, cells, strict=True)) for cells in sheet.cells]


def of_table(summary, table, *kinds):
    return [r for r in summary.rows if r.row.table == table and r.row.kind in kinds]


def test_accuracies(made):
    summary, protocol, found = made
    for table in (1, 2):
        sheet = found[f"accuracy-{table}"]
        results = of_table(summary, table, "student", "teacher", "distilled")
        for line, result in zip(lines_of(sheet), results, strict=True):
            values = result.accuracy[protocol]
            below = sum(value < result.row.accuracy for value in values)
            expected = {
                "data": data_of(result),
                "network": network_of(result),
                "paper": f"{result.row.accuracy:.2f}",
                **{COLUMNS[p]: spread(v) for p, v in result.accuracy.items()},
                "range": f"{min(values):.2f} to {max(values):.2f}",
                "verdict": result.verdict,
                "runs": str(len(values)),
                "collapsed": str(sum(v <= 100 / result.num_classes + 2 for v in values)),
                "below the paper's": f"{below} of {len(values)}",
            }
            assert line == expected
        # The protocol that verdicts go by stands beside the published number.
        assert sheet.header[3] == COLUMNS[protocol]
        assert sheet.title == f"The paper's table {table}: accuracy"


def test_gains(made):
    summary, protocol, found = made
    second = {"best": "picked", "final": "picked"}[protocol]
    for table in (1, 2):
        sheet = found[f"gain-{table}"]
        results = of_table(summary, table, "distilled")
        for line, result in zip(lines_of(sheet), results, strict=True):
            gain, other = result.gain[protocol], result.gain[second]
            low, high = result.gain_interval
            note = " (a)" if protocol == "best" and result.row.term == "kl * 0" else ""
            assert line == {
                "data": data_of(result),
                "network": network_of(result) + note,
                "paper": "0.00" if result.row.gain == 0 else plus(result.row.gain),
                f"{COLUMNS[protocol]} [95 %]": with_interval(gain),
                "p": p_of(gain.p),
                "p (Holm)": p_of(gain.p_holm),
                "verdict": result.gain_verdict,
                "gain of one run, 95 %": f"{plus(low)} to {plus(high)}",
                f"{COLUMNS[second]} [95 %]": with_interval(other),
                "its p (Holm)": p_of(other.p_holm),
            }


def test_heads(made):
    summary, protocol, found = made
    matched = [r for r in summary.rows if r.matched is not None]
    assert ("heads-2" in found) == bool(matched) and "heads-1" not in found
    if not matched:
        return
    (line,), (result,) = lines_of(found["heads-2"]), matched
    pairs = zip(result.matched[protocol], result.alone[protocol], strict=True)
    head = [after - before for after, before in pairs]
    assert line["as the notebooks run it [95 %]"] == with_interval(result.gain[protocol])
    assert line["of that, distillation"] == with_interval(result.gain_matched[protocol])
    assert line["of that, the head"].split(" ")[0] == plus(mean(head))
    assert line["p (Holm)"] == p_of(result.gain_matched[protocol].p_holm)


def test_means(made):
    summary, protocol, found = made
    one_head = "one head, " if protocol == "best" else None
    for line, means in zip(lines_of(found["mean-gain"]), summary.means, strict=True):
        assert line["table"] == str(means.table)
        assert line["paper's text"] == plus(means.stated)
        assert line["paper's rows"] == plus(means.of_rows)
        for name in (protocol, "picked"):
            assert line[f"{COLUMNS[name]} [95 %]"] == with_interval(means.ours[name])
            if one_head:
                assert line[one_head + COLUMNS[name]] == with_interval(means.ours_matched[name])
        assert len(line) == (7 if one_head else 5)


def test_the_short_form(made):
    summary, protocol, _ = made
    distilled = [r for r in summary.rows if r.row.kind == "distilled"]
    published = {
        (row.dataset, row.classes, row.qubits): row.accuracy
        for row in distinct.ROWS
        if row.kind == "student"
    }
    for line, result in zip(lines_of(compact(summary)), distilled, strict=True):
        row, gain = result.row, result.gain[protocol]
        expected = {
            "data": data_of(result),
            "student": f"{row.qubits} qubits",
            "alone: paper": f"{published[row.dataset, row.classes, row.qubits]:.2f}",
            "alone: ours": spread(result.alone[protocol]),
            "teacher": TEACHERS[row.teacher],
            "distilled: paper": f"{row.accuracy:.2f}",
            "distilled: ours": spread(result.accuracy[protocol]),
            "gain: paper": plus(row.gain),
            "gain: ours [95 %]": with_interval(gain),
            "verdict on gain": result.gain_verdict,
        }
        if protocol == "best":
            mine = result.gain_matched[protocol].mean
            expected["gain, one head"] = plus(mine) if result.matched else DASH
        assert line == expected


def test_the_introduction_counts_the_verdicts(made):
    summary, protocol, _ = made
    text = " ".join(introduction(summary))
    for words, verdicts in (
        ("accuracies", [r.verdict for r in summary.rows]),
        ("gains", [r.gain_verdict for r in summary.rows if r.gain_verdict]),
    ):
        order = [w for w in distinct.VERDICTS if w in verdicts]
        counts = ", ".join(f"{verdicts.count(word)} {word}" for word in order)
        assert f"Published {words}: {counts}." in text
    assert "Rows without a run yet: a-row-without-runs." in text and "Made on: a machine." in text
    sizes = [len(r.seeds) for r in summary.rows if r.row.kind != "teacher"]
    assert f"Seeds: {min(sizes)} to {max(sizes)} for each kind of student." in text
    when = {"best": "at the epoch that is best on the test images", "final": "after the last epoch"}
    assert f"Accuracies are read {when[protocol]}" in text


def test_csv_has_the_numbers_of_every_row(made):
    summary, protocol, _ = made
    rows = list(csv.DictReader(io.StringIO(csv_text(summary))))
    for line, result in zip(rows, summary.rows, strict=True):
        row = result.row
        assert (line["row"], line["table"], line["kind"]) == (row.name, str(row.table), row.kind)
        assert float(line["published_accuracy"]) == row.accuracy
        assert line["verdict"] == result.verdict and line["protocol"] == protocol
        assert int(line["runs"]) == len(result.seeds)
        for name, values in result.accuracy.items():
            numbers = [mean(values), stdev(values), min(values), max(values)]
            written = [float(line[f"{name}_{k}"]) for k in ("mean", "sd", "low", "high")]
            assert written == pytest.approx(numbers, abs=6e-5)
        for kind in ("gain", "gain_matched"):
            for name, gain in getattr(result, kind).items():
                ends = ("", "_low", "_high", "_p", "_p_holm")
                written = [float(line[f"{kind}_{name}{end}"]) for end in ends]
                assert written == pytest.approx(
                    [gain.mean, *gain.interval, gain.p, gain.p_holm], abs=6e-7
                )
        if row.kind == "distilled":
            assert float(line["published_gain"]) == row.gain
            assert line["gain_verdict"] == result.gain_verdict


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
        words = ("table", "data", "network", "verdict")
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
    summary = distinct.summary()
    block = readme_block(summary)
    text = f"a\n<!-- x: begin -->\n{block}\n<!-- x: end -->\nb\n"
    assert with_share(text, "x", block) == text
    digits = [m.start() for m in re.finditer(r"\d", block)]
    for place in digits[:: len(digits) // 20]:
        other = str((int(block[place]) + 1) % 10)
        changed = text.replace(block, block[:place] + other + block[place + 1 :])
        assert changed != text and with_share(changed, "x", block) == text


# Studies.


@pytest.fixture(scope="module", params=[True, False], ids=["mechanism", "differences"])
def studied(request):
    study = distinct.study(request.param)
    return study, distinct.study_lines(study)


def mine(lines, dataset):
    return [line for line in lines if line.data.dataset == dataset]


def taught(line) -> str:
    return TEACHERS.get(line.variant.teacher, DASH)


def test_lines_of_a_study(studied):
    study, lines = studied
    found = {sheet.title: sheet for sheet in study_report.sheets(study, lines)}
    for dataset, name in DATA.items():
        sheet = found[f"{name} 0-5"]
        for cells, line in zip(lines_of(sheet), mine(lines, dataset), strict=True):
            gain = line.difference
            epochs = line.config.epochs
            assert cells == {
                "student": line.variant.label,
                "teacher": taught(line),
                "seeds": str(len(line.seeds)),
                **{COLUMNS[p]: spread(v) for p, v in line.accuracy.items()},
                "collapsed": str(sum(v <= 100 / 6 + 2 for v in line.accuracy["final"])),
                "difference": with_interval(gain) if gain else DASH,
                "p": p_of(gain.p_holm if gain else None),
                "epochs": str(epochs),
                "images seen": f"{epochs * 900:,}",
            }
        assert sheet.header[3:6] == ["last epoch", "picked on validation", "best on test"]


def test_features_of_a_study(studied):
    study, lines = studied
    found = {sheet.title: sheet for sheet in study_report.sheets(study, lines)}
    names = {"feature": "size of f", "slope": "slope of theta", "sine": "size of sin theta"}
    names["dead"] = "dead units"
    short = lambda value: f"{value:.0f}" if value >= 10 else f"{value:.2g}"  # noqa: E731
    assert (len(found) == 4) == study.shows_mechanism
    if not study.shows_mechanism:
        return
    for dataset, name in DATA.items():
        expected = []
        for line in mine(lines, dataset):
            down = [v <= 100 / 6 + 2 for v in line.accuracy["final"]]
            for word, state in (("learned", False), ("collapsed", True)):
                rows = [i for i, fallen in enumerate(down) if fallen == state]
                if rows:
                    numbers = {
                        header: short(median(line.mechanism[key][i] for i in rows))
                        for key, header in names.items()
                    }
                    who = {"student": line.variant.label, "teacher": taught(line)}
                    expected.append(who | {"seeds": f"{len(rows)} {word}"} | numbers)
        assert lines_of(found[f"{name} 0-5: where the features go"]) == expected


def test_csv_of_a_study(studied):
    _, lines = studied
    written = csv.DictReader(io.StringIO(study_report.csv_text(lines)))
    for row, line in zip(written, lines, strict=True):
        assert row["variant"] == line.variant.name and row["dataset"] == line.data.dataset
        assert row["teacher"] == (line.variant.teacher or "")
        assert int(row["images_seen"]) == 900 * line.config.epochs
        for name, values in line.accuracy.items():
            numbers = [mean(values), stdev(values), min(values), max(values)]
            shown = [float(row[f"{name}_{k}"]) for k in ("mean", "sd", "low", "high")]
            assert shown == pytest.approx(numbers, abs=6e-5)
        gain = line.difference
        assert row["against"] == ("alone" if gain else "")
        if gain:
            keys = ["difference", "difference_low", "difference_high", "difference_p"]
            assert [float(row[k]) for k in keys] == pytest.approx(
                [gain.mean, *gain.interval, gain.p], abs=6e-7
            )
            p_holm = "" if gain.p_holm is None else f"{gain.p_holm:.3f}"
            assert row["difference_p_holm"].ljust(len(p_holm), "0") == p_holm
        for name, values in line.mechanism.items():
            assert float(row[f"{name}_median"]) == pytest.approx(median(values), rel=1e-5)


def test_the_short_form_of_a_study(studied):
    study, lines = studied
    header, *rows = from_markdown(study_report.readme_block(study, lines))
    columns = [[f"{name} 0-5, %", "collapsed", "difference"] for name in DATA.values()]
    assert header == ["student", "teacher", *columns[0], *columns[1]]
    for row, variant in zip(rows, study.variants, strict=True):
        assert row[0] == variant.label
        for place, dataset in enumerate(DATA):
            cells = row[2 + 3 * place : 5 + 3 * place]
            found = [line for line in mine(lines, dataset) if line.variant == variant]
            if not found:
                assert cells == [DASH] * 3
                continue
            (line,) = found
            values, gain = line.accuracy["final"], line.difference
            down = sum(v <= 100 / 6 + 2 for v in values)
            text = with_interval(gain) if gain else DASH
            text += f", p = {gain.p_holm:.3f}" if gain and gain.p_holm is not None else ""
            assert cells == [spread(values), f"{down}/{len(values)}", text]


def test_the_verdict_on_a_studys_gains(studied):
    study, lines = studied
    gains = [line.difference for line in lines if line.variant.teacher]
    firm = [gain for gain in gains if gain.p_holm < 0.05]
    above = sum(gain.mean > 0 for gain in firm)
    assert (above, len(firm), len(gains)) == (2, 3, 5)
    text = " ".join(study_report.introduction(study, lines))
    assert (
        f"Of {len(gains)} gains, {above} are above 0 and {len(firm) - above} below with a "
        f"corrected p under 0.05; {len(gains) - len(firm)} are undecided."
    ) in text
    assert "Not run yet: wide on FashionMNIST 0-5." in text
    assert text.startswith("Nothing is compared. 3 to 5 seeds a line; mean ± standard deviation")
