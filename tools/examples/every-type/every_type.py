#!/usr/bin/python3
"""Runs `weft run` on a configuration with a source of every type, and the peers that it takes.

Each peer sends a thousand numbered lines. When all have come, weft is ended as by Ctrl-C, and what it
has written is compared with what was sent.

Packages: python3-websockets mosquitto mosquitto-clients openssl.
"""

import argparse
import asyncio
import os
import pathlib
import re
import shutil
import signal
import socket
import sys
import tempfile
import time

from peers import LOOPBACK, RECORDS, Peers

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
EXPECTED = "".join(f"{number}\n" for number in range(RECORDS))
PATIENCE_S = 10  # without a byte of any source


def is_taken(port):
    for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                return True
    return False


def free_port():
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        if not is_taken(port):
            return port


def configuration():
    """Its text, with free ports, and the port of each source that has one."""
    text = (HERE / "feeds.yaml").read_text()
    ports = {}

    def choose(match):
        port = int(match["port"])
        ports[match["name"]] = port if not is_taken(port) else free_port()
        return f"{match['before']}{ports[match['name']]}"

    text = re.sub(r"(?P<before>name: (?P<name>\w+).*(?:port: |127\.0\.0\.1:))(?P<port>\d+)", choose, text)
    return text, ports


def source_names(text):
    return re.findall(r"name: (\w+)", text)


def delivered(name):
    """What came of the source; of one that listens, of its only connection."""
    path = pathlib.Path("out") / name
    path = path / "1" if path.is_dir() else path
    return path.read_text() if path.exists() else ""


async def until_all_has_come(names, ended):
    """Or weft has ended, or nothing comes any more."""
    come, patience_end = 0, time.monotonic() + PATIENCE_S
    while come < len(names) * len(EXPECTED) and not ended.done() and time.monotonic() < patience_end:
        await asyncio.sleep(0.01)
        come_before, come = come, sum(len(delivered(name)) for name in names)
        if come > come_before:
            patience_end = time.monotonic() + PATIENCE_S


async def run(weft, engine):
    text, ports = configuration()
    text += f"runtime: {{engine: {engine}}}\n"
    pathlib.Path("feeds.yaml").write_text(text)
    peers = Peers(ports)
    try:
        await peers.listen()
        program = await asyncio.create_subprocess_exec(
            weft, "run", "feeds.yaml", "--plain", stdin=asyncio.subprocess.PIPE)
        ended = asyncio.create_task(program.wait())
        sending = asyncio.create_task(peers.send(program.stdin))
        await asyncio.wait([ended, sending], return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()  # throws what a peer has met
        sending.cancel()
        names = source_names(text)
        await until_all_has_come(names, ended)
        if not ended.done():
            program.send_signal(signal.SIGINT)
        exit_code = await ended
    finally:
        peers.stop()
    return report(names, exit_code)


def report(names, exit_code):
    wrong = [name for name in names if delivered(name) != EXPECTED]
    for name in wrong:
        print(f"every_type: {name}: not what was sent, see out/{name}", file=sys.stderr)
    if exit_code != 0:
        print(f"every_type: weft has ended with exit code {exit_code}", file=sys.stderr)
    if wrong or exit_code != 0:
        return 1
    print(f"{len(names)} sources: of each the {RECORDS} lines that were sent, in order")
    return 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weft", type=pathlib.Path, default=ROOT / "build/release/bin/weft",
                        help="the program (default: build/release/bin/weft)")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIRECTORY",
                        help="a new directory for all files, which stay; else a temporary one")
    parser.add_argument("--engine", choices=["auto", "io_uring", "epoll"], default="auto")
    options = parser.parse_args()
    weft = shutil.which(options.weft)
    if weft is None:
        parser.error(f"--weft is '{options.weft}', which is no program; build it with tools/test")
    weft = pathlib.Path(weft).resolve()
    if options.keep is not None:
        try:
            options.keep.mkdir()
        except OSError as error:
            parser.error(f"--keep is '{options.keep}': {error.strerror}; name a new directory")
        return run_in(options.keep, weft, options.engine)
    with tempfile.TemporaryDirectory() as directory:
        return run_in(directory, weft, options.engine)


def run_in(directory, weft, engine):
    os.chdir(directory)
    return asyncio.run(run(weft, engine))


if __name__ == "__main__":
    sys.exit(main())
