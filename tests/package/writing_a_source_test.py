"""The page "Writing a source" keeps its word: its files make a project that builds, passes its test
and ingests, by the commands that the page gives, and the template is the same.

Usage: writing_a_source_test.py PAGE TEMPLATE DIRECTORY, with the environment that tells CMake where
weft is installed and how to build.
"""

import pathlib
import random
import re
import shutil
import socket
import subprocess
import sys
import unittest

page, template, directory = (pathlib.Path(argument) for argument in sys.argv[1:4])
PAGE = page.read_text()
PORT_OF_THE_PAGE = "9000"


def files_of_the_page():
    """Blocks whose first line names a file: ```cpp name."""
    return dict(re.findall(r"^```[a-z]+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))


def block(language):
    """The first block of this language."""
    return re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL).group(1)


def free_port():
    """Not of those that the kernel gives away: the build takes a while, and others would have it."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(1024, first), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return str(port)
            except OSError:
                pass
    raise RuntimeError(f"none of 100 ports below {first} is free")


class WritingASource(unittest.TestCase):
    def test_template_is_what_the_page_shows(self):
        shown = files_of_the_page()
        copied = {path.name: path.read_text() for path in template.iterdir()}
        self.assertEqual(sorted(shown), sorted(copied))
        for name, text in shown.items():
            self.assertEqual(text, copied[name], name)

    def test_commands_of_the_page_do_what_it_says(self):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        # Only the port is another one: the page's may be in use.
        port = free_port()
        for name, text in files_of_the_page().items():
            (directory / name).write_text(text.replace(PORT_OF_THE_PAGE, port))
        commands = block("sh").replace(PORT_OF_THE_PAGE, port)
        run = subprocess.run(["bash", "-euo", "pipefail", "-c", commands + "wait\n"], cwd=directory,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertIn("100% tests passed", run.stdout)
        # What `sources ticker` prints is on the page.
        self.assertIn(block("text"), run.stdout)
        self.assertIn("complete: all sources have ended, all buffers delivered", run.stdout)
        self.assertIn("total    33 bytes", run.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
