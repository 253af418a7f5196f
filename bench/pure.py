"""The same lookups through pypureomapi.

pure.py lookup COUNT: prints the seconds that it took.
"""

import os
import sys
import time

import pypureomapi as pure

FIRST = 0x0A000100
LEASES = 10000


def main():
    count = int(sys.argv[2])
    server = pure.Omapi(os.environ["OMAPI_HOST"], int(os.environ["OMAPI_PORT"]))
    start = time.monotonic()
    for i in range(count):
        message = pure.OmapiMessage.open(b"lease")
        message.obj.append((b"ip-address", (FIRST + i % LEASES).to_bytes(4, "big")))
        answer = server.query_server(message)
        if answer.opcode != pure.OMAPI_OP_UPDATE:
            sys.exit("no object")
    print(time.monotonic() - start)


main()
