"""The page: the hand-written template with the tables and plots of a run in it."""

import os
import re
from pathlib import Path

import bars
import ingest_tables
import tables

TEMPLATE = Path(__file__).with_name("page.md")
LEVERS = Path(__file__).parents[2] / "docs" / "benchmarks" / "levers.md"

PLOT_TEXTS = {
    "flood": "CPU for each GiB and throughput of a flood, by connections",
    "trickle-cpu": "CPU for each message of a trickle, by connections and flush interval",
    "trickle-latency": "p99 of a trickle, by connections and flush interval",
    "mixed": "p99 of slow connections without and with a flood",
    "files": "CPU for each GiB of files",
    "compute": "What is left of a compute job's speed beside a trickle",
    "micro": "The cost of small things, on a logarithmic scale",
    "scaling": "Throughput by number of reactors",
}


def machine(results):
    rows = [[name, text] for name, text in results.machine.items()]
    rows += [
        [name, results.run[key]]
        for name, key in (
            ("load averages before", "load"),
            ("weft", "commit"),
            ("measured on", "date"),
            ("command", "command"),
        )
        if results.run.get(key)
    ]
    lines = ["| what | value |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {text} |" for name, text in rows])


def notice(results):
    """What a reader must know before the figures."""
    texts = []
    if results.run.get("quick") == "yes":
        texts.append(
            "**A quick run**: each figure is of one short run, up to 1,000 connections. It shows"
            " that everything works, and nothing to rely on."
        )
    if results.run.get("complete") != "yes":
        texts.append("**Incomplete**: what is missing says that it was not measured.")
    if results.failures:
        texts.append(
            "**Runs have failed**:\n\n" + "\n".join(f"- {text}" for text in results.failures)
        )
    return "\n\n".join(texts)


def levers(page):
    if not LEVERS.exists():
        return ""
    link = os.path.relpath(LEVERS, page.parent)
    return f"Which levers were tried, and what did not pay, is [a page of its own]({link})."


def render(results, page, drawn):
    """The whole page; `drawn` are the plots that lie in the folder named as the page is."""
    texts = {
        "notice": notice(results),
        "machine": machine(results),
        "levers": levers(page),
        "bars": tables.bars(bars.all_bars(results)),
        "flood": ingest_tables.flood(results),
        "trickle": ingest_tables.trickle(results),
        "mixed": ingest_tables.mixed(results),
        "files": ingest_tables.files(results),
        "compute": ingest_tables.compute(results),
        "micro": tables.micro(results),
        "idle": tables.idle(results),
        "scaling": tables.scaling(results),
    }
    for name, text in PLOT_TEXTS.items():
        place = f"{page.stem}/{name}.svg"
        texts[f"plot-{name}"] = f"![{text}]({place})" if name in drawn else ""
    template = TEMPLATE.read_text(encoding="utf-8")
    filled = re.sub(r"\{\{([a-z-]+)\}\}", lambda match: texts[match.group(1)], template)
    return re.sub(r"\n{3,}", "\n\n", filled)
