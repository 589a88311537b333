"""The page's other tables: small things, idle sources, scaling, the bars."""

from bars import ratio
from cells import NOT_MEASURED, duration, ratio_text, section, significant, table

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
                    else f"{duration(times[who])} ({ratio_text(quotient)})"
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
    used = results.idle_after_message
    rows += [
        [what, f"{used[name] / 1024:.1f} KiB"]
        for what, name in (
            ("memory of each with its buffer, after a message", "memory_bytes_with_buffer"),
            ("... when idle memory has gone back", "memory_bytes_with_buffer_when_idle"),
        )
        if used
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
