"""The narrow world of the generated cases: few names, so that what policies say and what requests ask often meet."""

from __future__ import annotations

from typing import Any, Final

WILDCARDS_IN_VARIABLES: Final = True
"""A wildcard inside `${...}`: plain text with a wildcard in it, not a variable of that name."""
ENDPOINT_NAMES_ACCOUNT: Final = True
"""An endpoint policy that names an account: a gateway endpoint takes that for the root user alone."""

OURS, THEIRS = "111122223333", "444455556666"
IAM, STS, S3 = f"arn:aws:iam::{OURS}", f"arn:aws:sts::{OURS}", "arn:aws:s3::"
ALICE, TEAM_BOB, ROOT, ROLE = (
    f"{IAM}:user/alice",
    f"{IAM}:user/team/bob",
    f"{IAM}:root",
    f"{IAM}:role/leastkey/job",
)
SESSION, FEDERATED = f"{STS}:assumed-role/job/one", f"{STS}:federated-user/alice"
THEIR_BOB, THEIR_ROOT = f"arn:aws:iam::{THEIRS}:user/bob", f"arn:aws:iam::{THEIRS}:root"
THEIR_SESSION = f"arn:aws:sts::{THEIRS}:assumed-role/job/one"
LINKED = f"{IAM}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
PROVIDER = f"{IAM}:oidc-provider/token.actions.githubusercontent.com"
KEY = f"arn:aws:kms:eu-west-1:{OURS}:key/1234"
TOPIC = f"arn:aws:sns:eu-west-1:{OURS}:alice"

NAMES = (
    "x",
    "alice/x",
    "bob/x",
    "alice",
    "a:b/x",
    "$x",
    "${aws:username}/x",
    "Alice/x",
    "reports/a:b",
    "a.b(c+/x",
    "été",
)
OBJECTS = tuple(f"{S3}:acme/{name}" for name in NAMES)
ASKED: dict[str, tuple[str, ...]] = {
    "s3:GetObject": OBJECTS,
    "s3:PutObject": OBJECTS,
    "s3:DeleteObject": (*OBJECTS, f"{S3}:other/x"),
    "s3:ListBucket": (f"{S3}:acme", f"{S3}:other"),
    "s3:ListAllMyBuckets": ("*",),
    "sqs:SendMessage": (f"arn:aws:sqs:eu-west-1:{OURS}:alice-q", f"arn:aws:sqs:us-east-1:{OURS}:q"),
    "secretsmanager:GetSecretValue": (f"arn:aws:secretsmanager:eu-west-1:{OURS}:secret:alice/db-x1y2z3",),
    "kms:Decrypt": (KEY,),
    "kms:GenerateDataKey": (KEY,),
    "kms:RetireGrant": (KEY,),
    "kms:ListKeys": ("*",),
    "sts:AssumeRole": (ROLE,),
    "sts:AssumeRoleWithWebIdentity": (ROLE,),
    "sts:AssumeRoleWithSAML": (ROLE,),
    "sts:TagSession": (ROLE,),
    "sts:SetSourceIdentity": (ROLE,),
    "sts:GetCallerIdentity": ("*",),
    "sts:GetSessionToken": ("*",),
    "iam:CreateUser": (ALICE, TEAM_BOB),
    "iam:PassRole": (ROLE,),
    "ec2:DescribeRegions": ("*",),
    "ec2:StartInstances": (f"arn:aws:ec2:eu-west-1:{OURS}:instance/i-1",),
}
ACTION_CHANCES = [
    {"sts:AssumeRole": 9, "sts:AssumeRoleWithWebIdentity": 2, "sts:AssumeRoleWithSAML": 1}.get(action, 3)
    for action in ASKED
]
NEED_NO_PERMISSION = ("sts:GetCallerIdentity", "sts:GetSessionToken")
HAVE_POLICIES = ("s3", "sqs", "kms", "secretsmanager")

CALLERS: tuple[tuple[int, str, str | None, str | None], ...] = (
    (30, "user", ALICE, OURS),
    (5, "user", TEAM_BOB, OURS),
    (22, "session", SESSION, OURS),
    (6, "role", ROLE, OURS),
    (9, "feduser", FEDERATED, OURS),
    (6, "service", "ec2.amazonaws.com", None),
    (5, "anonymous", None, None),
    (6, "root", ROOT, OURS),
    (4, "role", LINKED, OURS),
    (10, "user", THEIR_BOB, THEIRS),
    (6, "session", THEIR_SESSION, THEIRS),
    (3, "feduser", f"arn:aws:sts::{THEIRS}:federated-user/bob", THEIRS),
    (1, "root", THEIR_ROOT, THEIRS),
)
"""How often each is drawn, its type, its ARN, its account."""
NAMED: tuple[str, ...] = (
    *(
        ALICE,
        TEAM_BOB,
        ROLE,
        SESSION,
        f"{STS}:assumed-role/job/two",
        FEDERATED,
        OURS,
        ROOT,
        f"{IAM}:role/job",
        LINKED,
    ),
    *(THEIR_BOB, THEIRS, THEIR_ROOT, THEIR_SESSION, f"arn:aws:iam::{THEIRS}:role/job", "*"),
)

ELEMENTS: tuple[Any, ...] = (
    *("*", "*", {"AWS": "*"}, {"AWS": "*"}, {"Service": "ec2.amazonaws.com"}, {"Federated": PROVIDER}),
    *({"Service": "*"}, {"AWS": ROOT, "CanonicalUser": "0" * 64}),
)

TEXTS = (
    "alice",
    "bob",
    "Alice",
    "al*",
    "a:b",
    "a/b",
    "$x",
    "${aws:username}",
    "?ob",
    "reports",
    "a.b(c+",
    "été",
)
"""Names and tags; what would be a wildcard or a variable in a policy is a plain character in a request."""
INSTANTS = (
    "2024-12-31T23:59:59Z",
    "2025-01-01T00:00:00Z",
    "2025-01-01T01:00:00+01:00",
    "2025-01-01T00:00:00.5Z",
    "1735689600",
    "2025",
)
KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "aws:username": ("String", TEXTS),
    "aws:PrincipalTag/team": ("String", TEXTS),
    "aws:RequestTag/Cost-Center": ("String", TEXTS),
    "aws:ResourceTag/data class": ("String", TEXTS),
    "s3:prefix": ("String", ("alice/", "alice/a:b", "al*", "x")),
    "s3:max-keys": ("Numeric", ("1", "10", "10.0", "50", "-1", "9.99")),
    "aws:CurrentTime": ("Date", INSTANTS),
    "aws:SourceIp": ("Ip", ("203.0.113.7", "198.51.100.1", "2001:db8::1", "2001:DB8:0:0::9")),
    "aws:SecureTransport": ("Bool", ("true", "false")),
    "aws:MultiFactorAuthPresent": ("Bool", ("true", "false", "TRUE")),
    "aws:PrincipalArn": ("Arn", (ALICE, ROLE, THEIR_BOB, LINKED)),
    "aws:SourceArn": (
        "Arn",
        (TOPIC, f"arn:aws:sns:us-east-1:{THEIRS}:t:s", f"{S3}:acme/x", f"{S3}:acme/a:b/x"),
    ),
    "acme:token": ("Binary", ("YSBi", "AAEC")),
    "aws:TagKeys": ("Tags", ("team", "cost", "Cost", "other", "te*")),
}
"""Each key's family and the values requests have; `aws:TagKeys` has several at once."""
VARIABLES = (
    *(
        "${aws:username}",
        "${AWS:UserName}",
        "${aws:username, 'alice'}",
        "${aws:PrincipalTag/team}",
        "${*}",
        "a${?}b",
    ),
    *(
        "${$}x",
        "${aws:principaltag/TEAM}-${aws:username}",
        "${aws:PrincipalTag/team, 'a*'}",
        "${aws:ResourceTag/Data Class}",
    ),
)
WANTED: dict[str, tuple[Any, ...]] = {
    "String": (*TEXTS, "*", "a*", "?lice", "ALICE", "ÉTÉ", "a.?(*", "al*/", *VARIABLES),
    "Numeric": ("1", "10", 10, "50", "9.99", 49.5, "-1", 0),
    "Date": (
        *INSTANTS,
        "2025-01-01",
        "2025-01",
        "2024-12-31T23:59Z",
        "2024-12-31T23:59:59.75+00:00",
        "2025-01-01T00:00:00-01:00",
        1735689600,
    ),
    "Ip": (
        "203.0.113.0/24",
        "203.0.113.7",
        "198.51.100.0/25",
        "0.0.0.0/0",
        "::/0",
        "2001:db8::/32",
        "2001:0db8:0::1",
    ),
    "Bool": ("true", "false", "True", True, False),
    "Arn": (
        *(
            TOPIC,
            ALICE,
            ROLE,
            f"arn:aws:sns:*:{OURS}:*",
            "arn:aws:sns:*:s",
            "arn:*:*:*:*:t*",
            f"{S3}:acme/?",
            f"{S3}:acme/*",
            "*",
        ),
        *(
            "${aws:PrincipalArn}",
            "arn:aws:sns:${aws:PrincipalTag/team}:t:s",
            "arn:aws:iam::*:user/${aws:username}",
        ),
        *("arn:aws:*::*:*/job*", f"arn:aws:iam::{OURS}:*", f"{S3}:acme/${{aws:PrincipalTag/team}}/x"),
    ),
    "Binary": ("YSBi", "AAEC", "YSBj"),
    "Tags": ("team", "cost", "Cost", "te*", "*", "o?her", "${aws:username}"),
}
"""What a policy wants of a key of each family."""
ODD: dict[str, tuple[Any, ...]] = {
    "String": ("", "a${aws:username", "${aws:PrincipalTag/team, ''}", "${aws:TagKeys}", "${'x'}", "a\nb"),
    "Numeric": ("ten", "1e1", "+10", "010", "10 ", ".5"),
    "Date": ("soon", "2025-01-01T00:00:00", "-1", "2025-13-01", "1735689600.5", "2025-01-01 00:00:00Z"),
    "Ip": ("here", "203.0.113.7/24", "::ffff:203.0.113.7", "203.0.113.300", "203.0.113.7/33"),
    "Bool": ("yes", "", "1", "${aws:MultiFactorAuthPresent}"),
    "Arn": ("arn:aws:sns:eu-west-1", "", "acme", "arn:aws:SNS:eu-west-1:*:*", "arn:aws:sns:*"),
    "Binary": ("=", "a b"),
    "Tags": ("", "${aws:TagKeys}"),
}
"""Rare, malformed or contested. Where a verdict hangs on one that AWS does not explain, the engine says so."""
ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
STRINGS = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
OPERATORS: dict[str, tuple[str, ...]] = {
    "String": tuple(f"String{each}" for each in STRINGS),
    "Numeric": tuple(f"Numeric{each}" for each in ORDERS),
    "Date": tuple(f"Date{each}" for each in ORDERS),
    "Ip": ("IpAddress", "NotIpAddress"),
    "Bool": ("Bool",),
    "Arn": ("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "StringLike", "StringNotLike"),
    "Binary": ("BinaryEquals",),
    "Tags": tuple(f"String{each}" for each in STRINGS),
}
