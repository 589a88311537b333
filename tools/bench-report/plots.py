"""The page's plots, as SVG that is the same for the same results."""

import matplotlib

matplotlib.use("svg")

from matplotlib import pyplot  # noqa: E402 (the back end comes first)
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

from bars import CPU_PER_GIB, CPU_PER_MILLION, P99, ratio  # noqa: E402
from cells import receivers_of  # noqa: E402
from tables import micro_keys, micro_name  # noqa: E402

# Colours of Okabe and Ito, told apart with any colour vision, and of like darkness; markers too.
STYLES = {
    "weft-uring": ("#D55E00", "o"),
    "weft-epoll": ("#E69F00", "s"),
    "weft-threads": ("#CC79A7", "D"),
    "uring-single": ("#0072B2", "^"),
    "uring-bundles": ("#56B4E9", "v"),
    "epoll": ("#009E73", "P"),
    "poll": ("#7F7F7F", "X"),
    "asio": ("#000000", "*"),
    "threads": ("#8C6D31", "h"),
    "pread": ("#000000", "*"),
    "pread-pool": ("#7F7F7F", "X"),
    "weft": ("#D55E00", "o"),
    "stock-shared": ("#0072B2", "^"),
    "stock": ("#56B4E9", "v"),
    "context": ("#009E73", "P"),
    "thread": ("#8C6D31", "h"),
    "heap": ("#7F7F7F", "X"),
}
OTHER_STYLE = ("#555555", ".")

matplotlib.rcParams.update(
    {
        "svg.hashsalt": "weft",
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "axes.facecolor": "white",
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#DDDDDD",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "font.size": 10,
        "legend.frameon": False,
    }
)


def style(name):
    return STYLES.get(name, OTHER_STYLE)


def save(figure, path):
    figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    return path


def number_ticks(axis, text=lambda value, _: f"{value:,g}"):
    """Ticks of a logarithmic axis at 1, 2, 5, 10 and so on, as numbers and not as powers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(text))
    axis.set_minor_formatter(NullFormatter())


def decade_ticks(axis, text):
    """The same at powers of ten alone."""
    axis.set_major_locator(LogLocator())
    axis.set_major_formatter(FuncFormatter(text))


def count_ticks(axes, counts):
    """The abscissa of numbers of connections."""
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{count:,}" for count in counts])
    axes.set_xticks([], minor=True)


def time_text(ns, _):
    for unit, factor in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= factor:
            return f"{ns / factor:g} {unit}"
    return f"{ns:g} ns"


def lines(axes, cases, abscissa, figure_name):
    """A line for each receiver; both axes are logarithmic."""
    for name in receivers_of(cases):
        points = [
            (abscissa(case), case.value(name, figure_name))
            for case in cases
            if case.value(name, figure_name)
        ]
        if points:
            colour, marker = style(name)
            ours = name == "weft-uring"
            axes.plot(
                *zip(*points),
                label=name,
                color=colour,
                marker=marker,
                linewidth=2.8 if ours else 1.3,
                markersize=7 if ours else 6,
                zorder=3 if ours else 2,
            )
    count_ticks(axes, sorted({abscissa(case) for case in cases}))
    axes.set_yscale("log")
    number_ticks(axes.yaxis)


def one_row(count, width=5.2, height=4.2):
    figure, axes = pyplot.subplots(1, count, figsize=(width * count, height), squeeze=False)
    return figure, axes[0]


def legend_beside(axes):
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))


def flood(results, path):
    cases = results.of_workload("flood")
    if not cases:
        return None
    figure, (cpu, rate) = one_row(2)
    for axes, name, title in (
        (cpu, CPU_PER_GIB, "CPU seconds for each GiB"),
        (rate, "gib_per_second", "GiB/s"),
    ):
        lines(axes, cases, lambda case: case.flood_sources, name)
        axes.set_title(title)
        axes.set_xlabel("connections that flood")
    legend_beside(rate)
    return save(figure, path)


def trickle_panels(results, path, figure_name, what):
    cases = [case for case in results.of_workload("trickle") if case.rate == 50_000]
    flushes = sorted({case.flush_ms for case in cases})
    if not flushes:
        return None
    figure, panels = one_row(len(flushes), width=4.4)
    for axes, flush in zip(panels, flushes):
        own = [case for case in cases if case.flush_ms == flush]
        lines(axes, own, lambda case: case.slow_sources, figure_name)
        axes.set_title(f"flush {flush:g} ms")
        axes.set_xlabel("connections, 50,000 messages/s in all")
    panels[0].set_ylabel(what)
    legend_beside(panels[-1])
    return save(figure, path)


def trickle_cpu(results, path):
    return trickle_panels(
        results, path, CPU_PER_MILLION, "CPU seconds for a million messages"
    )


def trickle_latency(results, path):
    return trickle_panels(results, path, P99, "p99 in ms")


def mixed(results, path):
    without, flooded = results.mixed(False), results.mixed(True)
    if without is None or flooded is None:
        return None
    names = [n for n in receivers_of([without, flooded]) if flooded.value(n, P99) is not None]
    if not names:
        return None
    figure, (axes,) = one_row(1, width=7, height=0.45 * len(names) + 1.2)
    for row, name in enumerate(names):
        ends = [without.value(name, P99), flooded.value(name, P99)]
        colour = style(name)[0]
        if ends[0] is not None:
            axes.plot(ends, [row, row], color=colour, linewidth=2)
            axes.plot(ends[0], row, "o", color=colour, fillstyle="none", markersize=8)
        axes.plot(ends[1], row, "o", color=colour, markersize=8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xscale("log")
    number_ticks(axes.xaxis)
    axes.set_xlabel("p99 of the slow connections in ms: ○ without, ● with a flood")
    return save(figure, path)


def files(results, path):
    cases = results.of_workload("files")
    if not cases:
        return None
    groups = [
        f"{case.flood_sources:,} {'in' if case.cached else 'out of'} the page cache"
        for case in cases
    ]
    names = receivers_of(cases)
    figure, (axes,) = one_row(1, width=7, height=1.2 * len(cases) + 1)
    thickness = 0.8 / len(names)
    for index, name in enumerate(names):
        values = [case.value(name, CPU_PER_GIB) or 0 for case in cases]
        places = [row + (index - (len(names) - 1) / 2) * thickness for row in range(len(cases))]
        axes.barh(places, values, height=thickness * 0.9, color=style(name)[0], label=name)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_yticks(range(len(cases)), groups)
    axes.set_xlabel("CPU seconds for each GiB of files")
    legend_beside(axes)
    return save(figure, path)


def compute(results, path):
    cases = results.of_workload("beside-compute")
    alone = next((case for case in cases if case.slow_sources == 0), None)
    beside = [case for case in cases if case.slow_sources > 0]
    speed = alone.value("none", "rounds_per_second") if alone is not None else None
    if not speed or not beside:
        return None
    figure, (axes,) = one_row(1, width=6)
    for name in receivers_of(beside):
        points = [
            (case.slow_sources, 100 * ratio(case.value(name, "rounds_per_second"), speed))
            for case in beside
            if case.value(name, "rounds_per_second") is not None
        ]
        if points:
            colour, marker = style(name)
            ours = name == "weft-uring"
            axes.plot(
                *zip(*points),
                label=name,
                color=colour,
                marker=marker,
                linewidth=2.8 if ours else 1.3,
            )
    count_ticks(axes, sorted({case.slow_sources for case in beside}))
    axes.set_ylim(0, 105)
    axes.set_xlabel("connections; the rate grows with them")
    axes.set_ylabel("% of the compute job's speed alone")
    legend_beside(axes)
    return save(figure, path)


def micro(results, path):
    groups = micro_keys(results)
    if not groups:
        return None
    names = {
        "weft": "weft",
        "weft-uring": "weft",
        "weft-epoll": "weft on epoll",
        "stock-shared": "stock Boost.Fiber",
        "stock": "the same, linked statically",
        "context": "bare Boost.Context",
        "thread": "threads",
        "heap": "malloc, free",
    }
    figure, (axes,) = one_row(1, width=8, height=0.6 * len(groups) + 1)
    thickness = 0.16
    labelled = set()
    for row, group in enumerate(groups):
        own = [name for name in names if name in results.micro[group]]
        for index, name in enumerate(own):
            axes.barh(
                row + (index - (len(own) - 1) / 2) * thickness,
                results.micro[group][name],
                height=thickness * 0.9,
                color=style(name)[0],
                label=None if names[name] in labelled else names[name],
            )
            labelled.add(names[name])
    axes.set_yticks(range(len(groups)), [micro_name(*group) for group in groups])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xscale("log")
    decade_ticks(axes.xaxis, time_text)
    legend_beside(axes)
    return save(figure, path)


def law_at(usl, reactors):
    """The Universal Scalability Law."""
    return (
        usl["lambda"]
        * reactors
        / (1 + usl["sigma"] * (reactors - 1) + usl["kappa"] * reactors * (reactors - 1))
    )


def scaling(results, path):
    if not results.scaling:
        return None
    figure, panels = one_row(len(results.scaling), width=4.8)
    for axes, case in zip(panels, results.scaling):
        counts = [point.reactors for point in case.points]
        axes.plot(
            counts,
            [point.independent_processes for point in case.points],
            color="#0072B2",
            marker="^",
            label="a process for each",
        )
        axes.plot(
            counts,
            [point.one_process for point in case.points],
            color="#D55E00",
            marker="o",
            linewidth=2.8,
            label="reactors of one process",
        )
        of_cores = [point.reactors for point in case.points if not point.beyond_cores]
        if case.usl and of_cores:
            low, high = min(of_cores), max(of_cores)
            steps = [low + (high - low) * step / 50 for step in range(51)]
            axes.plot(
                steps,
                [law_at(case.usl, step) for step in steps],
                color="#7F7F7F",
                linestyle="--",
                linewidth=1,
                label="scalability law, fitted",
            )
        axes.set_title(case.workload)
        axes.set_xticks(counts)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("reactors")
        axes.set_ylabel(case.unit)
    legend_beside(panels[-1])
    return save(figure, path)


PLOTS = {
    "flood": flood,
    "trickle-cpu": trickle_cpu,
    "trickle-latency": trickle_latency,
    "mixed": mixed,
    "files": files,
    "compute": compute,
    "micro": micro,
    "scaling": scaling,
}


def draw_all(results, folder):
    """Draws what was measured; returns the names of the plots that there are."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = set()
    for name, draw in PLOTS.items():
        path = folder / f"{name}.svg"
        path.unlink(missing_ok=True)
        if draw(results, path) is not None:
            drawn.add(name)
    return drawn
