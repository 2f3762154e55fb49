"""From right answers made up here to the report, against the same arithmetic done by hand."""

from __future__ import annotations

import csv
import io
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import jqkd
from jqkd._checks import InputError
from jqkd.data import load
from jqkd.experiments.model import PROTOCOLS, Comparison, Contrast, Experiment
from jqkd.report import text
from jqkd.report.compact import compact
from jqkd.report.document import readme_block, share, write_report
from jqkd.report.figures import FORMATS, digest_of, draw_all, picture_digest, sample_images
from jqkd.report.introduction import introduction
from jqkd.report.readme import markers, update_share, with_share
from jqkd.report.sheets import sheets
from jqkd.report.summary import summarise

from . import distinct
from .distinct import arm

ROOT = Path(jqkd.__file__).parents[1]
SEEDS = 10
PICTURES = ["images", "circuits", "losses", "accuracies", "gains"]
DIGITS = load("digits")
SHOWN = (
    arm("m5-alone", "3 qubits, alone", "mnist", "0-5", 3, None, 96.56),
    arm("m5-teacher", "AlexNet (teacher)", "mnist", "0-5", None, "alexnet", 99.72),
    arm("m5-lenet", "3 qubits, LeNet", "mnist", "0-5", 3, "lenet", 97.89),
    arm("m5-nothing", "3 qubits, AlexNet", "mnist", "0-5", 3, "alexnet", 93.0),
    arm("f5-alone", "3 qubits, alone", "fashion_mnist", "0-5", 3, None, 65.0),
    arm("f5-lenet", "3 qubits, LeNet", "fashion_mnist", "0-5", 3, "lenet", 77.0, shots=9),
    arm("f5-matched", "3 qubits, alone", "fashion_mnist", "0-5", 3, hidden=True, shots=9),
)
COMPARISONS = (
    Comparison("m5-lenet", "m5-alone", "gain", 1.33, "gain"),
    Comparison("m5-nothing", "m5-alone", "gain", 0.0, "gain"),
    Comparison("f5-lenet", "f5-alone", "gain", 12.0, "gain"),
    Comparison("f5-lenet", "f5-matched", "one head", family="one head"),
)


def no_data(name):
    raise InputError("no data")


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def right(name: str, seed: int) -> int:
    """Images a seed gets right: easy to redo by hand. Seed 9 of FashionMNIST collapses."""
    if name == "m5-teacher":
        return 891
    if name.startswith("f5") and seed == 9:
        return 150
    base = {"m5": 855, "f5": 630}[name[:2]]
    readout = 20 if name in ("f5-matched", "f5-lenet") else 0
    return base + readout + (9 + seed % 2 if name.endswith("lenet") else 0) + 2 * seed


def experiment(**more) -> Experiment:
    terms = (0.5, "m5-lenet", "m5-alone"), (0.5, "m5-nothing", "m5-alone")
    contrasts = (Contrast("MNIST", terms, "", 0.8, 0.67),)
    asked = {"protocol": "best", "contrasts": contrasts, "published_epochs": 10} | more
    return Experiment("tables", "Tables", "About them.", SHOWN, COMPARISONS, **asked)


def records(asked: Experiment, seeds: int = SEEDS, final: int = 0) -> dict:
    """All right answers the same by every protocol, but for ``final``."""
    made = {}
    for one in asked.arms:
        several = range(1 if one.is_teacher else seeds)
        answers = {p: [right(one.name, seed) for seed in several] for p in PROTOCOLS}
        answers["final"] = [n + final for n in answers["final"]]
        taught = (
            {one.teacher.arch: 1 if one.teacher.arch == "alexnet" else 10} if one.teacher else {}
        )
        made[one.name] = distinct.record(one, answers, teacher_epochs=taught)
    return made


@pytest.fixture(scope="module")
def summary():
    asked = experiment()
    return summarise(asked, records(asked), ["2 CPU cores"])


def difference(summary, *pair):
    return next(x for x in summary.differences if (x.comparison.arm, x.comparison.baseline) == pair)


def test_a_gain_is_paired(summary):
    gain = difference(summary, "m5-lenet", "m5-alone").gain["best"]
    assert gain.values == pytest.approx([100 * (9 + seed % 2) / 900 for seed in range(SEEDS)])
    assert gain.mean == pytest.approx(100 * 9.5 / 900)
    assert gain.p == 2 / 2**SEEDS
    # Three gains: one is nothing, two have small p. Three times the smallest, Holm's first step.
    assert gain.p_holm == pytest.approx(3 * 2 / 2**SEEDS)
    low, high = gain.interval
    assert 100 * 9 / 900 < low < gain.mean < high < 100 * 10 / 900


def test_equal_runs_gain_nothing(summary):
    gain = difference(summary, "m5-nothing", "m5-alone").gain["best"]
    assert set(gain.values) == {0.0}
    assert (gain.interval, gain.p, gain.p_holm) == ((0.0, 0.0), 1.0, 1.0)


def test_a_gain_splits_into_readout_and_distillation(summary):
    pairs = (("f5-lenet", "f5-alone"), ("f5-lenet", "f5-matched"))
    shares = [difference(summary, *pair).gain["best"].mean for pair in pairs]
    by_hand = np.array([9 * 20 + 9 * 9 + 4, 9 * 9 + 4]) / SEEDS * 100 / 900
    assert shares == pytest.approx(by_hand)


def test_collapse_and_place_of_the_published_number(summary):
    found = summary.lines["f5-alone"]
    assert sum(found.fallen) == 1 and found.fallen[9]
    # 65.00 is below all seeds but the collapsed one.
    assert found.below == 1
    assert not any(summary.lines["m5-alone"].fallen)


def test_contrasts(summary):
    ((asked, gains),) = summary.contrasts
    assert (asked.published, asked.published_rows) == (0.8, 0.67)
    # One gain, and one that is nothing.
    assert gains["best"].mean == pytest.approx(100 * 9.5 / 900 / 2)
    asked = experiment()
    known = records(asked)
    known.pop("m5-nothing")
    assert summarise(asked, known).contrasts == []


def test_undertrained_teachers_are_marked_and_not_judged(summary):
    teacher = summary.lines["m5-teacher"]
    assert (teacher.verdict, teacher.epochs_differ) == ("undecidable", True)
    assert not summary.lines["m5-lenet"].epochs_differ
    known = records(experiment(), 10)
    ten = {"m5-teacher": distinct.record(SHOWN[1], dict.fromkeys(PROTOCOLS, [900] * 6))}
    assert summarise(experiment(), known | ten).lines["m5-teacher"].verdict == "higher"
    notes = " ".join(note for sheet in sheets(summary) for note in sheet.notes)
    assert re.search(
        r"† Epochs of .* for the published 10: 1 for \w+\. Such a teacher's own", notes
    )
    marked = [cells[0] for cells in sheets(summary)[0].cells if cells[0].endswith("†")]
    assert marked == ["AlexNet (teacher)†", "3 qubits, AlexNet†"]
    unknown = summarise(experiment(published_epochs=None), known)
    assert not any("†" in note for sheet in sheets(unknown) for note in sheet.notes)


def test_a_misprinted_gain_is_said(summary):
    notes = [note for sheet in sheets(summary) for note in sheet.notes]
    (note,) = [note for note in notes if "by the published accuracies" in note]
    assert "3 qubits, AlexNet is published as 0.00; " in note and note.endswith("it is −3.56.")


def test_every_published_number_has_a_verdict(summary):
    published = [line for line in summary.lines.values() if line.arm.published is not None]
    assert len(published) == 6 and all(line.verdict for line in published)
    assert [x.verdict is not None for x in summary.differences] == [True] * 3 + [False]


def test_arms_without_runs_are_named():
    asked = experiment()
    known = records(asked)
    assert summarise(asked, {}).missing == [one.name for one in SHOWN]
    del known["f5-matched"], known["f5-alone"]
    made = summarise(asked, known)
    assert made.missing == ["f5-alone", "f5-matched"]
    assert [one.comparison for one in made.differences] == list(COMPARISONS[:2])
    assert "Not run yet: f5-alone, f5-matched." in introduction(made)


def test_report_files(summary, tmp_path):
    write_report(summary, tmp_path, [])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "comparisons.csv").read_text())))
    assert len(rows) == 4
    assert float(rows[0]["best"]) == pytest.approx(100 * 9.5 / 900, abs=1e-5)
    assert rows[0]["published"] == "1.33"
    tex = (tmp_path / "report.tex").read_text()
    assert r"& \shortstack[r]{picked on\\validation} &" in tex
    assert tex.count(r"\begin{tabular}") == tex.count(r"\end{tabular}") == 6
    assert not re.search(r"[±−–†]", tex)
    page = (tmp_path / "report.html").read_text()
    assert page.count("<table>") == 6
    assert not re.search(r'(src|href)="(?!data:)', page)
    report = (tmp_path / "report.md").read_text()
    assert report.startswith("# Tables\n\nAbout them. Shots: ")
    published = [one.published for one in SHOWN if one.published is not None]
    assert all(f"| {number:.2f} |" in report for number in published)


def test_pictures(summary, tmp_path):
    drawn = draw_all(summary, tmp_path, lambda name: DIGITS)
    assert [path.stem for path, _ in drawn] == PICTURES
    for path, caption in drawn:
        assert digest_of(path) == picture_digest(path.stem, summary)
        assert all(path.with_suffix(f".{ending}").stat().st_size > 1000 for ending in FORMATS)
        assert caption.endswith(".")
    write_report(summary, tmp_path, drawn)
    page, report = ((tmp_path / f"report.{ending}").read_text() for ending in ("html", "md"))
    assert page.count("data:image/png;base64") == 5
    assert [f"*Figure {n}. {drawn[n - 1][1]}*" in report for n in range(1, 6)] == [True] * 5


def test_sample_images_stay_where_the_data_cannot_be_had(summary, tmp_path):
    def not_mnist(name):
        return no_data(name) if name == "mnist" else DIGITS

    some = sample_images(summary, tmp_path / "images", not_mnist)
    assert some[0][1].endswith(" Not at hand here: MNIST 0-5.")
    reports = []
    for datasets in (lambda name: DIGITS, no_data, not_mnist):
        write_report(summary, tmp_path, sample_images(summary, tmp_path / "images", datasets))
        reports.append(contents(tmp_path))
    assert reports[0] == reports[1] == reports[2]
    assert sample_images(summary, tmp_path / "new" / "images", no_data) == []


def test_images_of_a_data_set_of_features_are_not_drawn(summary, tmp_path):
    table = SimpleNamespace(name="digits", train_images=np.zeros((9, 4)))
    assert sample_images(summary, tmp_path / "images", lambda name: table) == []


_AGAIN = """
import pickle, sys
from pathlib import Path
from jqkd.data import load
from jqkd.report.document import write_report
from jqkd.report.figures import draw_all
summary, folder = pickle.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2])
write_report(summary, folder, draw_all(summary, folder, lambda name: load("digits")))
"""


def test_two_reports_are_the_same_bytes(summary, tmp_path):
    """In processes that hash differently, on machines with other settings of Matplotlib."""
    (tmp_path / "matplotlibrc").write_text("font.size: 15\nsvg.fonttype: none\n")
    (tmp_path / "summary").write_bytes(pickle.dumps(summary))
    reports = []
    for seed, more in (("1", {}), ("2", {"MATPLOTLIBRC": str(tmp_path), "TZ": "Asia/Tokyo"})):
        environment = os.environ | {"PYTHONHASHSEED": seed} | more
        run = [sys.executable, "-c", _AGAIN, tmp_path / "summary", tmp_path / seed]
        subprocess.run(run, env=environment, cwd=ROOT, check=True, capture_output=True)
        reports.append(contents(tmp_path / seed))
    assert len(reports[0]) == 5 + len(PICTURES) * len(FORMATS)
    assert [name for name in reports[0] if reports[0][name] != reports[1][name]] == []


def test_another_number_is_another_digest(summary):
    line = summary.lines["f5-lenet"]
    fewer = {**line.record.right, "final": [0] * SEEDS}
    changed = replace(line, record=replace(line.record, right=fewer))
    other = replace(summary, lines=summary.lines | {"f5-lenet": changed})
    assert other.digest() != summary.digest()
    # What a table shows beside it is in the digest too.
    published = replace(COMPARISONS[0], published=1.34)
    asked = replace(summary.experiment, comparisons=(published, *COMPARISONS[1:]))
    assert replace(summary, experiment=asked).digest() != summary.digest()


def test_the_protocol_that_comes_first(summary):
    """The last epoch is made 10 points worse for all, and comes first: all numbers follow it."""
    asked = experiment(protocol="final", published_protocol="best")
    last = summarise(asked, records(asked, final=-90))
    before, now = summary.lines["m5-alone"], last.lines["m5-alone"]
    assert now.interval == pytest.approx([end - 10 for end in before.interval])
    # Published 96.56, ours 95.00 to 97.00: inside; 10 less: below it.
    assert (before.verdict, now.verdict) == ("reproduced", "lower")
    # 869 of 900 are 96.56 as it is printed: not below.
    assert (before.below, now.below) == (7, SEEDS)
    sheet = sheets(last)[0]
    shown = dict(zip(sheet.header, sheet.cells[0], strict=True))
    assert sheet.header[2] == "last epoch"
    values = 95 + np.arange(SEEDS) * 2 / 9 - 10
    assert shown["last epoch"] == f"{values.mean():.2f} ± {values.std(ddof=1):.2f}"
    assert shown["best on test"] == f"{values.mean() + 10:.2f} ± {values.std(ddof=1):.2f}"
    assert shown["below the published"] == "10 of 10"
    assert "read after the last epoch. " in introduction(last)[0]
    short = compact(last)
    assert short.cells[0][short.header.index("alone: ours")] == shown["last epoch"]
    by_best = summarise(replace(asked, protocol="best"), records(asked, final=-90))
    assert picture_digest("gains", last) != picture_digest("gains", by_best)


def test_what_is_not_there_has_no_column(summary):
    """No second comparison, nothing published, one run, one group: nobody reads of them."""
    arms = [replace(one, published=None) for one in (SHOWN[0], SHOWN[2])]
    compared = (replace(COMPARISONS[0], published=None, family=""),)
    asked = Experiment("e", "E", "About.", tuple(arms), compared)
    made = summarise(asked, records(asked, seeds=1))
    accuracies, gains = sheets(made)
    assert accuracies.header == [
        *("student", "last epoch", "best on test", "picked on validation"),
        *("runs", "collapsed", "epochs", "images seen"),
    ]
    assert gains.header == [
        *("student", "against", "gain, last epoch [95 %]", "picked on validation [95 %]", "seeds"),
    ]
    words = " ".join([*introduction(made), *(n for s in (*sheets(made), compact(made))
                                             for n in s.notes)])  # fmt: skip
    assert not re.search("ublished|notebook|one head|Holm|sign-flip", words)
    assert [one.key for one in sheets(summary)] == [
        *("accuracy-1", "gain-1", "accuracy-2", "gain-2", "one-head-2", "contrasts"),
    ]


@pytest.mark.parametrize(
    ("seeds", "said"),
    [(3, "exact sign-flip test, .*; with 3 seeds p is at least 0.250."), (18, "random signs, cor")],
)
def test_how_p_was_made_is_said(seeds, said):
    asked = experiment()
    paragraph = introduction(summarise(asked, records(asked, seeds)))[1]
    assert re.search(said, paragraph)
    assert ("exact" in paragraph) == (seeds == 3)


def test_sampled_signs_are_not_called_exact():
    assert text.sign_flip_text(17, 3) == "exact sign-flip test"
    assert text.sign_flip_text(18, 20) == "sign-flip test with random signs"
    assert text.sign_flip_text(17, 18).endswith("random signs, exact for up to 17 seeds")


def test_a_teachers_name_is_its_own(monkeypatch, summary):
    monkeypatch.setattr(text, "TEACHERS", {"lenet": SimpleNamespace(label="the blue net")})
    assert text.teacher_name("lenet") == "the blue net"
    assert text.teacher_name("lenet:dropout_rate=0.3") == "the blue net (dropout_rate=0.3)"
    assert (text.teacher_name("a stranger"), text.teacher_name(None)) == ("a stranger", "–")
    # Labels that do not say who teaches have a column beside them.
    assert "10 for the blue net" in introduction(summary)[0]
    assert "teacher" in sheets(summary)[0].header


def test_teachers_of_one_kind_and_other_epochs_are_all_said():
    asked = experiment()
    known = records(asked)
    known["f5-lenet"] = replace(known["f5-lenet"], teacher_epochs={"lenet": 3})
    made = summarise(asked, known)
    assert f"3 to 10 for {text.teacher_name('lenet')} (" in introduction(made)[0]
    notes = " ".join(note for sheet in sheets(made) for note in sheet.notes)
    assert f"published 10: 3 for {text.teacher_name('lenet')}." in notes


def test_a_run_that_came_to_nothing_hides_no_other(tmp_path):
    """Files hold null where a number was NaN."""
    made = distinct.study()
    line = made.lines["mnist-far"]
    why = {name: [None, *values[1:]] for name, values in line.record.mechanism.items()}
    curves = {name: values.tolist() for name, values in line.record.curves.items()}
    curves["validation_loss"][0][1] = None
    broken = replace(line.record, mechanism=why, curves=curves)
    made = replace(made, lines=made.lines | {"mnist-far": replace(line, record=broken)})
    draw_all(made, tmp_path, no_data)
    write_report(made, tmp_path, [])
    assert "| 5 learned | nan | nan |" in (tmp_path / "report.md").read_text()


def test_only_networks_that_are_there_are_spoken_of():
    asked = experiment().select(("m5-lenet",))
    made = introduction(summarise(asked, records(asked, 2)))[0]
    assert "10 for " + text.teacher_name("lenet") in made
    assert not re.search("alexnet|ensemble", made, re.IGNORECASE)


def test_a_readme_is_brought_up_to_date(summary, tmp_path):
    begin, end = markers(share("tables"))
    assert begin == "<!-- experiment tables: begin -->"
    path = tmp_path / "README.md"
    path.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    update_share(path, share("tables"), readme_block(summary))
    readme = path.read_text()
    assert readme.startswith(f"before\n{begin}\n")
    assert readme.endswith(f"{end}\nafter\n")
    assert "old" not in readme
    assert readme_block(summary) in readme
    assert with_share(readme, share("tables"), readme_block(summary)) == readme
    with pytest.raises(InputError, match="lacks the lines <!-- experiment tables: begin -->"):
        with_share("nothing", share("tables"), "new")
    with pytest.raises(InputError, match=r"cannot be read \(No such file"):
        update_share(tmp_path / "none.md", share("tables"), "new")


def test_a_formats_letters_are_those_of_the_label(tmp_path):
    """A stranger's labels may hold what LaTeX, HTML and Markdown read as something else."""
    one = arm("a", "50 % & <b>_x|y", "mnist", "0-5", 3)
    asked = Experiment("e", "E", "About.", (one,))
    write_report(summarise(asked, {"a": distinct.record(one, {key: [9] for key in PROTOCOLS})}),
                 tmp_path, [])  # fmt: skip
    assert r"50 \% \& $<$b$>$\_x|y" in (tmp_path / "report.tex").read_text()
    assert "50&nbsp;% &amp; &lt;b&gt;_x|y" in (tmp_path / "report.html").read_text()
    assert r"| 50 % & <b>_x\|y |" in (tmp_path / "report.md").read_text()
