"""A run on an account that refuses, forgets, lags and answers late."""

from __future__ import annotations

from dataclasses import replace

import pytest
from inline_snapshot import snapshot
from tests.fakes.account import Fault, InstanceProfile, refused
from tests.fakes.flow import World
from tests.fakes.projects import PATH, PROJECT, identity, project, trust_of

from leastkey.apply.role import create_role
from leastkey.apply.run import apply_plan
from leastkey.apply.work import Work
from leastkey.errors import AwsError, Exit, LeastkeyError
from leastkey.iam.document import PolicyDocument
from leastkey.iam.statement import Principals, Statement
from leastkey.ports.local import ProjectKey
from leastkey.ports.people import Silent

WANTED = project(identity())
CREATES = ("iam:CreateUser", "iam:CreateRole", "iam:CreatePolicy")
WRITES = (*CREATES, "iam:AttachRolePolicy", "iam:PutUserPolicy")


class Lines(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def done(self, noun: str, name: str, seconds: float, note: str = "") -> None:
        self.lines.append(f"ok {noun} {name} {note}".rstrip())

    def failed(self, noun: str, name: str) -> None:
        self.lines.append(f"NO {noun} {name}")


def refuse(world: World, call: str, *answers: AwsError | BaseException) -> None:
    """Let the next requests of this name be answered so, one after the other."""
    waiting = list(answers)

    def hook(asked: str, _: int) -> AwsError | None:
        if asked != call or not waiting:
            return None
        answer = waiting.pop(0)
        if not isinstance(answer, AwsError):
            raise answer
        return answer

    world.account.refuse = hook


def lost(world: World, call: str, *, done: bool) -> None:
    """Let the answer to the next request of this name be lost."""
    waiting: list[Fault] = ["lost, done" if done else "lost, not done"]
    world.account.refuse = lambda asked, _: waiting.pop() if asked == call and waiting else None


def test_progress_says_what_was_made_in_words() -> None:
    progress = Lines()
    World().up(WANTED, progress)
    assert sorted(progress.lines) == snapshot(
        [
            "ok access key ...0003 in the vault",
            "ok attachment policy -> role",
            "ok policy acme-reports",
            "ok profile reports",
            "ok role acme-reports",
            "ok user acme-reports",
        ]
    )


def test_a_refusal_stops_the_run_says_how_far_it_came_and_running_again_finishes() -> None:
    world, progress = World(), Lines()
    message = "User: arn:aws:iam::111122223333:user/admin is not authorized to perform: iam:CreatePolicy"
    refuse(world, "iam:CreatePolicy", refused("iam:CreatePolicy", "AccessDenied", message))
    with pytest.raises(LeastkeyError) as caught:
        world.up(WANTED, progress)
    error = caught.value
    assert (error.code, error.exit_code) == ("access-denied", Exit.STOPPED)
    assert error.what == "AWS refused `iam:CreatePolicy`"
    assert error.why[0] == "as         arn:aws:iam::111122223333:user/admin"
    assert error.state == "2 of 6 changes made and journaled; no access key was made"
    assert error.remedy == ("finish: `leastkey up`", "or undo: `leastkey destroy`")
    assert "NO policy acme-reports" in progress.lines
    assert world.account.keys == {}
    world.up(WANTED)
    assert world.plan(WANTED).is_empty


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("call", WRITES)
def test_a_lost_answer_is_settled_within_the_run(call: str, done: bool) -> None:  # noqa: FBT001  # a parameter of the table
    world = World()
    lost(world, call, done=done)
    world.up(WANTED)
    assert world.plan(WANTED).is_empty
    assert len(world.account.policies["acme-reports"].versions) == 1
    assert len(world.account.keys) == 1


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_to_a_new_version_makes_no_second_one(done: bool) -> None:  # noqa: FBT001  # a parameter of the table
    world = World()
    world.up(WANTED)
    changed = project(identity(actions=("ec2:DescribeVpcs",)))
    lost(world, "iam:CreatePolicyVersion", done=done)
    world.up(changed)
    assert world.plan(changed).is_empty
    assert len(world.account.policies["acme-reports"].versions) == 2


def appear(world: World, *, path: str, tags: dict[str, str]) -> None:
    """Let entities of the wanted names appear between the plan and the run."""
    iam = world.connect.iam()
    iam.create_user("acme-reports", path, tags)
    iam.create_role(
        "acme-reports",
        path,
        trust_of(None, "ec2"),
        description="",
        max_session_seconds=7_200,
        boundary=None,
        tags=tags,
    )
    iam.create_policy(
        "acme-reports", path, identity(actions=("a:B",)).policies[0].document, description="", tags=tags
    )


def test_what_another_run_of_ours_made_meanwhile_is_taken_up_and_put_right() -> None:
    world = World()
    local = world.computer.process()
    plan = world.plan(WANTED, local)
    appear(world, path=PATH, tags={"leastkey:project": PROJECT})
    apply_plan(plan, world.connect, local, Silent())
    assert world.plan(WANTED).is_empty


def test_what_a_stranger_made_meanwhile_is_left_alone() -> None:
    world = World()
    local = world.computer.process()
    plan = world.plan(WANTED, local)
    appear(world, path="/", tags={})
    with pytest.raises(LeastkeyError) as caught:
        apply_plan(plan, world.connect, local, Silent())
    assert (caught.value.code, caught.value.exit_code) == ("entity-exists", Exit.STOPPED)
    assert world.account.roles["acme-reports"].tags == {}
    assert world.account.users["acme-reports"].inline == {}


def test_a_policy_under_our_path_without_our_tag_is_left_alone() -> None:
    world = World()
    local = world.computer.process()
    plan = world.plan(WANTED, local)
    document = identity(actions=("a:B",)).policies[0].document
    world.connect.iam().create_policy("acme-reports", PATH, document, description="", tags={})
    with pytest.raises(LeastkeyError) as caught:
        apply_plan(plan, world.connect, local, Silent())
    assert caught.value.code == "entity-exists"
    assert len(world.account.policies["acme-reports"].versions) == 1


@pytest.mark.parametrize("role", ["", "acme-reports", "theirs"])
def test_an_instance_profile_of_ours_that_appeared_meanwhile_ends_up_with_our_role(role: str) -> None:
    world = World()
    wanted = project(identity(user=False, ec2=True))
    local = world.computer.process()
    plan = world.plan(wanted, local)
    world.account.profiles["acme-reports"] = InstanceProfile("acme-reports", PATH, {}, role)
    apply_plan(plan, world.connect, local, Silent())
    assert world.account.profiles["acme-reports"].role == "acme-reports"
    assert world.plan(wanted).is_empty


def test_a_policy_name_that_is_taken_elsewhere_is_refused_after_one_request() -> None:
    world = World()
    local = world.computer.process()
    plan = world.plan(WANTED, local)
    document = identity().policies[0].document
    world.connect.iam().create_policy("ACME-reports", "/", document, description="", tags={})
    world.requests()
    with pytest.raises(LeastkeyError) as caught:
        apply_plan(plan, world.connect, local, Silent())
    assert caught.value.code == "entity-exists"
    assert world.requests().count("iam:CreatePolicy") == 1


@pytest.mark.parametrize("call", ["iam:AttachRolePolicy", "iam:PutUserPolicy"])
def test_what_this_run_made_may_not_be_known_everywhere_at_once(call: str) -> None:
    world = World()
    refuse(world, call, *[refused(call, "NoSuchEntity")] * 5)
    world.up(WANTED)
    assert world.plan(WANTED).is_empty
    assert world.account.clock.passed > 1


def test_what_this_run_did_not_make_is_missing_for_good() -> None:
    world = World()
    world.up(WANTED)
    more = project(identity(policies=2))
    refuse(world, "iam:AttachRolePolicy", refused("iam:AttachRolePolicy", "NoSuchEntity"))
    world.up(more)  # the second policy is new, so the attachment is worth waiting for
    world.account.roles["acme-reports"].trust = trust_of(None, "lambda")
    refuse(world, "iam:UpdateAssumeRolePolicy", refused("iam:UpdateAssumeRolePolicy", "NoSuchEntity"))
    with pytest.raises(LeastkeyError) as caught:
        world.up(more)
    assert caught.value.code == "aws-refused"


@pytest.mark.parametrize(("times", "passes"), [(7, True), (8, False)])
def test_two_writers_of_one_entity_wait_for_each_other_eight_times(times: int, passes: bool) -> None:  # noqa: FBT001  # a parameter of the table
    world = World()
    refuse(world, "iam:CreateRole", *[refused("iam:CreateRole", "ConcurrentModification")] * times)
    if passes:
        world.up(WANTED)
        return
    with pytest.raises(LeastkeyError):
        world.up(WANTED)


@pytest.mark.parametrize(
    ("code", "expected"), [("LimitExceeded", "quota"), ("MalformedPolicyDocument", "aws-refused")]
)
def test_what_waiting_cannot_heal_is_not_repeated(code: str, expected: str) -> None:
    world = World()
    refuse(world, "iam:CreateRole", refused("iam:CreateRole", code))
    with pytest.raises(LeastkeyError) as caught:
        world.up(WANTED)
    assert caught.value.code == expected
    assert world.requests().count("iam:CreateRole") == 1


def test_a_locked_vault_is_found_out_before_anything_is_written() -> None:
    world = World()
    world.computer.vault.is_locked = True
    with pytest.raises(LeastkeyError) as caught:
        world.up(WANTED)
    assert (caught.value.code, caught.value.exit_code) == ("vault-locked", Exit.NO_CREDENTIALS)
    assert world.account.entities() == 0


def test_a_second_run_on_the_project_is_told_that_it_is_locked() -> None:
    world = World()
    local = world.computer.process()
    plan = world.plan(WANTED, local)
    with (
        local.locks.hold(ProjectKey(plan.account, None, PROJECT).lock, "other"),
        pytest.raises(LeastkeyError) as caught,
    ):
        apply_plan(plan, world.connect, local, Silent())
    assert caught.value.code == "locked"


def test_ctrl_c_ends_the_run_with_a_true_account_of_it() -> None:
    world = World()
    refuse(world, "iam:AttachRolePolicy", KeyboardInterrupt())
    with pytest.raises(LeastkeyError) as caught:
        world.up(WANTED)
    assert (caught.value.code, caught.value.exit_code) == ("interrupted", Exit.INTERRUPTED)
    assert "of 6 changes made and journaled" in caught.value.state
    world.up(WANTED)
    assert world.plan(WANTED).is_empty


def test_every_write_is_in_the_journal_before_it_is_sent() -> None:
    world = World()
    journal = world.computer.journal
    announced: list[bool] = []

    def hook(call: str, _: int) -> None:
        if call in WRITES:
            announced.append(any(line.phase == "about" and line.call == call for line in journal.lines))

    world.account.refuse = hook
    world.up(WANTED)
    assert announced == [True] * 5
    assert [line.phase for line in journal.lines if line.call == "leastkey:apply"] == ["begin", "end"]


def test_a_refused_key_keeps_its_own_words_and_the_runs_state() -> None:
    world = World()
    refuse(world, "iam:CreateAccessKey", refused("iam:CreateAccessKey", "AccessDenied"))
    with pytest.raises(LeastkeyError) as caught:
        world.up(WANTED)
    assert caught.value.exit_code is Exit.STOPPED
    assert "no access key was made" in caught.value.state
    world.up(WANTED)
    assert len(world.account.keys) == len(world.computer.vault.secrets) == 1


def test_session_length_and_role_reach_the_binding_when_the_spec_changes() -> None:
    world = World()
    world.up(WANTED)
    world.up(project(identity(hours=2)))
    (binding,) = world.computer.bindings.all()
    assert binding.session_seconds == 7_200
    assert binding.profile == "reports"


def test_a_renamed_identity_gets_new_entities_and_loses_the_old_ones() -> None:
    world = World()
    world.up(WANTED)
    renamed = project(identity(suffix="-v2"))
    world.up(renamed)
    assert world.plan(renamed).is_empty
    assert set(world.account.users) == set(world.account.roles) == {"acme-reports-v2"}
    assert [key.user for key in world.account.keys.values()] == ["acme-reports-v2"]
    assert len(world.computer.vault.secrets) == 1
    (binding,) = world.computer.bindings.all()
    assert binding.role.name == "acme-reports-v2"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (AwsError("iam:CreateRole", "", "no connection"), "no-answer"),
        (AwsError("iam:CreateRole", "ExpiredToken", "expired"), "bad-credentials"),
        (AwsError("iam:CreateRole", "Throttling", "slow down"), "throttled"),
        (AwsError("iam:CreateRole", "", "no usable answer", outcome="unknown"), "outcome-unknown"),
    ],
)
def test_what_aws_keeps_saying_has_a_code_of_its_own(answer: AwsError, code: str) -> None:
    world = World()
    refuse(world, "iam:CreateRole", *[answer] * 9)
    with pytest.raises(LeastkeyError) as caught:
        world.up(WANTED)
    assert (caught.value.code, caught.value.exit_code) == (code, Exit.STOPPED)
    world.account.refuse = None
    world.up(WANTED)
    assert world.plan(WANTED).is_empty


def test_a_connection_that_comes_back_is_waited_for() -> None:
    world = World()
    refuse(world, "iam:CreateRole", *[AwsError("iam:CreateRole", "", "no connection")] * 3)
    world.up(WANTED)
    assert world.plan(WANTED).is_empty


def test_a_lost_answer_to_adding_the_role_to_its_instance_profile_is_settled() -> None:
    world = World()
    wanted = project(identity(user=False, ec2=True))
    lost(world, "iam:AddRoleToInstanceProfile", done=True)
    world.up(wanted)
    assert world.plan(wanted).is_empty


def test_a_trust_that_names_what_this_run_made_is_worth_waiting_for() -> None:
    message = "Invalid principal in policy: arn:aws:iam::111122223333:user/leastkey/acme/acme-reports"
    answer = refused("iam:CreateRole", "MalformedPolicyDocument", message)
    one = identity()
    assert one.user is not None
    named = Principals(aws=(str(one.user.arn),))
    trust = PolicyDocument((Statement("Allow", actions=("sts:AssumeRole",), principal=named),))
    wanted = project(replace(one, role=replace(one.role, trust=trust)))
    world = World()
    iam = world.connect.iam()
    made = Work(
        "run",
        wanted,
        world.connect,
        world.computer.process(),
        Silent(),
    )
    iam.create_user(one.user.name, one.user.path, {})
    made.made(f"user {one.user.name}")
    refuse(world, "iam:CreateRole", *[answer] * 3)
    create_role(made, wanted.identities[0].role, wanted.identities[0].spec.place)
    assert "acme-reports" in world.account.roles
