"""What every refusal of the command line looks like: one error with state, remedy and exit code, and no traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.home import assert_no_traceback

if TYPE_CHECKING:
    from tests.support.home import Ended, Home
    from tests.support.proxy import Proxy

READS = ("Get", "List", "Generate")


def assert_refused(ended: Ended, code: str, exit_code: int, *words: str) -> None:
    """Check the shape of a refusal, and that it says these words."""
    assert_no_traceback(ended)
    lines = ended.err.splitlines()
    errors = [line for line in lines if line.startswith("error[")]
    assert [line.partition("]")[0] for line in errors] == [f"error[{code}"], ended.err
    assert ended.code == exit_code, ended.err
    after = lines[lines.index(errors[0]) :]
    assert sum(line.startswith("  state      ") for line in after) == 1, ended.err
    assert after[-1].startswith("hint: "), ended.err
    assert after[-1].endswith(f"(exit {exit_code})"), ended.err
    for word in words:
        assert word in ended.err, (word, ended.err)


def writes(proxy: Proxy) -> list[str]:
    """Give the requests that change something."""
    return [seen.action for seen in proxy.seen if not seen.action.startswith(READS)]


def forget_sessions(home: Home) -> None:
    """Empty the session cache, so that the next command needs the key."""
    for cached in (home.state / "sessions").glob("*"):
        cached.unlink()
