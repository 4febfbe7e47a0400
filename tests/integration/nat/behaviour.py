# SPDX-License-Identifier: MIT OR Apache-2.0
"""Finds out how a router maps and filters UDP, as RFC 5780 does, with servers that answer from where they are told to.

behaviour.py serve ADDRESS ADDRESS   answers on ports 3478 and 3479 of both addresses; says "ready" once it does
behaviour.py ask ADDRESS ADDRESS     prints one JSON object: mapping, filtering, reached
"""
import json
import select
import socket
import sys

PORTS = (3478, 3479)
PATIENCE = 0.4


def serve(addresses: list[str]) -> None:
    sockets = []
    for address in addresses:
        for port in PORTS:
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((address, port))
            sockets.append(server)
    print("ready", flush=True)
    while True:
        for server in select.select(sockets, [], [])[0]:
            request, remote = server.recvfrom(64)
            sockets[int(request)].sendto(json.dumps(remote).encode(), remote)


def answer(client: socket.socket, server: tuple[str, int], sender: int) -> list | None:
    """How `server` sees `client`, told by the socket numbered `sender`; None when nothing comes."""
    for _ in range(2):
        client.sendto(str(sender).encode(), server)
        client.settimeout(PATIENCE)
        try:
            return json.loads(client.recvfrom(256)[0])
        except (TimeoutError, OSError):
            continue
    return None


def ask(addresses: list[str]) -> dict:
    def client() -> socket.socket:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    first, second = addresses
    one = client()
    seen = answer(one, (first, PORTS[0]), 0)
    if seen is None:
        return {"reached": False}
    mapping = "endpoint"
    if answer(one, (second, PORTS[0]), 2) != seen:
        mapping = "address"
    if answer(one, (first, PORTS[1]), 1) != seen:
        mapping = "address and port"
    # A fresh socket each, which has written to one server only.
    filtering = "address and port"
    if answer(client(), (first, PORTS[0]), 1):
        filtering = "address"
    if answer(client(), (first, PORTS[0]), 2):
        filtering = "endpoint"
    return {"reached": True, "mapping": mapping, "filtering": filtering}


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2:])
    else:
        print(json.dumps(ask(sys.argv[2:])))
