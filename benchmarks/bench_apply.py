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

DELAY = 0.060


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--identities", type=int, default=25)
    count = parser.parse_args().identities
    with sandbox() as place, delaying(place.port, DELAY) as proxy:
        place.write_spec(count)
        place.boto3(place.new_account(), place.url, "create", 1)  # the sandbox's own first call is slow
        first, second = place.new_account(), place.new_account()

        def timed(run: Callable[[], Spent]) -> tuple[Spent, int, float]:
            before = place.sandbox_cpu()
            took = run()
            return took, proxy.requests().total(), place.sandbox_cpu() - before

        ours, calls, sandbox_cpu = timed(lambda: place.leastkey(first, proxy.url, "apply", "--yes"))
        theirs, their_calls, their_cpu = timed(lambda: place.boto3(second, proxy.url, "create", count))
    line(
        f"apply of {count} identities, {DELAY * 1000:.0f} ms a request",
        f"{ours.wall:.1f} s, {calls} calls (sandbox CPU {sandbox_cpu:.1f} s)",
        f"sequential boto3 script {theirs.wall:.1f} s, {their_calls} calls (sandbox CPU {their_cpu:.1f} s)",
        ours.wall / theirs.wall,
    )


if __name__ == "__main__":
    main()
