"""The report of what a store was asked for."""

from __future__ import annotations

from pathlib import Path

from jqkd._checks import check_path, fail
from jqkd.common.outputs import check_out_folder
from jqkd.experiments.analysis import machines, records
from jqkd.experiments.asked import Asked, asked, experiment_of, names_in, source_of
from jqkd.experiments.jobs import Datasets
from jqkd.experiments.model import Experiment
from jqkd.experiments.store import Store
from jqkd.report.document import write_report
from jqkd.report.figures import draw_all
from jqkd.report.summary import Summary, summarise

# Contrasts that a paragraph holds.
_MOST_PAIRS = 30


def report_experiment(
    name: str | Experiment,
    out: str | Path = "runs",
    *,
    to: str | Path | None = None,
    pictures: bool = True,
    data_dir: str | Path | None = None,
) -> list[Path]:
    """Write the report of an experiment of a store: Markdown, CSV, LaTeX, HTML and pictures.

    Args:
        name: of the catalogue, with options, or a TOML file; or an experiment itself.
        out: the store's folder.
        to: where the report goes, by default a folder of its name in ``reports/`` of the store.
        pictures: whether there are any.
        data_dir: TFDS's data folder, for pictures of images.

    Returns:
        The files.

    Raises:
        InputError: no such store, nothing asked of it by that name, or no finished arm.

    Example:
        >>> import tempfile
        >>> from jqkd import run_experiment
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     arms = run_experiment("demo:epochs=1", folder, seeds=2, arms=["*-alone"])
        ...     files = report_experiment("demo:epochs=1", folder, pictures=False)
        >>> files[0].name
        'report.md'
    """
    store = Store.open(check_path("out", out))
    one = known_name(name, store)
    summary = summary_of(one, store)
    if not summary.lines:
        fail("out", "hold at least one finished arm", f"{store.root} without any")
    folder = store.root / "reports" / one if to is None else check_out_folder("to", Path(to))
    drawn = draw_all(summary, folder, Datasets(data_dir).__getitem__) if pictures else []
    return write_report(summary, folder, drawn)


def known_name(name: str | Experiment, store: Store) -> str:
    """The name under which a store was asked for an experiment, or for the text of one.

    Raises:
        InputError: no such experiment.
    """
    if isinstance(name, str) and name in names_in(store):
        return name
    return experiment_of(source_of(name, store, yes=True)).name


def summary_of(name: str, store: Store) -> Summary:
    """What a store says of the arms that it was asked for.

    Raises:
        InputError: it was not asked for that experiment.
    """
    asking = asked(store, name)
    experiment = asking.experiment().select(asking.arms)
    declared = _declared(name, asking, store)
    return summarise(experiment, records(experiment, store), machines(store)[0], declared)


def _declared(name: str, asking: Asked, store: Store) -> str:
    """What was written down beforehand, and when; of the catalogue nothing: it is in the code."""
    if "\n" not in asking.source:
        return ""
    entries = [entry for entry in store.times() if entry.get("asked") == name]
    times = [entry["time"] for entry in entries if entry.get("sha256") == asking.digest]
    others = len({entry.get("sha256") for entry in entries} - {asking.digest})
    when = f", first asked for on {times[0]}" if times else ""
    texts = "text was" if others == 1 else "texts were"
    when += f"; under this name {others} other {texts} asked for" if others else ""
    experiment = asking.experiment()
    pairs = [
        f"{c.arm} − {c.baseline}{f' ({c.family})' if c.family else ''}"
        for c in experiment.comparisons
    ]
    if len(pairs) > _MOST_PAIRS:
        pairs[_MOST_PAIRS:] = [f"{len(pairs) - _MOST_PAIRS} more"]
    return (
        f"Written down before the run: the experiment's text, SHA-256 {asking.digest}{when}; "
        f"seeds 0 to {asking.seeds - 1}; protocol {experiment.protocol}; contrasts (in brackets "
        f"their family): {', '.join(pairs) or 'none'}."
    )
