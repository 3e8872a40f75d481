"""Whatever is answered to `init`, it ends in a clear refusal or in a spec that says what was answered."""

from __future__ import annotations

import contextlib
import itertools
import shlex
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.prompter import Scripted
from tests.unit.cli.test_init_questions import flags, found

from leastkey.cli.commands.init import words_of
from leastkey.cli.init.questions import ask_for_spec
from leastkey.cli.main import run
from leastkey.errors import LeastkeyError
from leastkey.spec.model import UserUse
from leastkey.spec.parse import parse_spec
from leastkey.spec.starter import ANY_DOCUMENT, starter_spec

MOST_QUESTIONS = 14
ANYTHING = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "on",
        "; ;",
        "- s3: [list]",
        "s3 list on on",
        "'\"\\",
        "$(x)",
        "no more",
        "\x1b[A",
        "\ud800",
        "#",
        "a: b",
    ]
)
ANSWERS = {
    "What is the project": st.sampled_from(["acme", "acme_reports.2"]),
    "What is the script": st.sampled_from(["nightly", "_x", "on", "null", "1e3", "0x1F", "no"]),
    "What does it call": st.sampled_from(
        [
            "ec2:describeregions",
            "S3:getobject;ec2 list",
            "s3 read",
            "managed ReadOnlyAccess",
            "document a b.json",
        ]
    ),
    "Anything else": st.sampled_from(["", "n", "document it's.json", "s3 list,write", "ec2:Describe* on *"]),
    "Which prefix": st.sampled_from(["*", "s3://acme/it's/", "s3://acme/a,s3://acme/$b/", "arn:aws:s3:::b*"]),
    "Where does it run": st.sampled_from(["", "here", "EC2", "ecs", "states", "ecs-tasks.amazonaws.com"]),
}


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    project=st.sampled_from(["", "acme", "default"]),
    account=st.sampled_from(["", "012345678901"]),
    sandbox=st.booleans(),
)
def test_answers_become_a_spec_that_says_them_and_a_command_that_repeats_it(
    data: st.DataObject, project: str, account: str, *, sandbox: bool
) -> None:
    last: dict[str, str] = {}
    typed = itertools.count(1)

    def answer(question: str) -> str | None:
        if next(typed) > MOST_QUESTIONS:
            return None
        fitting = next(found for start, found in ANSWERS.items() if question.startswith(start))
        last[question] = data.draw(fitting | fitting | ANYTHING)
        return last[question]

    person = Scripted(answer)
    answers = None
    with contextlib.suppress(LeastkeyError):
        answers = ask_for_spec(person, flags(sandbox=sandbox), found(account, project))
    if answers is None:
        assert next(typed) > MOST_QUESTIONS, "only the end of the answers is a refusal"
        return
    text = starter_spec(answers)
    spec = parse_spec(text, "leastkey.yaml", lambda _path: ANY_DOCUMENT)
    (identity,) = spec.identities
    assert identity.name == (last["What is the script called"].strip() or spec.project)
    assert spec.project == (project or last["What is the project called"].strip())
    assert len(identity.allow) == len(answers.allow) >= 1
    assert spec.account == (account if account and not sandbox else None)
    assert (spec.target == "sandbox") == sandbox
    here = last["Where does it run"].strip().lower() in {"", "here", "computer", "this computer"}
    assert isinstance(identity.used_by[0], UserUse) == here

    with tempfile.TemporaryDirectory() as elsewhere, contextlib.chdir(elsewhere):
        command = shlex.split(" ".join(words_of(answers, "leastkey.yaml")))
        assert command[0] == "leastkey"
        assert run(command[1:]) == 0
        assert Path("leastkey.yaml").read_text(encoding="utf-8") == text
