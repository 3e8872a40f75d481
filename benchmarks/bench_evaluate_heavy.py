"""Cases of ten policies of 6 KB parsed, compiled and evaluated a second, none twice, beside the npm peer."""

from __future__ import annotations

from evaluate_cases import heavy, print_beside_the_peer


def main() -> None:
    lines = [heavy(number) for number in range(20)]
    print_beside_the_peer(f"ten policies of {len(lines[0]) // 10:,} bytes, 310 statements", lines)


if __name__ == "__main__":
    main()
