"""leastkey: least-privilege AWS API access for automation scripts, from one small file and one command.

The package is three rings. Pure: `iam`, `spec`, `evaluate`, `compile`, `plan` (values in, values out).
Flows: `keys`, `broker`, `verify`, `apply`, which know only the Protocols in `ports`.
Rim: `aws`, `vault`, `disk`, `sandbox`, `cli`, each the one door to a heavy library.
Nothing is imported here, because the AWS CLI starts our credential helper before every command.
"""

__version__ = "0.1.0"
