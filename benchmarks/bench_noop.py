"""A run that changes nothing, beside a boto3 script that reads what it made back, 20 ms a request.

The script reads no more than 100 identities, whatever their number: its time grows with them, and a thousand take minutes.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from measure import line
from place import sandbox
from slow_proxy import delaying

if TYPE_CHECKING:
    from place import Place
    from slow_proxy import Slow

DELAY = 0.020
MOST_READ = 100


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--identities", type=int, nargs="+", default=[100, 1000])
    counts = parser.parse_args().identities
    with sandbox() as place, delaying(place.port, 0) as proxy:
        for count in counts:
            compare(place, proxy, count)


def compare(place: Place, proxy: Slow, count: int) -> None:
    place.write_spec(count)
    account = place.new_account()
    place.leastkey(account, proxy.url, "apply", "--yes")
    proxy.requests()
    proxy.delay(DELAY)
    before = place.sandbox_cpu()
    ours = place.leastkey(account, proxy.url, "apply", "--yes")
    sandbox_cpu = place.sandbox_cpu() - before
    calls = proxy.requests()
    read = min(count, MOST_READ)
    theirs = place.boto3(account, proxy.url, "check", read)
    their_calls = proxy.requests().total()
    proxy.delay(0)
    line(
        f"no-op apply of {count} identities, {DELAY * 1000:.0f} ms a request",
        f"{ours.wall:.1f} s, {calls.total()} calls (CPU {ours.cpu:.1f} s, the sandbox's {sandbox_cpu:.1f} s)",
        f"sequential boto3 reads of {read} of them {theirs.wall:.1f} s, {their_calls} calls",
        ours.wall / theirs.wall,
    )


if __name__ == "__main__":
    main()
