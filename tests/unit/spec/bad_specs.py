"""Specs that must be refused: what is written, the code, line and column, and words of the error."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BAD", "Bad", "grants", "identity", "top"]


class Bad(NamedTuple):
    """One spec and the error it must give; `says` are fragments of what, why or remedy."""

    text: str
    code: str
    at: str
    says: tuple[str, ...]


def top(lines: str) -> str:
    """Put lines before an identity that is right; they begin on line 2."""
    return f"version: 1\n{lines}\nidentities: {{a: {{allow: [s3: [list]], used-by: [user]}}}}\n"


def identity(lines: str) -> str:
    """Put lines, indented by four, into an identity that is right; they begin on line 4."""
    return f"version: 1\nidentities:\n  a:\n{lines}\n    allow: [s3: [list]]\n    used-by: [user]\n"


def bare(lines: str) -> str:
    """Put lines, indented by four, into an identity with nothing but uses; they begin on line 4."""
    return f"version: 1\nidentities:\n  a:\n{lines}\n    used-by: [user]\n"


def grants(lines: str, side: str = "allow") -> str:
    """Put lines, indented by six, under `allow:`; they begin on line 5."""
    return bare(f"    {side}:\n{lines}")


def uses(lines: str) -> str:
    """Put lines, indented by six, under `used-by:`; they begin on line 6."""
    return f"version: 1\nidentities:\n  a:\n    allow: [s3: [list]]\n    used-by:\n{lines}\n"


def on(resource: str, grant: str = "s3: [read]") -> str:
    """Limit a grant to a resource, which begins at line 6, column 13."""
    return grants(f"      - {grant}\n        on: {resource}")


def when(conditions: str) -> str:
    """Limit a grant by conditions, which begin at line 6, column 15."""
    return grants(f"      - s3: [read]\n        when: {conditions}")


BAD: dict[str, Bad] = {
    # YAML itself
    "nothing": Bad("", "spec-invalid", "1:1", ("empty", "leastkey init")),
    "only a comment": Bad("# soon\n", "spec-invalid", "1:1", ("empty",)),
    "an empty table": Bad("{}", "spec-invalid", "1:1", ("empty",)),
    "a list": Bad("- a\n", "spec-syntax", "1:1", ("table of keys and values",)),
    "a text": Bad("hello\n", "spec-syntax", "1:1", ("version: 1",)),
    "a bracket left open": Bad("version: [1\n", "spec-syntax", "2:1", ("not YAML", "brackets")),
    "a quote left open": Bad('version: "1\n', "spec-syntax", "2:1", ("not YAML",)),
    "two colons": Bad("version: 1\nregion: a: b\n", "spec-syntax", "2:10", ("not YAML", "line of its own")),
    "a tab": Bad("version: 1\nidentities:\n\ta: 1\n", "spec-syntax", "3:1", ("spaces, never with a tab",)),
    "an unquoted star": Bad(
        grants("      - s3: [read]\n        on: *"), "spec-syntax", "6:14", ('quotes: "*"',)
    ),
    "an unquoted percent": Bad(top("region: %x"), "spec-syntax", "2:9", ('"%x"',)),
    "a duplicate key": Bad("version: 1\nversion: 1\n", "spec-invalid", "2:1", ("twice", "line 1")),
    "a duplicate identity": Bad(
        "version: 1\nidentities:\n  a: {}\n  b: {}\n  a: {}\n",
        "spec-invalid",
        "5:3",
        ("`a` stands twice", "line 3"),
    ),
    "a duplicate key in braces": Bad("{version: 1, version: 1}", "spec-invalid", "1:14", ("twice",)),
    "an anchor": Bad(top("region: &r eu-west-1"), "spec-syntax", "2:9", ("`&r` is an anchor",)),
    "an anchor on a table": Bad(
        "version: 1\nidentities: &all\n  a: {}\n", "spec-syntax", "2:13", ("anchor",)
    ),
    "an alias": Bad(top("region: *r"), "spec-syntax", "2:9", ("`*r` is an alias", "quotes")),
    "a merge": Bad(top("<<: {region: x}"), "spec-invalid", "2:1", ("`<<` is no key of a spec",)),
    "a Python tag": Bad(
        top("region: !!python/object:os.system x"),
        "spec-syntax",
        "2:9",
        ("`!!python/object:os.system` is a tag",),
    ),
    "a tag of one's own": Bad(top("region: !Ref x"), "spec-syntax", "2:9", ("`!Ref` is a tag",)),
    "a bare tag": Bad(top("region: ! x"), "spec-syntax", "2:9", ("`!` is a tag",)),
    "a tagged list": Bad("version: 1\nidentities: !!seq []\n", "spec-syntax", "2:13", ("is a tag",)),
    "two documents": Bad("version: 1\n---\nversion: 1\n", "spec-syntax", "2:1", ("more than one document",)),
    "a directive": Bad("%YAML 1.1\n---\nversion: 1\n", "spec-syntax", "1:1", ("directive",)),
    "a directive past all bounds": Bad(
        "%YAML 1." + "9" * 5000 + "\n---\n", "spec-syntax", "1:1", ("out of range",)
    ),
    "an escape past Unicode": Bad('a: "\\U99999999"', "spec-syntax", "1:1", ("out of range",)),
    "an unknown escape": Bad('a: "\\q"', "spec-syntax", "1:6", ("not YAML",)),
    "a list as a key": Bad("? [a]\n: b\n", "spec-syntax", "1:3", ("a key is a text",)),
    "no key": Bad("version: 1\n: b\n", "spec-syntax", "2:1", ("a key is missing",)),
    "NUL": Bad("version: 1\n# \x00\n", "spec-syntax", "2:3", ("U+0000",)),
    "an escape character": Bad("version: 1\r\nregion: \x1b[31m\n", "spec-syntax", "2:9", ("U+001B",)),
    "a mark that turns text round": Bad("version: 1 # \u202e", "spec-syntax", "1:14", ("U+202E",)),
    "half a surrogate": Bad("version: \ud800", "spec-syntax", "1:10", ("U+D800",)),
    "NUL by escape": Bad(top('region: "a\\0b"'), "spec-syntax", "2:9", ("U+0000", "escape")),
    "too deep": Bad("version: 1\na: " + "[" * 64, "spec-syntax", "2:67", ("deeper than 64",)),
    "too large": Bad("#" + "x" * (256 * 1024), "spec-unreadable", "1:1", ("256 KiB",)),
    "too many values": Bad(
        "version: 1\na: [" + "b," * 20_000 + "]", "spec-unreadable", "2:39995", ("20,000",)
    ),
    # the top of the spec
    "no version": Bad("identities: {}\n", "spec-invalid", "1:1", ("has no `version`", "version: 1")),
    "version 2": Bad("version: 2\n", "spec-invalid", "1:10", ("`version: 2`",)),
    "no identities": Bad("version: 1\n", "spec-invalid", "1:1", ("has no `identities`",)),
    "empty identities": Bad(
        "version: 1\nidentities: {}\n", "spec-invalid", "2:13", ("`identities` is empty",)
    ),
    "identities as a list": Bad(
        "version: 1\nidentities: [a]\n", "spec-invalid", "2:13", ("table, not a list",)
    ),
    "an unknown key": Bad(
        top("regoin: eu-west-1"), "spec-invalid", "2:1", ("`regoin` is no key", "`region`")
    ),
    "a key far from all": Bad(top("zzz: 1"), "spec-invalid", "2:1", ("one of: version, project",)),
    "a project with a slash": Bad(top("project: a/b"), "spec-invalid", "2:10", ("`a/b` is no project name",)),
    "a project too long": Bad(top("project: " + "a" * 65), "spec-invalid", "2:10", ("at most 64",)),
    "a project without a value": Bad(top("project:"), "spec-invalid", "2:1", ("`project` has no value",)),
    "a null project": Bad(top("project: null"), "spec-invalid", "2:10", ("`project` has no value",)),
    "a project of spaces": Bad(top('project: "  "'), "spec-invalid", "2:10", ("`project` has no value",)),
    "an account as the console writes it": Bad(
        top("account: 1111-2222-3333"), "spec-invalid", "2:10", ("twelve digits", '"111122223333"')
    ),
    "an account that lost its zero": Bad(
        top("account: 12345678901"), "spec-invalid", "2:10", ('"012345678901"',)
    ),
    "an account in words": Bad(top("account: acme"), "spec-invalid", "2:10", ("`acme` is no AWS account",)),
    "an account in other digits": Bad(
        top("account: ١١١١٢٢٢٢٣٣٣٣"), "spec-invalid", "2:10", ("no AWS account",)
    ),
    "an account as a list": Bad(top("account: []"), "spec-invalid", "2:10", ("one text, not a list",)),
    "a region misspelt": Bad(
        top("region: eu-west1"), "unknown-name", "2:9", ("no AWS region", "`eu-west-1`")
    ),
    "a region of nowhere": Bad(
        top("region: the moon"), "unknown-name", "2:9", ("as in `region: eu-west-1`",)
    ),
    "an output unknown": Bad(top("output: jsno"), "unknown-name", "2:9", ("`json`",)),
    "a target unknown": Bad(top("target: gcp"), "unknown-name", "2:9", ("one of: aws, sandbox",)),
    # an identity
    "an identity as a text": Bad(
        "version: 1\nidentities: {a: b}\n", "spec-invalid", "2:17", ("not the text `b`",)
    ),
    "an identity of nothing": Bad("version: 1\nidentities:\n  a:\n", "spec-invalid", "3:3", ("not nothing",)),
    "an identity named default": Bad(
        "version: 1\nidentities: {default: {}}\n", "spec-invalid", "2:14", ("falls back to `default`",)
    ),
    "an identity with a space": Bad(
        "version: 1\nidentities: {a b: {}}\n", "spec-invalid", "2:14", ("made of letters",)
    ),
    "an identity's name too long": Bad(
        "version: 1\nidentities:\n  " + "a" * 65 + ": {}\n", "spec-invalid", "3:3", ("at most 64",)
    ),
    "an identity's unknown key": Bad(identity("    alow: []"), "spec-invalid", "4:5", ("`alow`", "`allow`")),
    "no allow": Bad(bare("    session: 1h"), "spec-invalid", "4:5", ("the identity `a` has no `allow`",)),
    "an empty allow": Bad(bare("    allow: []"), "spec-invalid", "4:12", ("`allow` is empty",)),
    "allow as a table": Bad(
        bare("    allow: {s3: [list]}"), "spec-invalid", "4:12", ("a list, not a table",)
    ),
    "no used-by": Bad(
        "version: 1\nidentities:\n  a:\n    allow: [s3: [list]]\n",
        "spec-invalid",
        "4:5",
        ("has no `used-by`",),
    ),
    "a role name with a space": Bad(
        identity("    names: {role: a b}"), "spec-invalid", "4:19", ("no role name", "' '")
    ),
    "a role name too long": Bad(
        identity("    names: {role: " + "r" * 65 + "}"), "spec-invalid", "4:19", ("1 to 64", "has 65")
    ),
    "a policy name with a slash": Bad(
        identity("    names: {policy: a/b}"), "spec-invalid", "4:21", ("no policy name",)
    ),
    "a name for a group": Bad(
        identity("    names: {group: a}"), "spec-invalid", "4:13", ("no key of `names`",)
    ),
    "a session without a unit": Bad(identity("    session: 3600"), "spec-invalid", "4:14", ("unit",)),
    "a session too short": Bad(
        identity("    session: 14m"), "spec-invalid", "4:14", ("too short", "15 minutes")
    ),
    "a session too long": Bad(
        identity("    session: 12h1s"), "spec-invalid", "4:14", ("too long", "12 hours")
    ),
    "a session of no length": Bad(identity("    session: s"), "spec-invalid", "4:14", ("no length of time",)),
    "a description IAM refuses": Bad(
        identity("    description: 東京"), "spec-invalid", "4:18", ("`東`", "Latin-1")
    ),
    "a description too long": Bad(
        identity("    description: " + "d" * 1001), "spec-invalid", "4:18", ("1,001",)
    ),
    # grants
    "a grant as a text": Bad(
        grants("      - s3"), "spec-invalid", "5:9", ("not the text `s3`", "- s3: [list, read]")
    ),
    "an empty grant": Bad(grants("      - {}"), "spec-invalid", "5:9", ("is empty",)),
    "an unknown service": Bad(
        grants("      - lamda: [read]"), "unknown-name", "5:9", ("`lamda`", "`lambda`")
    ),
    "a service nothing is like": Bad(
        grants("      - qqqqqqqq: [read]"), "unknown-name", "5:9", ("Service Auth",)
    ),
    "AWS's word for a limit": Bad(
        grants("      - s3: [read]\n        resource: x"), "unknown-name", "6:9", ("did you mean `on`",)
    ),
    "an action as a key": Bad(
        grants("      - ec2:RunInstances: yes"), "unknown-name", "5:9", ("- actions: [ec2:RunInstances]",)
    ),
    "two forms in one grant": Bad(
        grants("      - s3: [read]\n        ec2: [read]"),
        "spec-invalid",
        "6:9",
        ("both `s3` and `ec2`", "two entries"),
    ),
    "a limit without a form": Bad(grants("      - on: x"), "spec-invalid", "5:9", ("a grant names none of",)),
    "an unknown level": Bad(
        grants("      - s3: [raed]"), "unknown-name", "5:14", ("no access level", "`read`")
    ),
    "another word for a level": Bad(grants("      - s3: [delete]"), "unknown-name", "5:14", ("`write`",)),
    "a level nothing is like": Bad(
        grants("      - s3: [q]"), "unknown-name", "5:14", ("one of: list, read",)
    ),
    "an action among levels": Bad(
        grants("      - s3: [GetObject]"), "unknown-name", "5:14", ("[s3:GetObject]",)
    ),
    "a full action among levels": Bad(
        grants("      - s3: s3:GetObject"), "unknown-name", "5:13", ("[s3:GetObject]",)
    ),
    "no levels": Bad(grants("      - s3: []"), "spec-invalid", "5:13", ("levels is empty",)),
    "levels as a table": Bad(grants("      - s3: {a: b}"), "spec-invalid", "5:13", ("not a table",)),
    "a level twice": Bad(
        grants("      - s3: [read, read]"), "spec-invalid", "5:20", ("`read` stands twice",)
    ),
    "a level of nothing": Bad(grants("      - s3: [~]"), "spec-invalid", "5:14", ("has no value",)),
    "an unknown action": Bad(
        grants("      - actions: [ec2:DescribeInstance]"),
        "unknown-name",
        "5:19",
        ("`ec2:DescribeInstance` is no action", "`ec2:DescribeInstances`"),
    ),
    "an action like no other": Bad(
        grants("      - actions: [s3:Qqqqqqqq]"), "unknown-name", "5:19", ("Amazon S3",)
    ),
    "an action pattern without a match": Bad(
        grants("      - actions: [ec2:Descibe*]"),
        "unknown-name",
        "5:19",
        ("matches nothing", "`ec2:Describe*`"),
    ),
    "an action of no service": Bad(
        grants("      - actions: [ec3:Run*]"), "unknown-name", "5:19", ("`ec3`", "did you mean")
    ),
    "every action there is": Bad(
        grants('      - actions: "*"'), "spec-invalid", "5:18", ("`*` is no action",)
    ),
    "an action with a pattern for its service": Bad(
        grants('      - actions: ["*:Get*"]'), "spec-invalid", "5:19", ("stand in the name only",)
    ),
    "an action twice": Bad(
        grants("      - actions: [s3:GetObject, S3:getobject]"),
        "spec-invalid",
        "5:33",
        ("upper and lower case",),
    ),
    "a managed policy in deny": Bad(
        grants("      - s3: [list]\n    deny:\n      - managed: ReadOnlyAccess"),
        "spec-invalid",
        "7:9",
        ("under `deny`",),
    ),
    "a managed policy of our own": Bad(
        grants("      - managed: arn:aws:iam::111122223333:policy/mine"),
        "spec-invalid",
        "5:18",
        ("arn:aws:iam::aws:",),
    ),
    "a managed policy by half an ARN": Bad(
        grants("      - managed: arn:aws:iam"), "spec-invalid", "5:18", ("six",)
    ),
    "a managed policy with a space": Bad(
        grants("      - managed: a b"), "spec-invalid", "5:18", ("not ' '",)
    ),
    "a managed policy with a limit": Bad(
        grants("      - managed: ReadOnlyAccess\n        on: x"), "spec-invalid", "6:9", ("beside `managed`",)
    ),
    "a document that is missing": Bad(
        grants("      - document: none.json"),
        "spec-invalid",
        "5:19",
        ("`none.json` cannot be read", "No such file"),
    ),
    "a document that is not text": Bad(
        grants("      - document: latin1.json"), "spec-invalid", "5:19", ("UTF-8",)
    ),
    "a document that is huge": Bad(
        grants("      - document: huge.json"), "spec-invalid", "5:19", ("256 KiB",)
    ),
    "a document that allows, in deny": Bad(
        grants("      - s3: [list]\n    deny:\n      - document: allow.json"),
        "spec-invalid",
        "7:19",
        ("that allows",),
    ),
    # resources
    "half an ARN": Bad(on("arn:aws:s3"), "spec-invalid", "6:13", ("is no ARN", "six parts")),
    "no ARN at all": Bad(on("my-bucket"), "spec-invalid", "6:13", ("is no ARN", "s3://bucket/prefix/")),
    "a partition unknown": Bad(on("arn:amazon:s3:::b"), "spec-invalid", "6:13", ("partition",)),
    "an ARN without a service": Bad(on("arn:aws::::b"), "spec-invalid", "6:13", ("third part",)),
    "an ARN with a region shouted": Bad(
        on("arn:aws:ec2:US-EAST-1:*:x"), "spec-invalid", "6:13", ("fourth part",)
    ),
    "an ARN with an account cut": Bad(on("arn:aws:ec2:*:1111:x"), "spec-invalid", "6:13", ("fifth part",)),
    "an ARN of nothing": Bad(on('"arn:aws:s3:::"'), "spec-invalid", "6:13", ("last part",)),
    "a resource twice": Bad(on("[s3://abc/, s3://abc/]"), "spec-invalid", "6:25", ("stands twice in `on`",)),
    "a star beside others": Bad(on('[s3://abc/, "*"]'), "spec-invalid", "6:25", ("covers them all",)),
    "a resource over two lines": Bad(on('"s3://abc/\\nd/"'), "spec-invalid", "6:13", ("line break",)),
    "a bucket under EC2": Bad(on("s3://abc/", "ec2: [read]"), "spec-invalid", "6:13", ("not about S3",)),
    "a bucket under others' actions": Bad(
        on("s3://abc/", "actions: [ec2:RunInstances]"), "spec-invalid", "6:13", ("not about S3",)
    ),
    "a bucket with capitals": Bad(
        on("s3://Reports/"), "spec-invalid", "6:13", ("`Reports` is no bucket's name", "a-z")
    ),
    "a bucket of two letters": Bad(on("s3://ab/"), "spec-invalid", "6:13", ("3 to 63", "has 2")),
    "a bucket without a name": Bad(on("s3://"), "spec-invalid", "6:13", ("has 0",)),
    "a bucket with a star": Bad(on('"s3://acme-*/"'), "spec-invalid", "6:13", ("patterns of buckets",)),
    "a bucket like an address": Bad(on("s3://10.0.0.1/"), "spec-invalid", "6:13", ("IP address",)),
    "a bucket with two dots": Bad(on("s3://a..b/"), "spec-invalid", "6:13", ("side by side",)),
    "a bucket S3 keeps": Bad(on("s3://abc--x-s3/"), "spec-invalid", "6:13", ("`--x-s3` for itself",)),
    "a bucket without a slash": Bad(on("s3://acme"), "spec-invalid", "6:13", ("`s3://acme/`", "one prefix")),
    "a prefix with an empty part": Bad(on("s3://acme//x//y/"), "spec-invalid", "6:13", ("`s3://acme/x/y/`",)),
    "a prefix too long": Bad(on("s3://acme/" + "é" * 513), "spec-invalid", "6:13", ("1,024 bytes", "1,026")),
    # conditions
    "an operator misspelt": Bad(
        when("{StringEqual: {aws:a: b}}"), "unknown-name", "6:16", ("`StringEquals`",)
    ),
    "an operator with a small letter": Bad(
        when("{stringLike: {aws:a: b}}"), "unknown-name", "6:16", ("`StringLike`",)
    ),
    "a condition key before the operator": Bad(
        when("{aws:SourceIp: 10.0.0.0/8}"),
        "unknown-name",
        "6:16",
        ("operator comes first", "{aws:SourceIp: VALUE}"),
    ),
    "Null with IfExists": Bad(
        when("{NullIfExists: {aws:a: true}}"), "unknown-name", "6:16", ("no condition operator", "`Null`")
    ),
    "conditions as a list": Bad(when("[a]"), "spec-invalid", "6:15", ("table, not a list",)),
    "an operator without keys": Bad(when("{StringLike: {}}"), "spec-invalid", "6:28", ("`when` is empty",)),
    "a condition key without a service": Bad(
        when("{Bool: {MFA: true}}"), "spec-invalid", "6:23", ("aws:Resource",)
    ),
    "a condition key twice": Bad(
        when("{StringLike: {aws:A: b, AWS:a: c}}"), "spec-invalid", "6:39", ("under one operator",)
    ),
    "a condition without a value": Bad(
        when("{StringLike: {aws:A: }}"), "spec-invalid", "6:29", ("no value",)
    ),
    "Bool of neither": Bad(
        when("{Bool: {aws:SecureTransport: maybe}}"), "spec-invalid", "6:44", ("true or false",)
    ),
    "a number in words": Bad(
        when("{NumericLessThan: {s3:max-keys: ten}}"), "spec-invalid", "6:47", ("NumericLessThan", "3600")
    ),
    "a date in words": Bad(
        when("{DateLessThanIfExists: {aws:CurrentTime: now}}"), "spec-invalid", "6:56", ("a date",)
    ),
    "an address misspelt": Bad(
        when('{"ForAnyValue:IpAddress": {aws:VpcSourceIp: 10.0.0.0/99}}'),
        "spec-invalid",
        "6:59",
        ("a range",),
    ),
    "an ARN that is none": Bad(
        when("{ArnLike: {aws:PrincipalArn: admin}}"), "spec-invalid", "6:44", ("an ARN",)
    ),
    # boundary
    "a boundary as a text": Bad(
        bare("    allow: [s3: [list]]\n    boundary: PowerUserAccess"), "spec-invalid", "5:15", ("{managed:",)
    ),
    "a boundary of both forms": Bad(
        bare("    allow: [s3: [list]]\n    boundary: {managed: A, document: b}"),
        "spec-invalid",
        "5:28",
        ("both",),
    ),
    "a boundary of actions": Bad(
        bare("    allow: [s3: [list]]\n    boundary: {s3: [list]}"),
        "spec-invalid",
        "5:16",
        ("no key of a boundary",),
    ),
    # uses
    "a use unknown": Bad(uses("      - usr: x"), "spec-invalid", "6:9", ("`usr`", "`user`")),
    "a use that is a service": Bad(uses("      - ec2"), "spec-invalid", "6:9", ("- service: ec2",)),
    "a use that is a name": Bad(uses("      - qqq"), "spec-invalid", "6:9", ("- user: qqq",)),
    "a use that is nearly user": Bad(uses("      - User"), "spec-invalid", "6:9", ("did you mean `user`",)),
    "a use that is a list": Bad(uses("      - [user]"), "spec-invalid", "6:9", ("a table, not a list",)),
    "an empty use": Bad(uses("      -"), "spec-invalid", "6:8", ("has no value",)),
    "two users": Bad(uses("      - user\n      - user: b"), "spec-invalid", "7:9", ("a second user",)),
    "a service twice": Bad(
        uses("      - service: ec2\n      - service: ec2.amazonaws.com"),
        "spec-invalid",
        "7:9",
        ("`ec2` a second time",),
    ),
    "an account twice": Bad(
        uses(
            '      - {account: 444455556666, external-id: ab}\n      - {account: "444455556666", external-id: cd}'
        ),
        "spec-invalid",
        "7:9",
        ("`444455556666` a second time",),
    ),
    "a user name IAM refuses": Bad(uses("      - user: a b"), "spec-invalid", "6:15", ("no user name",)),
    "a user without a name": Bad(uses("      - user:"), "spec-invalid", "6:9", ("`user` has no value",)),
    "a user with more": Bad(
        uses("      - user: a\n        path: /"), "spec-invalid", "7:9", ("a use by user",)
    ),
    "two uses in one": Bad(uses("      - user: a\n        service: ec2"), "spec-invalid", "7:9", ("both",)),
    "a service unknown": Bad(uses("      - service: ecs-task"), "unknown-name", "6:18", ("`ecs-tasks`",)),
    "an account without an external id": Bad(
        uses('      - account: "444455556666"'), "spec-invalid", "6:9", ("has no `external-id`",)
    ),
    "an external id alone": Bad(
        uses("      - external-id: ab"), "spec-invalid", "6:9", ("without an account",)
    ),
    "a service without a name": Bad(
        uses("      - service"), "spec-invalid", "6:9", ("name one", "- service: ec2")
    ),
    "an external id of one letter": Bad(
        uses('      - account: "444455556666"\n        external-id: a'),
        "spec-invalid",
        "7:22",
        ("2 to 1224",),
    ),
}
