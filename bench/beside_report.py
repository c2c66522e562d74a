"""The arithmetic of `make bench` and its tables, as Markdown.

A figure is had once in each round from each door. Doors are compared within a round, where the machine
was the same for all of them; of these ratios, as of the figures, the median counts.
"""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Measure:
    key: str
    title: str
    digits: int = 1


@dataclasses.dataclass(frozen=True)
class Goal:
    """`door`'s figure at or below `limit`, or with `least` at or above it: its own, or as a ratio to
    that of `against`: a door, or several, of which the best of the round counts, in the same measure
    or in `of`."""
    measure: str
    limit: float
    against: tuple = ()
    least: bool = False
    door: str = "headgate"
    of: str = ""


def median(values):
    """Of those there are; None when there are none."""
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


class Section:
    """The figures of one section: of each measure and door one for each round."""

    def __init__(self, title, note, measures, goals=()):
        self.title, self.note, self.goals = title, note, list(goals)
        self.measures = {measure.key: measure for measure in measures}
        self.figures = {}

    def add(self, measure, door, turn, value):
        if measure not in self.measures:
            raise KeyError(measure)
        self.figures.setdefault(measure, {}).setdefault(door, {})[turn] = value

    def median(self, measure, door):
        return median(self.figures.get(measure, {}).get(door, {}).values())

    def ratio(self, goal):
        """The median of the rounds' ratios to the best of `against`; None without any."""
        others, ratios = self.figures.get(goal.of or goal.measure, {}), []
        for turn, value in self.figures.get(goal.measure, {}).get(goal.door, {}).items():
            there = [others[door][turn] for door in goal.against
                     if others.get(door, {}).get(turn) is not None]
            if value is not None and there:
                best = (max if goal.least else min)(there)
                ratios.append(value / best if best else None)
        return median(ratios)

    def reached(self, goal):
        """(what it came to, whether that keeps to the goal); (None, None) when not measured."""
        value = self.ratio(goal) if goal.against else self.median(goal.measure, goal.door)
        if value is None:
            return None, None
        return value, value >= goal.limit if goal.least else value <= goal.limit

    def doors(self):
        return list(dict.fromkeys(door for row in self.figures.values() for door in row))


def kept(sections):
    """How many targets were met, in a sentence."""
    said = [section.reached(goal)[1] for section in sections for goal in section.goals]
    said = [one for one in said if one is not None]
    return f"{sum(said)} of {len(said)} targets met." if said else ""


def number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def target(section, goal):
    """What is aimed at, and whether it was reached."""
    digits = 2 if goal.against else section.measures[goal.measure].digits
    said = f"{'≥' if goal.least else '≤'} {number(goal.limit, digits)}"
    return f"{said}, {'met' if section.reached(goal)[1] else '**missed**'}"


def figures_table(section, titles):
    """With the targets that are of a figure alone."""
    doors = section.doors()
    alone = {goal.measure: target(section, goal) for goal in section.goals
             if not goal.against and section.reached(goal)[0] is not None}
    heads = ["", *(titles.get(door, door) for door in doors), *(["target"] if alone else [])]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for key, measure in section.measures.items():
        if key in section.figures:
            cells = [number(section.median(key, door), measure.digits)
                     if door in section.figures[key] else "" for door in doors]
            cells += [alone.get(key, "")] if alone else []
            lines.append(f"| {measure.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def goals_table(section, titles):
    """The targets that are ratios, of what was measured; None when nothing was."""
    lines = []
    for goal in section.goals:
        value = section.reached(goal)[0]
        if value is None or not goal.against:
            continue
        than = ", ".join(titles.get(door, door) for door in goal.against)
        than = f"the best of {than}" if len(goal.against) > 1 else than
        than += f" ({section.measures[goal.of].title})" if goal.of else ""
        lines.append(f"| {section.measures[goal.measure].title}: {titles.get(goal.door, goal.door)} / "
                     f"{than} | {number(value, 2)} | {target(section, goal)} |")
    return "\n".join(["| ratio | measured | target |", "|---|---|---|", *lines]) if lines else None


def text(section, titles):
    parts = [f"### {section.title}", section.note, figures_table(section, titles)]
    goals = goals_table(section, titles)
    return "\n\n".join(parts + [goals] if goals else parts)
