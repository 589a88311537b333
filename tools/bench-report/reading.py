"""The results of one run of tools/bench, read from its folder and checked.

Each file is what one program has written; the same file may be missing, because the run was short
or interrupted. What is there must be whole: anything else is a ResultError that names the place.
"""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

WORKLOADS = ("flood", "trickle", "mixed", "files", "beside-compute")
MS = 1_000_000

# Zero where there was nothing to divide by, or no message to time.
COSTS = ("cpu_seconds_per_gib", "cpu_seconds_per_million", "p50_ms", "p99_ms", "p999_ms")


class ResultError(Exception):
    """A result that cannot be used; the text says which and why."""


class Node:
    """A JSON value that knows where it stands, for messages."""

    def __init__(self, value, place):
        self.value = value
        self.place = place

    def fail(self, problem):
        raise ResultError(f"{self.place}: {problem}")

    def get(self, key, kind):
        if not isinstance(self.value, dict):
            self.fail("is no object")
        if key not in self.value:
            self.fail(f"'{key}' is missing")
        value = self.value[key]
        right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not right:
            self.fail(f"'{key}' is {json.dumps(value)[:40]}, which is of another type")
        return value

    def number(self, key):
        return float(self.get(key, (int, float)))

    def whole(self, key):
        return self.get(key, int)

    def text(self, key):
        return self.get(key, str)

    def flag(self, key):
        return self.get(key, bool)

    def child(self, key):
        return Node(self.get(key, dict), f"{self.place}: {key}")

    def children(self, key):
        return [
            Node(value, f"{self.place}: {key}[{index}]")
            for index, value in enumerate(self.get(key, list))
        ]

    def items(self):
        return [(key, Node(value, f"{self.place}: {key}")) for key, value in self.value.items()]


@dataclass
class Receiver:
    """What one receiver reached in one case: medians of its runs, if any was measured."""

    medians: dict  # figure -> value; empty when nothing was measured
    runs: list = field(default_factory=list)  # those that were measured: figure -> value
    problem: str = ""  # why nothing was measured
    failures: list = field(default_factory=list)


@dataclass
class Case:
    """Runs of weft-bench-ingest that are compared with each other."""

    workload: str
    title: str
    cached: bool
    flood_sources: int
    slow_sources: int
    rate: float  # messages a second in all
    flush_ms: float
    receivers: dict  # name -> Receiver
    sleep_late_ms: tuple | None = None  # bare sleeps before each round: p99, worst

    def value(self, receiver, figure):
        """None when that was not measured."""
        found = self.receivers.get(receiver)
        if found is None or figure not in found.medians:
            return None
        return found.medians[figure]

    def run_values(self, receiver, figure):
        """Of each run that has it."""
        found = self.receivers.get(receiver)
        runs = found.runs if found is not None else []
        return [run[figure] for run in runs if figure in run]

    def kept_rate(self, receiver):
        """Whether the generator sent as much as it should have, but for a message at the edge."""
        sent = self.value(receiver, "sent_per_second")
        windows_ns = self.run_values(receiver, "window_ns")
        one_message = 1e9 / min(windows_ns) if windows_ns else 0
        return sent is None or sent >= 0.99 * self.rate - one_message


@dataclass
class ScalingPoint:
    reactors: int
    beyond_cores: bool
    comparable_with_one: bool
    one_process: float
    independent_processes: float
    efficiency_linear: float
    efficiency_independent: float
    cpu_s_per_unit: float
    cpu_s_per_unit_independent: float


@dataclass
class ScalingCase:
    workload: str
    unit: str
    points: list
    usl: dict  # empty where the law could not be fitted


@dataclass
class Results:
    directory: Path
    run: dict = field(default_factory=dict)  # commit, date, quick, ...: texts
    machine: dict = field(default_factory=dict)  # name -> text
    cases: list = field(default_factory=list)
    micro: dict = field(default_factory=dict)  # (what, number or "") -> {who: ns}
    idle: dict = field(default_factory=dict)
    idle_after_message: dict = field(default_factory=dict)
    interference: dict = field(default_factory=dict)
    scaling: list = field(default_factory=list)
    allocation_tests: dict = field(default_factory=dict)  # name -> passed
    failures: list = field(default_factory=list)

    def of_workload(self, workload):
        return [case for case in self.cases if case.workload == workload]

    def flood(self, connections):
        return first(c for c in self.of_workload("flood") if c.flood_sources == connections)

    def trickle(self, connections, rate, flush_ms):
        return first(
            c
            for c in self.of_workload("trickle")
            if c.slow_sources == connections and c.rate == rate and c.flush_ms == flush_ms
        )

    def files(self, count, cached):
        return first(
            c
            for c in self.of_workload("files")
            if c.flood_sources == count and c.cached == cached
        )

    def mixed(self, flooding):
        return first(c for c in self.of_workload("mixed") if (c.flood_sources > 0) == flooding)


def first(values):
    return next(iter(values), None)


def load(path):
    try:
        return Node(json.loads(path.read_text(encoding="utf-8")), path.name)
    except OSError as error:
        raise ResultError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ResultError(f"{path.name}: is no JSON: {error}") from error


def read_receiver(node):
    runs = node.children("runs")
    measured = [run for run in runs if "outcome" not in run.value]
    problems = [run.text("problem") for run in runs if "outcome" in run.value]
    failures = [run.text("problem") for run in runs if run.value.get("outcome") == "failed"]
    medians = read_figures(node.child("medians")) if measured else {}
    of_runs = [read_figures(run) for run in measured]
    return Receiver(medians, of_runs, problems[-1] if problems else "", failures)


def read_figures(node):
    figures = {name: node.number(name) for name in node.value}
    return {name: value for name, value in figures.items() if value != 0 or name not in COSTS}


def read_case(node):
    workload = node.text("workload")
    if workload not in WORKLOADS:
        node.fail(f"'workload' is '{workload}'; known are {', '.join(WORKLOADS)}")
    receivers = {}
    for name, receiver in node.child("receivers").items():
        if "runs" in receiver.value:
            receivers[name] = read_receiver(receiver)
    return Case(
        workload=workload,
        title=node.text("title"),
        cached=node.flag("cached"),
        flood_sources=node.whole("flood_sources"),
        slow_sources=node.whole("slow_sources"),
        rate=node.number("messages_per_second"),
        flush_ms=node.number("flush_ns") / MS,
        receivers=receivers,
        sleep_late_ms=read_sleeps(node),
    )


def read_sleeps(node):
    if "sleep_late_p99_ns" not in node.value:
        return None
    return tuple(node.number(f"sleep_late_{which}_ns") / MS for which in ("p99", "worst"))


def read_ingest(results, path):
    root = load(path)
    for name, text in root.child("machine").value.items():
        if name != "load before":  # of each program; that of the whole run is in run.json
            results.machine.setdefault(name, " ".join(str(text).split()))
    for node in root.children("cases"):
        case = read_case(node)
        results.cases.append(case)
        for name, receiver in case.receivers.items():
            for problem in receiver.failures:
                results.failures.append(f"{case.title}: {name}: {problem}")


def read_micro(results, path):
    """Medians where there were repetitions, in ns for each item."""
    nodes = load(path).children("benchmarks")
    aggregated = any(node.value.get("run_type") == "aggregate" for node in nodes)
    for node in nodes:
        if node.value.get("error_occurred", False):
            results.failures.append(f"{node.text('run_name')}: {node.text('error_message')}")
            continue
        if aggregated and node.value.get("aggregate_name") != "median":
            continue
        parts = node.text("run_name").removesuffix("/real_time").split("/")
        if len(parts) not in (2, 3):
            node.fail(f"'run_name' is '{node.text('run_name')}', not WHAT/WHO or WHAT/WHO/NUMBER")
        if "items_per_second" in node.value:
            ns = 1e9 / node.number("items_per_second")
        else:
            factors = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
            ns = node.number("real_time") * factors[node.text("time_unit")]
        key = (parts[0], parts[2] if len(parts) == 3 else "")
        results.micro.setdefault(key, {})[parts[1]] = ns


def read_idle(results, path):
    root = load(path)
    results.idle = {
        name: root.number(name)
        for name in ("sources", "memory_bytes_per_source", "cpu_in_silence_ns", "stop_ns")
    }
    note_stop(results, root)


def read_idle_after_message(results, path):
    root = load(path)
    results.idle_after_message = {
        name: root.number(name)
        for name in ("memory_bytes_with_buffer", "memory_bytes_with_buffer_when_idle")
    }
    note_stop(results, root)


def note_stop(results, root):
    if not root.flag("all_stopped"):
        results.failures.append("weft-bench-idle: not all sources stopped in 10 s")


def neighbouring_ratios(phases):
    """p99 with the flood by that without, of phases that were measured one after the other."""
    ratios = []
    for pair in zip(phases[::2], phases[1::2]):
        p99 = {phase.flag("with_flood"): phase.number("p99_ns") for phase in pair}
        if len(p99) == 2 and p99[False] > 0:
            ratios.append(p99[True] / p99[False])
    return ratios


def read_interference(results, path):
    root = load(path)
    phases = root.children("phases")
    result = {
        "slow_sources": root.whole("slow_sources"),
        "rate": root.whole("slow_sources") * root.number("messages_per_second_each"),
        "lowest sent": min((phase.number("sent_per_second") for phase in phases), default=0),
        "p99 ratios": neighbouring_ratios(phases),
    }
    for name, with_flood in (("without", False), ("with", True)):
        own = [phase for phase in phases if phase.flag("with_flood") == with_flood]
        if not own:
            root.fail(f"there is no phase {name} the flood")
        for figure in ("p50_ns", "p99_ns", "p999_ns", "flood_bytes_per_second", "kept_share"):
            result[f"{figure} {name}"] = statistics.median(phase.number(figure) for phase in own)
    results.interference = result
    if root.whole("failures") > 0:
        results.failures.append(
            f"weft-bench-mixed: {root.whole('failures')} sources ended, or messages out of order"
        )


def read_scaling(results, path):
    for node in load(path).children("cases"):
        points = [
            ScalingPoint(
                reactors=point.whole("reactors"),
                beyond_cores=point.flag("beyond_cores"),
                comparable_with_one=point.flag("comparable_with_one"),
                **{
                    name: point.number(name)
                    for name in (
                        "one_process",
                        "independent_processes",
                        "efficiency_linear",
                        "efficiency_independent",
                        "cpu_s_per_unit",
                        "cpu_s_per_unit_independent",
                    )
                },
            )
            for point in node.children("points")
        ]
        usl = {}
        if node.value.get("usl") is not None:
            law = node.child("usl")
            usl = {name: law.number(name) for name in ("lambda", "sigma", "kappa")}
            if law.value.get("peak_reactors") is not None:
                usl["peak_reactors"] = law.number("peak_reactors")
        results.scaling.append(ScalingCase(node.text("workload"), node.text("unit"), points, usl))


def read_allocations(results, path):
    """What Google Test writes of the tests that count allocations."""
    for suite in load(path).children("testsuites"):
        for test in suite.children("testsuite"):
            if test.text("result") == "COMPLETED":
                name = f"{suite.text('name')}.{test.text('name')}"
                results.allocation_tests[name] = "failures" not in test.value


def read_run(results, path):
    results.run = {name: str(value) for name, value in load(path).value.items()}


READERS = (
    ("run.json", read_run),
    ("ingest-*.json", read_ingest),
    ("micro.json", read_micro),
    ("idle.json", read_idle),
    ("idle-after-message.json", read_idle_after_message),
    ("interference.json", read_interference),
    ("scaling.json", read_scaling),
    ("allocations.json", read_allocations),
)


def read_results(directory):
    """Everything in the folder. Throws ResultError."""
    results = Results(Path(directory))
    if not results.directory.is_dir():
        raise ResultError(f"{directory}: there is no such folder")
    found = False
    for pattern, reader in READERS:
        for path in sorted(results.directory.glob(pattern)):
            reader(results, path)
            found = True
    if not found:
        raise ResultError(f"{directory}: has no results of tools/bench")
    results.failures += [
        text for text in results.run.get("failed_stages", "").split("\n") if text
    ]
    return results
