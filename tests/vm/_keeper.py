"""Holds memory, an open file and connections for as long as it lives, and answers commands, a line each, on 127.0.0.1:7000.

With the argument "client" it is the other side: one connection that stays open, over which it asks without end.
"""

import hashlib
import mmap
import os
import socket
import sys
import threading
import time

ADDRESS = ("127.0.0.1", 7000)
PERIOD_SEC = 0.02
DISK = "disk"

ticks = 0


def write_halves():
    """Numbers, each written in two halves to a file that stays open"""
    global ticks
    file = os.open("halves", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        os.write(file, f"{ticks}:".encode())
        time.sleep(PERIOD_SEC)
        os.write(file, f"{ticks}\n".encode())
        ticks += 1


def flip(memory, offset, length):
    flipped = int.from_bytes(memory[offset : offset + length], "little") ^ ((1 << 8 * length) - 1)
    memory[offset : offset + length] = flipped.to_bytes(length, "little")
    return "flipped"


def truncate(disk, length):
    size = os.fstat(disk).st_size
    os.ftruncate(disk, length)
    os.ftruncate(disk, size)
    return "truncated"


def answer(memory, disk, command, *numbers):
    numbers = [int(number) for number in numbers]
    if command == "ping":
        return str(numbers[0])
    if command == "ticks":
        return str(ticks)
    if command == "pid":
        return str(os.getpid())
    if command == "hash-memory":
        return hashlib.sha256(memory).hexdigest()
    if command == "fill-memory":
        offset, length, byte = numbers
        memory[offset : offset + length] = bytes([byte]) * length
        return "filled"
    if command == "fill-disk":
        offset, length, byte = numbers
        os.pwrite(disk, bytes([byte]) * length, offset)
        return "filled"
    if command == "read-memory":
        offset, length = numbers
        return hashlib.sha256(memory[offset : offset + length]).hexdigest()
    if command == "flip-memory":
        return flip(memory, *numbers)
    if command == "truncate-disk":
        return truncate(disk, *numbers)
    raise ValueError(command)


def serve(connection, memory, disk):
    with connection, connection.makefile("rw") as lines:
        for line in lines:
            lines.write(answer(memory, disk, *line.split()) + "\n")
            lines.flush()


def keep():
    disk = os.open(DISK, os.O_RDWR)
    size = os.fstat(disk).st_size
    memory = mmap.mmap(-1, size)
    os.preadv(disk, [memory], 0)
    threading.Thread(target=write_halves, daemon=True).start()
    listener = socket.create_server(ADDRESS, backlog=16)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, memory, disk), daemon=True).start()


def ask_without_end():
    with socket.create_connection(ADDRESS) as connection, connection.makefile("rw") as lines:
        for number in range(sys.maxsize):
            lines.write(f"ping {number}\n")
            lines.flush()
            if lines.readline() != f"{number}\n":
                raise ConnectionError(f"no answer to ping {number}")
            with open("pings.new", "w") as file:
                file.write(str(number))
            os.rename("pings.new", "pings")
            time.sleep(PERIOD_SEC)


if sys.argv[1:] == ["client"]:
    ask_without_end()
else:
    keep()
