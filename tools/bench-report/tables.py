"""The page's tables, in Markdown: medians, and their ratio to raw io_uring with single receives."""

from bars import BASIS, CPU_PER_GIB, CPU_PER_MILLION, P99, ratio

NOT_MEASURED = "–"


def table(header, rows):
    """The first column is text, the others are numbers."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" + "---:|" * (len(header) - 1)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def significant(value, digits=3):
    """As many digits as mean something, and no exponent."""
    if value == 0:
        return "0"
    magnitude = f"{value:.{digits - 1}e}"
    exponent = int(magnitude.split("e")[1])
    return f"{float(magnitude):,.{max(digits - 1 - exponent, 0)}f}"


def duration(ns):
    for unit, factor in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= factor:
            return f"{significant(ns / factor)} {unit}"
    return f"{significant(ns)} ns"


def receivers_of(cases):
    """In the order in which they first appear."""
    names = []
    for case in cases:
        names += [name for name in case.receivers if name not in names]
    return names


def cell(case, receiver, figure, basis=BASIS):
    """'0.312 (0.90)': the median, and its ratio to the basis."""
    value = case.value(receiver, figure)
    if value is None:
        return NOT_MEASURED
    mark = "" if case.kept_rate(receiver) else "\\*"
    quotient = ratio(value, case.value(basis, figure))
    if basis is None or receiver == basis or quotient is None:
        return significant(value) + mark
    return f"{significant(value)} ({quotient:.2f}){mark}"


def comparison(cases, headings, figure, first="receiver", basis=BASIS):
    """A line for each receiver, a column for each case."""
    rows = [
        [f"**{name}**" if name.startswith("weft-") else name]
        + [cell(case, name, figure, basis) for case in cases]
        for name in receivers_of(cases)
        if any(case.value(name, figure) is not None for case in cases)
    ]
    return table([first, *headings], rows)


def remarks(cases, job_beside=False):
    """How far the figures are those of the machine and of the generator. A compute job beside is
    among the others."""
    lines = []
    others = [
        case.value(name, "others_share")
        for case in cases
        for name in case.receivers
        if case.value(name, "others_share") is not None
    ]
    if others and not job_beside:
        lines.append(
            f"Other programs and interrupts had at most {max(others):.0%} of the receiver's CPU"
            " (the highest of all medians)."
        )
    short = [
        f"{name} at {case.slow_sources:,} connections, flush {case.flush_ms:g} ms"
        f" ({case.value(name, 'sent_per_second'):,.0f} of {case.rate:,.0f} messages/s)"
        for case in cases
        for name in case.receivers
        if not case.kept_rate(name)
    ]
    if short:
        lines.append(f"\\* The generator fell short of its rate: {'; '.join(short)}.")
    for case in cases:
        for name, receiver in case.receivers.items():
            if not receiver.medians:
                lines.append(f"Not measured: {name}, {case.title}: {receiver.problem}.")
    return "\n\n".join(lines)


def section(*parts):
    return "\n\n".join(part for part in parts if part)


def details(cases, headings, figures):
    """Pairs of what a table tells and the figure that it shows, without ratios."""
    return section(
        *(
            text
            for told, figure in figures
            for text in (f"{told}:", comparison(cases, headings, figure, basis=None))
        )
    )


def sleeps(cases, headings):
    """What a receiver that sleeps is hardly more punctual than."""
    measured = [case.sleep_late_ms for case in cases]
    if not any(measured):
        return ""
    rows = [
        [name] + [significant(late[place]) if late else NOT_MEASURED for late in measured]
        for place, name in enumerate(("p99", "worst"))
    ]
    return section(
        "How late bare sleeps of 1 ms on the same CPU ended, before each round of receivers, ms:",
        table(["", *headings], rows),
    )


def flood(results):
    cases = results.of_workload("flood")
    headings = [f"{case.flood_sources:,}" for case in cases]
    if not cases:
        return "Not measured."
    return section(
        "CPU seconds for each GiB, by connections:",
        comparison(cases, headings, CPU_PER_GIB),
        "GiB/s, by connections:",
        comparison(cases, headings, "gib_per_second"),
        details(
            cases,
            headings,
            [
                ("System calls for each 4 KiB", "system_calls_per_unit"),
                ("Context switches for each 4 KiB", "switches_per_unit"),
                ("Memory, KiB for each connection", "memory_kib_per_source"),
            ],
        ),
        remarks(cases),
    )


def trickle(results):
    parts = []
    cases = results.of_workload("trickle")
    if not cases:
        return "Not measured."
    for rate in sorted({case.rate for case in cases}):
        own = sorted(
            (case for case in cases if case.rate == rate),
            key=lambda case: (case.slow_sources, case.flush_ms),
        )
        headings = [f"{case.slow_sources:,}, {case.flush_ms:g} ms" for case in own]
        parts += [
            f"{rate:,.0f} messages/s, CPU seconds for a million messages, by connections and"
            " flush interval:",
            comparison(own, headings, CPU_PER_MILLION),
            f"{rate:,.0f} messages/s, p99 in ms from the send to where the buffer is handed on:",
            comparison(own, headings, P99),
            sleeps(own, headings),
            details(
                own,
                headings,
                [
                    ("p50, ms", "p50_ms"),
                    ("p99.9, ms", "p999_ms"),
                    ("System calls for each message", "system_calls_per_unit"),
                    ("Context switches for each message", "switches_per_unit"),
                    ("Memory, KiB for each connection", "memory_kib_per_source"),
                    ("Share of the messages that were sent over 1 ms late", "late_share"),
                ],
            ),
            remarks(own),
        ]
    return section(*parts)


def mixed(results):
    without, flooded = results.mixed(False), results.mixed(True)
    if without is None or flooded is None:
        return "Not measured."
    rows = []
    for name in receivers_of([without, flooded]):
        low, high = without.value(name, P99), flooded.value(name, P99)
        quotient = ratio(high, low)
        rows.append(
            [
                f"**{name}**" if name.startswith("weft-") else name,
                cell(without, name, P99),
                cell(flooded, name, P99),
                NOT_MEASURED if quotient is None else f"{quotient:.2f}",
                NOT_MEASURED
                if flooded.value(name, "gib_per_second") is None
                else significant(flooded.value(name, "gib_per_second")),
            ]
        )
    header = ["receiver", "p99 ms without", "p99 ms with the flood", "with / without", "GiB/s"]
    more = details(
        [without, flooded],
        ["without", "with the flood"],
        [
            ("p50, ms", "p50_ms"),
            ("p99.9, ms", "p999_ms"),
            ("Share of its CPU that the receiver was busy", "busy_share"),
            ("Memory, KiB for each connection", "memory_kib_per_source"),
        ],
    )
    late = sleeps([without, flooded], ["without", "with the flood"])
    machine = remarks([without, flooded])
    return section(table(header, rows), late, more, machine, interference(results))


def interference(results):
    phases = results.interference
    if not phases:
        return ""
    rows = [
        [name, duration(phases[f"{key} without"]), duration(phases[f"{key} with"])]
        + [f"{ratio(phases[f'{key} with'], phases[f'{key} without']) or 0:.2f}"]
        for name, key in (("p50", "p50_ns"), ("p99", "p99_ns"), ("p99.9", "p999_ns"))
    ]
    flood_rate = phases["flood_bytes_per_second with"] / (1 << 30)
    return section(
        f"weft on io_uring alone (`weft-bench-mixed`), {phases['slow_sources']:,} slow sources;"
        f" phases without and with the flood ({significant(flood_rate)} GiB/s) take turns, medians"
        " over the phases:",
        table(["", "without", "with the flood", "ratio"], rows),
        interference_remark(phases),
    )


def interference_remark(phases):
    texts = []
    kept = max(phases["kept_share without"], phases["kept_share with"])
    if kept > 0.01:
        texts.append(f"Other programs kept the reactor waiting for its CPU {kept:.0%} of the time.")
    if phases["lowest sent"] < 0.99 * phases["rate"]:
        texts.append(
            f"The generator fell short of its rate: {phases['lowest sent']:,.0f} of"
            f" {phases['rate']:,.0f} messages/s in one phase."
        )
    return " ".join(texts)


def files(results):
    cases = results.of_workload("files")
    if not cases:
        return "Not measured."
    headings = [
        f"{case.flood_sources:,}, {'cached' if case.cached else 'not cached'}" for case in cases
    ]
    return section(
        "CPU seconds for each GiB, by number of files:",
        comparison(cases, headings, CPU_PER_GIB),
        "GiB/s:",
        comparison(cases, headings, "gib_per_second"),
        details(
            cases,
            headings,
            [
                ("System calls for each 4 KiB", "system_calls_per_unit"),
                ("Context switches for each 4 KiB", "switches_per_unit"),
                ("Memory, KiB for each file", "memory_kib_per_source"),
            ],
        ),
        remarks(cases),
    )


def compute(results):
    cases = results.of_workload("beside-compute")
    alone = next((case for case in cases if case.slow_sources == 0), None)
    beside = [case for case in cases if case.slow_sources > 0]
    if alone is None or not beside:
        return "Not measured."
    speed = alone.value("none", "rounds_per_second")
    rows = []
    for name in receivers_of(beside):
        row = [f"**{name}**" if name.startswith("weft-") else name]
        for case in beside:
            left = ratio(case.value(name, "rounds_per_second"), speed)
            row.append(NOT_MEASURED if left is None else f"{left:.1%}")
        rows.append(row)
    headings = [f"{case.slow_sources:,} at {case.rate:,.0f}/s" for case in beside]
    return section(
        "What is left of the compute job's speed, by connections and messages/s:",
        table(["receiver", *headings], rows),
        remarks(beside, job_beside=True),
    )


MICRO_NAMES = {
    "switch": "switch between {} fibers, each",
    "spawn-join": "spawn and join, warm",
    "timer-arm-cancel": "timer armed and cancelled, {} others armed",
    "timer-expiry": "timer expires and is armed again, {} armed",
    "buffer": "buffer acquired and released",
    "buffer-beside": "buffer released by another thread",
    "wake": "wake from another thread, and the answer",
    "reactor-to-reactor": "reactor to reactor and back",
    "channel": "value through a channel",
    "no-op": "poll of what is ready, through the engine",
    "source-buffer": "4 KiB buffer of made-up records emitted, {} sources",
}


def micro_name(what, number):
    """Names that this table does not know stay as they are."""
    return MICRO_NAMES.get(what, what).format(f"{int(number):,}" if number else "")


def micro_keys(results):
    """In the order of MICRO_NAMES, whatever the order of the runs was."""
    order = list(MICRO_NAMES)

    def place(key):
        what, number = key
        known = order.index(what) if what in order else len(order)
        return known, what, int(number or 0)

    return sorted(results.micro, key=place)


def micro(results):
    if not results.micro:
        return "Not measured."
    rows = []
    for what, number in micro_keys(results):
        times = results.micro[what, number]
        for ours in sorted((who for who in times if who.startswith("weft")), reverse=True):
            engine = "" if ours == "weft" else f" ({ours.removeprefix('weft-')})"
            row = [micro_name(what, number) + engine, duration(times[ours])]
            for who in ("stock-shared", "stock", "context", "thread", "heap"):
                quotient = ratio(times[ours], times.get(who))
                row.append(
                    NOT_MEASURED
                    if quotient is None
                    else f"{duration(times[who])} ({quotient:.2f})"
                )
            rows.append(row)
    others = [
        "stock Boost.Fiber",
        "the same, linked statically",
        "bare Boost.Context",
        "threads",
        "malloc, free",
    ]
    return table(["what", "weft", *others], rows)


def idle(results):
    if not results.idle:
        return "Not measured."
    own = results.idle
    memory_kib = own["memory_bytes_per_source"] / 1024
    rows = [
        ["process memory of each, its buffer apart", f"{memory_kib:.1f} KiB"],
        ["CPU in 5 s of silence", duration(own["cpu_in_silence_ns"])],
        ["all stopped and closed in", duration(own["stop_ns"])],
    ]
    return table([f"{own['sources']:,.0f} idle TCP sources", ""], rows)


def scaling(results):
    if not results.scaling:
        return "Not measured."
    parts = []
    for case in results.scaling:
        rows = [
            [
                f"{point.reactors}" + (" (more than cores)" if point.beyond_cores else ""),
                significant(point.one_process),
                significant(point.independent_processes),
                f"{point.efficiency_linear:.2f}" + ("" if point.comparable_with_one else "\\*"),
                f"{point.efficiency_independent:.2f}",
                significant(point.cpu_s_per_unit),
                significant(point.cpu_s_per_unit_independent),
            ]
            for point in case.points
        ]
        header = [
            "reactors",
            f"one process, {case.unit}",
            f"a process for each, {case.unit}",
            "of linear",
            "of independent",
            "CPU s/unit",
            "CPU s/unit of the processes",
        ]
        parts += [f"{case.workload}:", table(header, rows), no_claim(case.points), law(case.usl)]
    return section(*parts)


def no_claim(points):
    if all(point.comparable_with_one for point in points):
        return ""
    return (
        "\\* No claim: the generators have less of the CPUs than beside one reactor, or the reactors"
        " have no CPU of their own."
    )


def law(usl):
    """The fitted Universal Scalability Law, in words."""
    if not usl:
        return "Universal Scalability Law: not fitted, which takes four points that can be compared."
    peak = usl.get("peak_reactors")
    return (
        f"Universal Scalability Law: λ {significant(usl['lambda'])}, σ {usl['sigma']:.4f},"
        f" κ {usl['kappa']:.5f}" + (f"; the peak is at {peak:.0f} reactors." if peak else ".")
    )


RELATIONS = {"<=": "≤", "<": "<", ">=": "≥"}
OUTCOMES = {True: "yes", False: "**no**", None: "not measured"}


def shown(value, unit):
    text = f"{value:.2f}" if not float(value).is_integer() or not unit else f"{value:.0f}"
    if not unit and float(value).is_integer() and value == 0:
        text = "0"
    return f"{text} {unit}".strip()


def bars(all_bars):
    """Every bar with what was reached."""
    rows = []
    for bar in all_bars:
        reached = NOT_MEASURED if bar.reached is None else shown(bar.reached, bar.unit)
        what = bar.what + (f" ({bar.note})" if bar.note else "")
        wanted = f"{RELATIONS[bar.relation]} {shown(bar.limit, bar.unit)}"
        rows.append([bar.about, what, wanted, reached, OUTCOMES[bar.met]])
    met = sum(bar.met is True for bar in all_bars)
    missed = sum(bar.met is False for bar in all_bars)
    summary = f"{met} of {len(all_bars)} met, {missed} missed, "
    summary += f"{len(all_bars) - met - missed} not measured."
    header = "| where | what | bar | reached | met |\n|---|---|---:|---:|---|"
    return section(
        summary, "\n".join([header] + ["| " + " | ".join(row) + " |" for row in rows])
    )
