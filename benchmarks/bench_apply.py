"""Creating N identities (`leastkey apply --yes`, start-up and all), beside a sequential boto3 script, 60 ms a request."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from measure import line
from place import sandbox
from slow_proxy import delaying

if TYPE_CHECKING:
    from collections.abc import Callable

    from measure import Spent
    from place import Place
    from slow_proxy import Slow

DELAY = 0.060


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--identities", type=int, nargs="+", default=[1, 10, 100])
    counts = parser.parse_args().identities
    with sandbox() as place, delaying(place.port, DELAY) as proxy:
        place.boto3(place.new_account(), place.url, "create", 1)  # the sandbox's own first call is slow
        for count in counts:
            compare(place, proxy, count)


def compare(place: Place, proxy: Slow, count: int) -> None:
    def timed(run: Callable[[], Spent]) -> tuple[Spent, int, float]:
        before = place.sandbox_cpu()
        proxy.requests()
        took = run()
        return took, proxy.requests().total(), place.sandbox_cpu() - before

    place.write_spec(count)
    first, second = place.new_account(), place.new_account()
    ours, calls, sandbox_cpu = timed(lambda: place.leastkey(first, proxy.url, "apply", "--yes"))
    theirs, their_calls, their_cpu = timed(lambda: place.boto3(second, proxy.url, "create", count))
    line(
        f"apply of {count} identities, {DELAY * 1000:.0f} ms a request",
        f"{ours.wall:.1f} s, {calls} calls (CPU {ours.cpu:.1f} s, the sandbox's {sandbox_cpu:.1f} s)",
        f"sequential boto3 script {theirs.wall:.1f} s, {their_calls} calls"
        f" (CPU {theirs.cpu:.1f} s, the sandbox's {their_cpu:.1f} s)",
        ours.wall / theirs.wall,
    )


if __name__ == "__main__":
    main()
