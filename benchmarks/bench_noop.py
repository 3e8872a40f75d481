"""A run that changes nothing at N = 100, beside a boto3 script that reads what it made back, 20 ms a request."""

from __future__ import annotations

from measure import line
from place import sandbox
from slow_proxy import delaying

COUNT = 100
DELAY = 0.020


def main() -> None:
    with sandbox() as place, delaying(place.port, 0) as proxy:
        place.write_spec(COUNT)
        account = place.new_account()
        place.leastkey(account, proxy.url, "apply", "--yes")
        proxy.requests()
        proxy.delay(DELAY)
        ours = place.leastkey(account, proxy.url, "apply", "--yes")
        calls = proxy.requests()
        theirs = place.boto3(account, proxy.url, "check", COUNT)
        their_calls = proxy.requests().total()
    line(
        f"no-op apply of {COUNT} identities, {DELAY * 1000:.0f} ms a request",
        f"{ours.wall:.1f} s, {calls.total()} calls",
        f"sequential boto3 reads {theirs.wall:.1f} s, {their_calls} calls",
        ours.wall / theirs.wall,
    )


if __name__ == "__main__":
    main()
