"""Tables of weft-bench-ingest and weft-bench-mixed: medians, and their ratio to raw io_uring with
single receives."""

from bars import CPU_PER_GIB, CPU_PER_MILLION, P99, ratio
from cells import (
    NOT_MEASURED,
    cell,
    comparison,
    duration,
    ratio_text,
    receivers_of,
    row_name,
    section,
    significant,
    table,
)


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


def details(cases, headings, figures):
    """A table for each pair of what it tells and the figure that it shows."""
    return section(
        *(
            text
            for told, figure in figures
            for text in (f"{told}:", comparison(cases, headings, figure))
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
                    ("Messages/s that were handed on", "messages_per_second"),
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
                row_name(name),
                cell(without, name, P99),
                cell(flooded, name, P99),
                NOT_MEASURED if quotient is None else ratio_text(quotient),
                cell(flooded, name, "gib_per_second"),
                cell(flooded, name, CPU_PER_GIB),
                cell(without, name, CPU_PER_MILLION),
            ]
        )
    header = [
        "receiver",
        "p99 ms without",
        "p99 ms with the flood",
        "with / without",
        "GiB/s with",
        "CPU s/GiB with",
        "CPU s/million messages without",
    ]
    more = details(
        [without, flooded],
        ["without", "with the flood"],
        [
            ("p50, ms", "p50_ms"),
            ("p99.9, ms", "p999_ms"),
            ("Messages/s of the slow connections", "messages_per_second"),
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
    speed = alone.value("none", "rounds_per_second") if alone is not None else None
    if not speed or not beside:
        return "Not measured."

    def left(rounds):
        return f"{rounds / speed:.1%}"

    headings = [f"{case.slow_sources:,} at {case.rate:,.0f}/s" for case in beside]
    return section(
        "What is left of the compute job's speed, by connections and messages/s:",
        comparison(beside, headings, "rounds_per_second", left),
        details(
            beside,
            headings,
            [
                ("CPU seconds of the receiver for a million messages", CPU_PER_MILLION),
                ("p50, ms", "p50_ms"),
                ("p99, ms", P99),
                ("Messages/s that were handed on", "messages_per_second"),
                ("Context switches for each message", "switches_per_unit"),
            ],
        ),
        remarks(beside, job_beside=True),
    )
