"""Writes the page and the plots of a run of tools/bench. Called by it."""

import argparse
import sys
from pathlib import Path

from page import render
from reading import ResultError, read_results


def main():
    parser = argparse.ArgumentParser(prog="bench-report", description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="folder of the JSON files")
    parser.add_argument("--page", type=Path, required=True, help="Markdown file to write")
    arguments = parser.parse_args()
    try:
        results = read_results(arguments.results)
    except ResultError as error:
        print(f"bench-report: {error}", file=sys.stderr)
        return 1
    from plots import draw_all  # takes a second, and matplotlib

    arguments.page.parent.mkdir(parents=True, exist_ok=True)
    drawn = draw_all(results, arguments.page.with_suffix(""))
    text = render(results, arguments.page, drawn)
    arguments.page.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
