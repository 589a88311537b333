"""The bars: what weft is to reach beside the others, in the same run.

A bar compares two medians, or one with a limit. What was not measured is neither met nor missed.
"""

from dataclasses import dataclass

CPU_PER_GIB = "cpu_seconds_per_gib"
CPU_PER_MILLION = "cpu_seconds_per_million"
P99 = "p99_ms"
OURS = "weft-uring"
BASIS = "uring-single"
STOCKS = ("stock", "stock-shared")  # of weft-bench-micro
PACED = "trickle"  # of weft-bench-scaling

# In ms: without a pause of the machine p99 at flush 0 is a fraction of it.
P99_WITH_PAUSE = 0.5

ALLOCATION_TEST = "RunningSourceTest"


@dataclass
class Bar:
    about: str  # the workload
    what: str  # what is compared
    relation: str  # "<=", "<" or ">="
    limit: float
    reached: float | None  # None: not measured
    unit: str = ""
    note: str = ""

    @property
    def met(self):
        if self.reached is None:
            return None
        if self.relation == "<=":
            return self.reached <= self.limit
        if self.relation == "<":
            return self.reached < self.limit
        return self.reached >= self.limit


def ratio(value, other):
    """None when one was not measured."""
    if value is None or other is None or other <= 0:
        return None
    return value / other


def ratio_in(case, figure, other, ours=OURS):
    if case is None:
        return None
    return ratio(case.value(ours, figure), case.value(other, figure))


def rate_note(case, *receivers):
    short = [name for name in receivers if case is not None and not case.kept_rate(name)]
    return f"the generator fell short of its rate beside {', '.join(short)}" if short else ""


def runs_note(case, other):
    """The median is of a run with a pause of the machine or of one without: how many had one."""
    if case is None:
        return ""
    ours, others = case.run_values(OURS, P99), case.run_values(other, P99)
    if min(len(ours), len(others)) < 2:
        return ""

    def paused(values):
        return sum(value > P99_WITH_PAUSE for value in values)

    of_others = "" if len(others) == len(ours) else f" of {len(others)}"
    return (
        f"{ratio(min(ours), min(others)):.2f} in each one's best run; over {P99_WITH_PAUSE:g} ms"
        f" in {paused(ours)} of {len(ours)} runs, {other}'s in {paused(others)}{of_others}"
    )


def joined(*notes):
    return "; ".join(note for note in notes if note)


def connections_text(number):
    return f"{number:,} connection{'' if number == 1 else 's'}"


def lowest_of_others(case, figure, exceptions):
    """(name, value) of the best of all receivers but these."""
    if case is None:
        return None, None
    values = [
        (case.value(name, figure), name)
        for name in case.receivers
        if name not in exceptions and case.value(name, figure) is not None
    ]
    value, name = min(values, default=(None, None))
    return name, value


def flood_bars(results):
    bars = []
    for connections in (1, 100, 1000):
        case = results.flood(connections)
        about = f"flood, {connections_text(connections)}"
        for other, limit in ((BASIS, 0.6), ("uring-bundles", 1.15)):
            reached = ratio_in(case, CPU_PER_GIB, other)
            bars.append(Bar(about, f"CPU per GiB, of {other}", "<=", limit, reached))
    case = results.flood(10000)
    about = f"flood, {connections_text(10000)}"
    bars.append(
        Bar(about, f"CPU per GiB, of {BASIS}", "<=", 0.95, ratio_in(case, CPU_PER_GIB, BASIS))
    )
    name, lowest = lowest_of_others(case, CPU_PER_GIB, (OURS, "uring-bundles"))
    reached = ratio(case.value(OURS, CPU_PER_GIB), lowest) if case is not None else None
    bars.append(
        Bar(
            about,
            "CPU per GiB, of the lowest of all others but uring-bundles",
            "<",
            1,
            reached,
            note=f"the lowest is {name}" if name else "",
        )
    )
    return bars


def unhurried_trickle_bars(results):
    """Messages that are handed on at once."""
    bars = []
    for connections in (1, 100, 1000, 10000):
        case = results.trickle(connections, 50_000, 0)
        about = f"trickle, 50,000/s over {connections:,}, flush 0"
        for what, figure, other, relation, limit in (
            (f"CPU per message, of {BASIS}", CPU_PER_MILLION, BASIS, "<=", 1.1),
            ("CPU per message, of asio", CPU_PER_MILLION, "asio", "<", 1),
            ("p99, of asio's", P99, "asio", "<=", 1),
        ):
            reached = ratio_in(case, figure, other)
            of_runs = runs_note(case, other) if figure == P99 else ""
            note = joined(of_runs, rate_note(case, OURS, other))
            bars.append(Bar(about, what, relation, limit, reached, note=note))
    return bars


# Rate, connections, flush interval, most CPU of the basis, most p99 in ms.
GATHERED_TRICKLES = (
    (50_000, 100, 10, 0.25, 12),
    (50_000, 1000, 10, 0.7, 12),
    (50_000, 10000, 10, 0.7, 12),
    (50_000, 1000, 100, 0.35, 105),
    (200_000, 1000, 10, 0.5, 12),
)


def unhurried_note(results, case, rate, connections):
    """The basis holds a message for its interval, which may cost it more than to hand it on."""
    at_once = results.trickle(connections, rate, 0)
    if case is None or at_once is None:
        return ""
    reached = ratio(case.value(OURS, CPU_PER_MILLION), at_once.value(BASIS, CPU_PER_MILLION))
    return "" if reached is None else f"{reached:.2f} of {BASIS} at flush 0"


def gathered_trickle_bars(results):
    """Messages that may wait for others."""
    bars = []
    for rate, connections, flush_ms, cpu_limit, p99_limit in GATHERED_TRICKLES:
        case = results.trickle(connections, rate, flush_ms)
        about = f"trickle, {rate:,}/s over {connections:,}, flush {flush_ms} ms"
        cpu = ratio_in(case, CPU_PER_MILLION, BASIS)
        p99 = case.value(OURS, P99) if case is not None else None
        note = joined(
            unhurried_note(results, case, rate, connections), rate_note(case, OURS, BASIS)
        )
        bars.append(
            Bar(about, f"CPU per message, of {BASIS}", "<=", cpu_limit, cpu, note=note)
        )
        bars.append(
            Bar(about, "p99", "<=", p99_limit, p99, unit="ms", note=rate_note(case, OURS))
        )
    return bars


def mixed_bars(results):
    without, flooded = results.mixed(False), results.mixed(True)
    ingest = None
    if without is not None and flooded is not None:
        ingest = ratio(flooded.value(OURS, P99), without.value(OURS, P99))
    phases = results.interference
    own = ratio(phases.get("p99_ns with"), phases.get("p99_ns without"))
    ratios = phases.get("p99 ratios", [])
    note = ""
    if len(ratios) > 1:
        note = f"{min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs of phases"
    what = "p99 of slow sources with a flood, of that without"
    return [
        Bar("mixed, in phases that take turns (weft-bench-mixed)", what, "<=", 2, own, note=note),
        Bar("mixed, runs of their own (weft-bench-ingest)", what, "<=", 2, ingest),
    ]


def file_bars(results):
    return [
        Bar(
            f"files, {count} in the page cache",
            "CPU per GiB, of pread",
            "<=",
            0.8,
            ratio_in(results.files(count, True), CPU_PER_GIB, "pread"),
        )
        for count in (1, 100)
    ]


def fiber_bars(results):
    """Of the archive, which weft links, too. The shared library is slower."""

    def bar(about, limit, what, number=""):
        times = results.micro.get((what, number), {})
        archive, shared = (ratio(times.get("weft"), times.get(who)) for who in STOCKS)
        note = "" if shared is None else f"{shared:.2f} of its shared library"
        return Bar(
            about, "time, of stock Boost.Fiber, linked statically", "<=", limit, archive, note=note
        )

    return [
        bar("switch between 2 fibers", 0.4, "switch", "2"),
        bar("switch between 1,000 fibers", 0.8, "switch", "1000"),
        bar("spawn and join, warm", 0.6, "spawn-join"),
    ]


def memory_bars(results):
    reached = None
    if results.idle.get("sources") == 10000:
        reached = results.idle["memory_bytes_per_source"] / 1024
    allocations = None
    if results.allocation_tests:
        allocations = sum(not passed for passed in results.allocation_tests.values())
    return [
        Bar(
            "10,000 idle sources",
            "process memory of each, its buffer apart",
            "<=",
            9,
            reached,
            unit="KiB",
        ),
        Bar(
            "running sources",
            "tests that find heap allocations on their path",
            "<=",
            0,
            allocations,
            note=f"of {len(results.allocation_tests)} in {ALLOCATION_TEST} (weft-test-sources)"
            if results.allocation_tests
            else "",
        ),
    ]


def scaling_bars(results):
    what = "throughput of 2 reactors, of two processes with one each"
    bars = []
    for case in results.scaling:
        reached = next((p.efficiency_independent for p in case.points if p.reactors == 2), None)
        bars.append(Bar(f"scaling, {case.workload}", what, ">=", 0.95, reached))
        if case.workload == PACED:
            bars.append(work_bar(case))
    return bars or [Bar("scaling", what, ">=", 0.95, None)]


def work_bar(case):
    """A paced load has the same throughput whatever it costs, so its cost is compared too."""
    two = next((p for p in case.points if p.reactors == 2), None)
    return Bar(
        f"scaling, {case.workload}",
        "messages for each CPU second of 2 reactors, of two processes with one each",
        ">=",
        0.95,
        None if two is None else ratio(two.cpu_s_per_unit_independent, two.cpu_s_per_unit),
    )


def all_bars(results):
    bars = []
    for of_kind in (
        flood_bars,
        unhurried_trickle_bars,
        gathered_trickle_bars,
        mixed_bars,
        file_bars,
        fiber_bars,
        memory_bars,
        scaling_bars,
    ):
        bars += of_kind(results)
    return bars
