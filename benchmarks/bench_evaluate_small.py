"""Cases of 3 KB parsed, compiled and evaluated a second, none twice, beside the npm peer."""

from __future__ import annotations

from evaluate_cases import print_beside_the_peer, small


def main() -> None:
    lines = [small(number) for number in range(100)]
    print_beside_the_peer(f"a case of {len(lines[0]):,} bytes and 4 statements", lines)


if __name__ == "__main__":
    main()
