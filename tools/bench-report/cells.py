"""What tables are made of, in Markdown: numbers, and cells with their ratio to the basis."""

from bars import BASIS, ratio

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


def ratio_text(quotient):
    """Two decimals as long as they tell something."""
    if quotient == 0:
        return "0"
    if quotient < 0.005:
        return "<0.01"
    return f"{quotient:.2f}" if quotient < 99.995 else f"{quotient:,.0f}"


def cell(case, receiver, figure, text=significant):
    """'0.312 (0.90)': the median, and its ratio to the basis if that is not 0."""
    value = case.value(receiver, figure)
    if value is None:
        return NOT_MEASURED
    mark = "" if case.kept_rate(receiver) else "\\*"
    quotient = ratio(value, case.value(BASIS, figure))
    if receiver == BASIS or quotient is None:
        return text(value) + mark
    return f"{text(value)} ({ratio_text(quotient)}){mark}"


def row_name(receiver):
    return f"**{receiver}**" if receiver.startswith("weft-") else receiver


def comparison(cases, headings, figure, text=significant):
    """A line for each receiver, a column for each case."""
    rows = [
        [row_name(name)] + [cell(case, name, figure, text) for case in cases]
        for name in receivers_of(cases)
        if any(case.value(name, figure) is not None for case in cases)
    ]
    return table(["receiver", *headings], rows)


def section(*parts):
    return "\n\n".join(part for part in parts if part)
