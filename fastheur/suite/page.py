"""The suite's page: figures, the curve against frames, and a row per game."""

from dataclasses import dataclass
from pathlib import Path

from fastheur.report.folders import ReportFolder
from fastheur.report.pages import ASSETS, asset, page
from fastheur.report.scales import short
from fastheur.report.wording import seconds
from fastheur.suite.chart import chart
from fastheur.suite.figures import Figure, Game, Standing
from fastheur.suite.filming import film_of
from fastheur.tasks import atari_table, human_normalised


@dataclass(frozen=True)
class Row:
    """A game as the table shows it; scores, and their human-normalised values. Unknown is None."""

    game: str
    random: float
    human: float
    weng: float | None
    ppo: float | None
    bbf: float | None
    best: float | None
    best_hns: float | None
    sealed: float | None
    sealed_hns: float | None
    episodes: int
    frames: int | None
    trials: int | None
    wall_s: float | None
    tokens: int | None


def rows_of(standing: Standing) -> list[Row]:
    """Return a row per game, in order."""
    return [_row(game, standing.suite.budget) for game in standing.games]


def _row(game: Game, budget: int) -> Row:
    published, record = atari_table()[game.env_id], game.record
    best, read = (record.best_at(budget), record.read_at(budget)) if record else (None, None)
    sealed = sum(read.returns) / len(read.returns) if read and read.returns else None
    return Row(
        game=game.task.rpartition("/")[2],
        random=float(published["random"]),
        human=float(published["human"]),
        weng=_published(published["weng_best_single_run_20M"]),
        ppo=_published(published["ppo_sticky_1M_frames"]),
        bbf=_published(published["bbf_sticky_800k_frames"]),
        best=best.score if best else None,
        best_hns=human_normalised(game.env_id, best.score) if best else None,
        sealed=sealed,
        sealed_hns=None if sealed is None else human_normalised(game.env_id, sealed),
        episodes=len(read.returns) if read else 0,
        frames=record.env_steps if record else None,
        trials=record.trials if record else None,
        wall_s=record.wall_s if record else None,
        tokens=record.tokens if record else None,
    )


def _published(text: str) -> float | None:
    return float(text) if text else None


def _films(standing: Standing, folder: ReportFolder) -> list[tuple[str, float, str]]:
    """Take the films over into the page's folder; return game, sealed HNS and address of each."""
    found = []
    for game in standing.shipped:
        film = game.record and film_of(game.record, folder.path)
        hns = game.sealed_hns(standing.suite.budget)
        if film and film.exists() and hns is not None:
            path = folder.path / "films" / film.name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(film.read_bytes())
            folder.add(path)
            found.append((game.task.rpartition("/")[2], float(hns.mean()), f"films/{film.name}"))
    return found


def write_page(standing: Standing, out: Path) -> Path:
    """Write the report of a suite into the folder ``out`` and return its page.

    Raises:
        ConfigError: ``out`` holds something that is no report. OSError: it cannot be written.
    """
    folder = ReportFolder(out)
    folder.begin()
    for name in ASSETS:
        folder.write(name, asset(name))
    budget = standing.suite.budget
    content = page(
        "suite.html", "",
        title=f"{standing.suite.name} at {short(budget)} frames",
        standing=standing,
        reference=standing.reference_at(budget),
        sealed=standing.sealed_at(budget),
        figures=[(standing.reference_at(one.env_steps), one) for one in standing.sealed],
        chart=chart(standing),
        rows=rows_of(standing),
        films=_films(standing, folder),
        sealed_cost=sealed_cost(standing),
    )  # fmt: skip
    folder.write("index.html", content)
    folder.finish()
    return folder.path / "index.html"


def sealed_cost(standing: Standing) -> str:
    """Return what the sealed reads of all games took, as the beginning of a sentence."""
    records = [game.record for game in standing.shipped if game.record]
    timed = [one for one in records if one.sealed_wall_s]
    steps, took = sum(one.sealed_steps for one in timed), sum(one.sealed_wall_s or 0.0 for one in timed)
    speed = f" in {seconds(took)} of stepping, {steps / took:,.0f} a second" if timed else ""
    return f"{sum(one.sealed_steps for one in records):,} frames{speed}"


def line(figure: Figure, games: int) -> str:
    """Return a figure in one line."""
    low, high = figure.interval
    return (
        f"median {figure.median:.3f} ({low:.3f} .. {high:.3f}), IQM {figure.iqm:.3f}, mean {figure.mean:.2f}; "
        f"{figure.human} of {games} games at or above human, {figure.low} below 0.05"
    )
