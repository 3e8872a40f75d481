"""The credential helper the AWS CLI runs before every command: `PYTHON -I -S SCRIPT HOME BINDING_ID`.

What it imports is paid every time, and a script is compiled every time: so this one asks the agent, where one runs,
with what is built into the interpreter, and leaves all else to `issue_credentials`. An agent of another user is not
believed. On failure nothing goes to stdout, one line without a secret to stderr, and the exit code is 4.
Source: AWS SDKs and Tools Reference Guide, "Process credential provider"; Linux manual page unix(7), SO_PEERCRED.
"""

import sys

if sys.platform != "win32":
    import posix

    def open_missing() -> None:
        """Open the null device where we were started without a stream: nothing that holds a secret may get its number."""
        for number in (0, 1, 2):
            try:
                posix.fstat(number)
            except OSError:
                posix.open("/dev/null", posix.O_RDWR)  # the lowest number that is free

    def from_agent(home: str, binding: str) -> bytes:
        """Give what the agent of this state folder holds for a binding, or nothing."""
        path = home + "/agent/socket"
        try:
            posix.lstat(path)
        except OSError:
            return b""
        import _socket

        agent = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        agent.settimeout(3)
        try:
            agent.connect(path)
            place = (1, 17, 12) if sys.platform == "linux" else (0, 1, 76)  # SO_PEERCRED; LOCAL_PEERCRED
            if int.from_bytes(agent.getsockopt(*place)[4:8], sys.byteorder) != posix.geteuid():
                return b""
            agent.sendall(binding.encode() + b"\n")
            document = b""
            while part := agent.recv(65536):
                document += part
        except OSError:  # it is gone, or does not answer
            return b""
        finally:
            agent.close()
        return document if document[:1] == b"{" and document[-2:] == b"}\n" else b""

    def main(arguments: list[str]) -> int:
        """Print the credentials of a binding; gives the exit code."""
        open_missing()
        if len(arguments) == 2 and not posix.isatty(1):
            document = from_agent(*arguments)
            if document:
                return hand_over(document)
        return others(arguments)

    def hand_over(document: bytes) -> int:
        """Print a document whole; gives the exit code."""
        try:
            while document:
                document = document[posix.write(1, document) :]
        except OSError:
            posix.write(2, b"leastkey: [io-failed] the credentials could not be handed over\n")
            return 4
        return 0

else:

    def main(arguments: list[str]) -> int:
        """Print the credentials of a binding; gives the exit code."""
        return others(arguments)


def others(arguments: list[str]) -> int:
    """Print them from the cache, or mint a session."""
    import os

    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  # pathlib costs more than the rest
    if root not in sys.path:
        sys.path.append(root)
    from leastkey.issue_credentials import issue

    return issue(arguments)


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("leastkey: [interrupted] no credentials were issued\n")
        code = 4
    sys.exit(code)
