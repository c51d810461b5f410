"""Downloads as a MicroPython device does: streamed into a small buffer, resumed from the file.

Run by MicroPython: micropython micropython_client.py URL TOKEN FILE
"""

import os
import sys

import requests


def main(url: str, token: str, name: str) -> None:
    """Fetch what the file lacks."""
    try:
        start = os.stat(name)[6]  # noqa: PTH116  (MicroPython has no pathlib)
    except OSError:
        start = 0
    headers = {"Authorization": "Bearer " + token}
    if start:
        headers["Range"] = "bytes=%d-" % start  # noqa: UP031  (the firmware's own way)
    answer = requests.get(url, headers=headers, timeout=10)
    if answer.status_code != (206 if start else 200):
        sys.exit(answer.status_code)
    buffer = memoryview(bytearray(4096))
    with open(name, "ab") as file:  # noqa: PTH123  (as above)
        while count := answer.raw.readinto(buffer):
            file.write(buffer[:count])


main(*sys.argv[1:])
