"""The other ends of the sources in feeds.yaml. Each sends the numbers from 0 to RECORDS - 1, a line each."""

import asyncio
import gzip
import os
import pathlib
import socket
import ssl
import subprocess

import websockets

RECORDS = 1000
PAUSE_S = 0.001
LOOPBACK = "127.0.0.1"


async def lines():
    for number in range(RECORDS):
        yield f"{number}\n"
        await asyncio.sleep(PAUSE_S)


async def until(condition):
    """Asks again until `condition()` is true: for what nobody tells us about."""
    while not condition():
        await asyncio.sleep(0.01)


async def send_lines(_reader, writer):
    async for line in lines():
        writer.write(line.encode())
        await writer.drain()
    writer.close()


async def send_events(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode())
    async for line in lines():
        event = f"data: {line}\n"
        writer.write(f"{len(event):x}\r\n{event}\r\n".encode())
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    writer.close()


async def send_messages(client, path=None):
    async for line in lines():
        await client.send(line.rstrip())


async def send_packets(path):
    """asyncio has no servers for sockets of this kind."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.setblocking(False)
        server.bind(path)
        server.listen()
        client, _ = await loop.sock_accept(server)
        with client:
            async for line in lines():
                await loop.sock_sendall(client, line.encode())


async def send_datagrams(port):
    # What is sent before anybody receives is lost.
    listening = f"{socket.inet_aton(LOOPBACK)[::-1].hex().upper()}:{port:04X}"
    await until(lambda: listening in pathlib.Path("/proc/net/udp").read_text())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        async for line in lines():
            sender.sendto(line.encode(), (LOOPBACK, port))


async def connect_and_send(connect):
    while True:
        try:
            reader, writer = await connect()
            break
        except OSError:
            await asyncio.sleep(0.01)
    await send_lines(reader, writer)


async def append_lines(path):
    with open(path, "w") as file:
        async for line in lines():
            file.write(line)
            file.flush()


def make_archive(directory):
    directory.mkdir()
    half = RECORDS // 2
    for part, numbers in enumerate([range(half), range(half, RECORDS)]):
        with gzip.open(directory / f"{part}.gz", "wt") as file:
            file.writelines(f"{number}\n" for number in numbers)


def make_certificate(path):
    key = path.with_suffix(".key")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-subj", "/CN=peer", "-addext", f"subjectAltName=IP:{LOOPBACK}",
         "-keyout", str(key), "-out", str(path)],
        check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key)
    return context


class Broker:
    """A mosquitto of its own."""

    def __init__(self, port):
        self.port = port
        self.log = pathlib.Path("broker.log")
        pathlib.Path("broker.conf").write_text(
            f"listener {port} {LOOPBACK}\nallow_anonymous true\nlog_type all\nlog_dest stderr\n")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/mosquitto", "-c", "broker.conf"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT)

    async def start(self):
        def runs():
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker has ended: {self.log.read_text()}")
            return "running" in self.log.read_text()
        await until(runs)

    async def publish(self):
        await until(lambda: "Sending SUBACK" in self.log.read_text())
        publisher = await asyncio.create_subprocess_exec(
            "mosquitto_pub", "-h", LOOPBACK, "-p", str(self.port), "-t", "room/7/temperature",
            "-q", "1", "-l", stdin=asyncio.subprocess.PIPE)
        async for line in lines():
            publisher.stdin.write(line.encode())
        publisher.stdin.close()
        await publisher.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Peers:
    """All of them, in the working directory. `ports` has one for each name of a source."""

    def __init__(self, ports):
        self.ports = ports
        self.broker = Broker(ports["rooms"])

    async def listen(self):
        """After this weft may start. The servers are kept: asyncio closes those that nobody has."""
        make_archive(pathlib.Path("archive"))
        pathlib.Path("app.log").touch()
        secure = make_certificate(pathlib.Path("peer.pem"))
        self.servers = [
            await asyncio.start_server(send_lines, LOOPBACK, self.ports["plain"]),
            await asyncio.start_server(send_lines, LOOPBACK, self.ports["secured"], ssl=secure),
            await asyncio.start_server(send_events, LOOPBACK, self.ports["events"]),
            await asyncio.start_unix_server(send_lines, "feed.sock"),
            await websockets.serve(send_messages, LOOPBACK, self.ports["messages"]),
        ]
        self.packets = asyncio.create_task(send_packets("packets.sock"))
        await until(lambda: os.path.exists("packets.sock"))
        await self.broker.start()

    async def send(self, standard_input):
        await asyncio.gather(
            self.packets,
            self.broker.publish(),
            send_datagrams(self.ports["datagrams"]),
            connect_and_send(lambda: asyncio.open_connection(LOOPBACK, self.ports["clients"])),
            connect_and_send(lambda: asyncio.open_unix_connection("door.sock")),
            append_lines("app.log"),
            send_lines(None, standard_input))

    def stop(self):
        self.broker.stop()
