"""Medians, ratios with their noise, and the printed table."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Series:
    """Seconds of the rounds, by side. All sides run in each round."""

    rounds: dict = field(default_factory=dict)

    def ratio(self, side, other):
        """How many times as fast `side` is as `other`: median, least, most."""
        pairs = zip(self.rounds[other], self.rounds[side])
        ratios = sorted(theirs / ours for theirs, ours in pairs)
        return Figure(median(ratios), ratios[0], ratios[-1])

    def rate(self, side, count):
        return count / median(self.rounds[side])


def interleaved(rounds, sides):
    """Runs all sides once in each round, forwards and backwards in turn, after
    one round that does not count. `sides`: name to function that returns
    seconds."""
    names = list(sides)
    series = Series({name: [] for name in names})
    for number in range(rounds + 1):
        for name in names if number % 2 else reversed(names):
            seconds = sides[name]()
            if number:
                series.rounds[name].append(seconds)
    return series


@dataclass
class Figure:
    value: float
    least: float = None
    most: float = None

    def text(self, digits=3):
        if self.least is None:
            whole = abs(self.value) >= 100
            return f"{self.value:,.0f}" if whole else f"{self.value:.2f}"
        return f"{self.value:.{digits}f} ({self.least:.2f} to {self.most:.2f})"


class Table:
    HEAD = ["figure", "measured", "target", ""]

    def __init__(self):
        self.rows = []
        self.missed = 0

    def row(self, name, figure, at_least=None, at_most=None, note=""):
        target, verdict = "", ""
        if at_least is not None:
            target, met = f">= {at_least:,}", figure.value >= at_least
        elif at_most is not None:
            target, met = f"<= {at_most:,}", figure.value <= at_most
        if target:
            verdict = "met" if met else "NOT MET"
            self.missed += not met
        self.rows.append([name, figure.text() + note, target, verdict])
        print(f"  {name}: {self.rows[-1][1]}", flush=True)

    def left_out(self, name, why):
        self.rows.append([name, f"left out: {why}", "", ""])
        print(f"  {name}: left out: {why}", flush=True)

    def __str__(self):
        rows = [self.HEAD, *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |" for row in rows]
        lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
        return "\n".join(lines)
