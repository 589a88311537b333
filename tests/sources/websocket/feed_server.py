"""A WebSocket server of the package `websockets`: what it sends depends on the path.

Prints its port, and then a line for each connection that has ended. With two arguments, the files of
a certificate and its key, it speaks TLS.
"""

import asyncio
import ssl
import sys

import websockets


async def feed(socket, path):
    if path == "/echo":
        await socket.send(await socket.recv())
    elif path == "/flood":
        for number in range(20000):
            await socket.send(f"message {number}")
    elif path == "/fragments":
        await socket.send(part for part in ["one ", "message ", "of ", "fragments"])
    elif path == "/ping":
        # Waits for the answer.
        await (await socket.ping("are you there"))
        await socket.send("answered")
    elif path == "/large":
        await socket.send(bytes(1 << 20))
    elif path == "/silent":
        # The library answers pings by itself.
        await socket.wait_closed()
    elif path == "/fail":
        await socket.close(1011, "out of order")
    elif path == "/restart":
        # As programs do when they are told to end.
        await socket.send("last words")
        socket.ws_server.close()
        await socket.wait_closed()
    if path == "/who":
        await socket.send(f"{socket.subprotocol} {socket.request_headers['X-Feed']}")
    await socket.close()


async def serve():
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])

    async def handle(socket, path):
        try:
            await feed(socket, path)
        except websockets.ConnectionClosed:
            pass
        await socket.wait_closed()
        print(f"closed {socket.close_code}", flush=True)

    async with websockets.serve(
        handle, "127.0.0.1", 0, ssl=context, subprotocols=["feed.v2", "feed.v1"]
    ) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(serve())
