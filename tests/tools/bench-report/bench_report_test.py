"""What tools/bench-report makes of results. results/ is made by hand: a few cases, some missing."""

import importlib.util
import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "tools" / "bench-report"))

import bars  # noqa: E402 (where it lies is known only now)
import cells  # noqa: E402
import ingest_tables  # noqa: E402
import page  # noqa: E402
from reading import Case, Receiver, ResultError, read_results  # noqa: E402

RESULTS = HERE / "results"


def bar(all_bars, about, what):
    """The only bar with these texts in it."""
    found = [b for b in all_bars if about in b.about and what in b.what]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} bars have '{about}' and '{what}'")
    return found[0]


def made_up_case(workload, slow=0, floods=0, rate=0, **receivers):
    """Receivers by their medians; '_' in a name is '-'."""
    made = {
        name.replace("_", "-"): Receiver({"sent_per_second": rate, **medians})
        for name, medians in receivers.items()
    }
    return Case(workload, workload, True, floods, slow, rate, 10, made)


class Bars(unittest.TestCase):
    def setUp(self):
        self.bars = bars.all_bars(read_results(RESULTS))

    def assert_bar(self, about, what, reached, met):
        own = bar(self.bars, about, what)
        self.assertEqual(own.met, met)
        if reached is None:
            self.assertIsNone(own.reached)
        else:
            self.assertAlmostEqual(own.reached, reached)

    def test_ratio_to_single_receives_is_of_the_same_case(self):
        self.assert_bar("flood, 100 connections", "uring-single", 0.5, True)
        self.assert_bar("flood, 10,000", "uring-single", 0.8, True)

    def test_what_was_not_available_is_neither_met_nor_missed(self):
        self.assert_bar("flood, 100 connections", "uring-bundles", None, None)

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        self.assert_bar("flood, 1,000 connections", "uring-single", None, None)

    def test_lowest_of_the_others_leaves_bundles_out(self):
        self.assert_bar("flood, 10,000", "lowest", 0.4 / 0.3, False)
        self.assertIn("epoll", bar(self.bars, "flood, 10,000", "lowest").note)

    def test_trickle_at_once_is_compared_with_single_receives_and_asio(self):
        about = "trickle, 50,000/s over 100, flush 0"
        self.assert_bar(about, "CPU per message, of uring-single", 1.05, True)
        self.assert_bar(about, "CPU per message, of asio", 1.05, False)
        self.assert_bar(about, "p99, of asio's", 1.2, False)

    def test_generator_that_fell_short_is_named(self):
        about = "trickle, 50,000/s over 100, flush 0"
        self.assertIn("beside asio", bar(self.bars, about, "p99, of asio's").note)
        self.assertEqual(bar(self.bars, about, "of uring-single").note, "")

    def test_latency_at_once_tells_how_its_runs_were(self):
        results = read_results(RESULTS)
        receivers = results.trickle(100, 50_000, 0).receivers
        receivers["weft-uring"].runs = [{"p99_ms": p99} for p99 in (0.9, 0.06, 0.6)]
        receivers["asio"].runs = [{"p99_ms": p99} for p99 in (0.08, 0.5, 1.2, 0.1)]
        about = "trickle, 50,000/s over 100, flush 0"
        own = bar(bars.all_bars(results), about, "p99, of asio's")
        self.assertAlmostEqual(own.reached, 1.2)
        self.assertIn(
            "0.75 in each one's best run; over 0.5 ms in 2 of 3 runs, asio's in 1 of 4", own.note
        )

    def test_single_run_has_no_others_to_be_told_of(self):
        results = read_results(RESULTS)
        for receiver in results.trickle(100, 50_000, 0).receivers.values():
            receiver.runs = [{"p99_ms": 0.6}]
        about = "trickle, 50,000/s over 100, flush 0"
        self.assertNotIn("run", bar(bars.all_bars(results), about, "p99, of asio's").note)

    def test_how_late_sleeps_end_is_shown_where_it_was_measured(self):
        text = ingest_tables.trickle(read_results(RESULTS))
        self.assertRegex(text, r"\| p99 \| [^|0-9]+ \| 0.125 \|")
        self.assertRegex(text, r"\| worst \| [^|0-9]+ \| 2.50? \|")

    def test_gathered_trickle_has_a_limit_of_ratio_and_of_time(self):
        about = "trickle, 50,000/s over 100, flush 10 ms"
        self.assert_bar(about, "CPU per message", 0.2, True)
        self.assert_bar(about, "p99", 11.5, True)

    def test_gathered_trickle_is_compared_with_its_basis_at_flush_0_too(self):
        about = "trickle, 50,000/s over 100, flush 10 ms"
        self.assertEqual(bar(self.bars, about, "CPU per message").note, "0.24 of uring-single at flush 0")
        self.assertEqual(bar(self.bars, about, "p99").note, "")

    def test_flood_beside_slow_sources_is_judged_by_medians_of_phases(self):
        self.assert_bar("weft-bench-mixed", "p99", 1.5, True)

    def test_phases_are_compared_with_their_neighbours_too(self):
        # 150 by 100, 9000 by 120, 140 by 90.
        self.assertEqual(
            bar(self.bars, "weft-bench-mixed", "p99").note, "1.50 to 75.00 in 3 pairs of phases"
        )

    def test_fibers_are_compared_by_time_for_each_item(self):
        self.assert_bar("switch between 1,000", "stock Boost.Fiber, linked statically", 0.4, True)
        self.assertEqual(
            bar(self.bars, "switch between 1,000", "stock").note, "0.25 of its shared library"
        )

    def test_fibers_need_no_shared_library_to_be_compared(self):
        self.assert_bar("spawn and join", "stock Boost.Fiber, linked statically", 0.25, True)
        self.assertEqual(bar(self.bars, "spawn and join", "stock").note, "")
        self.assert_bar("switch between 2 ", "stock", None, None)

    def test_memory_is_judged_at_10000_sources_alone(self):
        self.assert_bar("10,000 idle", "memory", 5, True)
        results = read_results(RESULTS)
        results.idle["sources"] = 5000
        self.assertIsNone(bar(bars.all_bars(results), "10,000 idle", "memory").met)

    def test_failed_test_of_allocations_misses_the_bar(self):
        self.assert_bar("running sources", "allocations", 1, False)

    def test_two_reactors_are_compared_with_two_processes(self):
        self.assert_bar("scaling, flood", "2 reactors", 0.9, False)

    def test_paced_load_is_judged_by_its_cost_too(self):
        results = read_results(RESULTS)
        paced = results.scaling[0]
        paced.workload = "trickle"
        paced.points[1].cpu_s_per_unit = 0.8
        made = bars.all_bars(results)
        self.assertAlmostEqual(bar(made, "scaling, trickle", "CPU second").reached, 0.5 / 0.8)
        self.assertIs(bar(made, "scaling, trickle", "throughput").met, False)
        del paced.points[1]
        self.assertIsNone(bar(bars.all_bars(results), "scaling, trickle", "CPU second").met)

    def test_limit_itself_is_met_unless_the_bar_is_to_be_below(self):
        self.assertTrue(bars.Bar("", "", "<=", 1, 1).met)
        self.assertTrue(bars.Bar("", "", ">=", 1, 1).met)
        self.assertFalse(bars.Bar("", "", "<", 1, 1).met)


class Numbers(unittest.TestCase):
    def test_three_digits_and_no_exponent(self):
        self.assertEqual(cells.significant(0.012345), "0.0123")
        self.assertEqual(cells.significant(9.999), "10.0")
        self.assertEqual(cells.significant(12345.6), "12,300")
        self.assertEqual(cells.significant(0), "0")

    def test_ratios_are_as_short_as_they_tell_something(self):
        self.assertEqual(cells.ratio_text(0.904), "0.90")
        self.assertEqual(cells.ratio_text(12.345), "12.35")
        self.assertEqual(cells.ratio_text(1234.5), "1,234")
        self.assertEqual(cells.ratio_text(99.999), "100")
        self.assertEqual(cells.ratio_text(0.004), "<0.01")
        self.assertEqual(cells.ratio_text(0), "0")

    def test_durations_have_the_unit_that_fits(self):
        self.assertEqual(cells.duration(1500), "1.50 µs")
        self.assertEqual(cells.duration(999), "999 ns")


class Tables(unittest.TestCase):
    def results(self, *cases):
        made = read_results(RESULTS)
        made.cases = list(cases)
        return made

    def test_throughput_of_a_trickle_is_shown(self):
        case = made_up_case("trickle", 100, rate=500, weft_uring={"messages_per_second": 498})
        text = ingest_tables.trickle(self.results(case))
        self.assertIn("Messages/s", text)
        self.assertIn("| **weft-uring** | 498 |", text)

    def test_message_at_the_edge_of_a_run_is_not_missed(self):
        case = made_up_case("trickle", 1, rate=5, asio={"sent_per_second": 4.5})
        self.assertFalse(case.kept_rate("asio"))
        case.receivers["asio"].runs = [{"window_ns": 2_000_000_000}]
        self.assertTrue(case.kept_rate("asio"))
        case.receivers["asio"].medians["sent_per_second"] = 4
        self.assertFalse(case.kept_rate("asio"))

    def test_mixed_load_has_the_cost_of_flood_and_messages(self):
        low, high = {"p99_ms": 0.1, "cpu_seconds_per_million": 12.5}, {"p99_ms": 0.15}
        high |= {"gib_per_second": 2, "cpu_seconds_per_gib": 0.25}
        text = ingest_tables.mixed(
            self.results(
                made_up_case("mixed", 99, weft_uring=low),
                made_up_case("mixed", 99, floods=1, weft_uring=high),
            )
        )
        self.assertIn("| **weft-uring** | 0.100 | 0.150 | 1.50 | 2.00 | 0.250 | 12.5 |", text)

    def test_what_is_left_of_a_job_has_the_receivers_cost_and_latency_beside_it(self):
        ours = {"rounds_per_second": 90, "cpu_seconds_per_million": 5, "p50_ms": 7, "p99_ms": 9}
        basis = {"rounds_per_second": 60, "cpu_seconds_per_million": 10, "p50_ms": 7, "p99_ms": 6}
        text = ingest_tables.compute(
            self.results(
                made_up_case("beside-compute", none={"rounds_per_second": 100}),
                made_up_case("beside-compute", 10, rate=50, uring_single=basis, weft_uring=ours),
            )
        )
        for cell in ("90.0% (1.50)", "5.00 (0.50)", "7.00 (1.00)", "9.00 (1.50)"):
            self.assertIn(f"| **weft-uring** | {cell} |", text)


class Page(unittest.TestCase):
    def render(self, **run):
        results = read_results(RESULTS)
        results.run.update(run)
        return page.render(results, Path("docs/benchmarks.md"), {"flood"})

    def test_every_place_of_the_template_is_filled(self):
        text = self.render()
        self.assertNotIn("{{", text)
        self.assertIn("0.400 (0.50)", text)
        self.assertIn("](benchmarks/flood.svg)", text)
        self.assertNotIn("micro.svg", text)
        self.assertIn("no bundles here", text)

    def test_each_figure_has_its_ratio_unless_the_basis_has_none(self):
        cases = read_results(RESULTS).of_workload("trickle")
        at_once = cases[0].receivers
        for name, share, switches in (("uring-single", 0, 0.5), ("weft-uring", 0.1, 0.05)):
            at_once[name].medians |= {"late_share": share, "switches_per_unit": switches}
        self.assertEqual(cells.cell(cases[0], "weft-uring", "switches_per_unit"), "0.0500 (0.10)")
        self.assertEqual(cells.cell(cases[0], "uring-single", "switches_per_unit"), "0.500")
        self.assertEqual(cells.cell(cases[0], "weft-uring", "late_share"), "0.100")
        self.assertEqual(cells.cell(cases[0], "asio", "switches_per_unit"), cells.NOT_MEASURED)

    def test_what_claims_nothing_is_marked(self):
        text = self.render()
        self.assertIn("| 0.90\\* |", text)
        self.assertIn("\\* No claim", text)
        self.assertIn("not fitted", text)

    def test_quick_and_incomplete_runs_say_so(self):
        self.assertNotIn("quick run", self.render())
        self.assertIn("A quick run", self.render(quick="yes"))
        self.assertIn("Incomplete", self.render(complete="no"))

    @unittest.skipUnless(importlib.util.find_spec("matplotlib"), "matplotlib is not installed")
    def test_plots_are_the_same_for_the_same_results(self):
        import plots

        results = read_results(RESULTS)
        with tempfile.TemporaryDirectory() as folder:
            first, again = Path(folder, "first"), Path(folder, "again")
            drawn = plots.draw_all(results, first)
            plots.draw_all(results, again)
            self.assertLessEqual({"flood", "trickle-cpu", "micro", "scaling"}, drawn)
            for name in drawn:
                text = (first / f"{name}.svg").read_bytes()
                self.assertEqual(text, (again / f"{name}.svg").read_bytes())
                self.assertNotIn(b"dc:date", text)


class BadInput(unittest.TestCase):
    def assert_refused(self, file, change, *texts):
        """With the file changed so, reading is refused and the message has the texts."""
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder, "results")
            shutil.copytree(RESULTS, results)
            path = results / file
            path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
            with self.assertRaises(ResultError) as refusal:
                read_results(results)
            for text in (file, *texts):
                self.assertIn(text, str(refusal.exception))

    @staticmethod
    def edited(edit):
        def change(text):
            value = json.loads(text)
            edit(value)
            return json.dumps(value)

        return change

    def test_cut_off_file_is_named(self):
        self.assert_refused("micro.json", lambda text: text[: len(text) // 2], "is no JSON")

    def test_missing_member_is_named_with_its_place(self):
        self.assert_refused(
            "ingest-flood.json",
            self.edited(lambda value: value["cases"][1].pop("slow_sources")),
            "cases[1]",
            "'slow_sources' is missing",
        )

    def test_number_that_is_a_text_is_named(self):
        def edit(value):
            medians = value["cases"][0]["receivers"]["weft-uring"]["medians"]
            medians["cpu_seconds_per_gib"] = "fast"

        self.assert_refused(
            "ingest-flood.json", self.edited(edit), "weft-uring", "cpu_seconds_per_gib", "fast"
        )

    def test_unknown_workload_is_named(self):
        self.assert_refused(
            "ingest-trickle.json",
            self.edited(lambda value: value["cases"][0].update(workload="drizzle")),
            "drizzle",
            "trickle",
        )

    def test_folder_without_results_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(ResultError) as refusal:
                read_results(folder)
            self.assertIn(folder, str(refusal.exception))

    def test_failed_run_is_kept_as_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder, "results")
            shutil.copytree(RESULTS, results)
            path = results / "ingest-flood.json"
            value = json.loads(path.read_text(encoding="utf-8"))
            value["cases"][0]["receivers"]["asio"]["runs"] = [
                {"outcome": "failed", "problem": "a byte was wrong"}
            ]
            path.write_text(json.dumps(value), encoding="utf-8")
            read = read_results(results)
            self.assertEqual(read.failures, ["flood, 100 connections: asio: a byte was wrong"])
            self.assertIsNone(read.flood(100).value("asio", "cpu_seconds_per_gib"))


if __name__ == "__main__":
    unittest.main()
