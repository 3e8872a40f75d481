"""`leastkey status` in front of the embedded AWS: the truth, nothing secret, nothing changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.hostile.commands import said
from tests.hostile.conftest import here
from tests.support.proxy import proxying

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from tests.e2e.conftest import Aws
    from tests.support.home import Home

__all__ = ["here"]

READS = ("Get", "List", "Generate")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_status_tells_the_truth_reads_only_and_holds_no_secret(
    aws: Aws, account: str, here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(("up", "--yes"), monkeypatch).code == 0
    session = json.loads(said(("creds",), monkeypatch).out)
    theirs = aws.client(account, "iam").create_access_key(UserName="nightly-bot")["AccessKey"]
    before = contents(here.folder)
    with proxying(aws.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        elsewhere = said(("status", "--json"), monkeypatch)
        assert elsewhere.code == 0  # another endpoint: this computer is bound to nothing there
        assert {each.action for each in proxy.seen if not each.action.startswith(READS)} == set()
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
    told = said(("status", "--json"), monkeypatch)
    shown = said(("status",), monkeypatch)
    offline = said(("status", "--offline"), monkeypatch)
    assert contents(here.folder) == before
    (one,) = json.loads(told.out)["identities"]
    by_role = {key["role"]: key for key in one["keys"]}
    assert by_role["unknown here"]["id"] == theirs["AccessKeyId"]
    assert by_role["in use"]["id"] == one["key_in_use"]
    assert by_role["in use"]["service"] == "sts"
    assert (one["secret_in_vault"], one["profile_state"], one["drift"]) == (True, "ours-current", 0)
    assert one["session_until"] == session["Expiration"]
    assert "NOT KNOWN HERE" in shown.out
    assert shown.out.rstrip().endswith(f"--access-key-id {theirs['AccessKeyId']}`")
    assert "AWS was not asked" in offline.out
    for ended in (told, shown, offline):
        for secret in (session["SecretAccessKey"], session["SessionToken"], theirs["SecretAccessKey"]):
            assert secret not in ended.out + ended.err


def test_status_works_without_a_vault_and_with_a_file_it_cannot_read(
    here: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(("up", "--yes"), monkeypatch).code == 0
    monkeypatch.setenv("LEASTKEY_VAULT", "keyring")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    config = here.folder / ".aws" / "config"
    broken = config.read_bytes() + b"[profile twice]\n[profile twice]\n"
    config.write_bytes(broken)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    found = said(("status", "--offline"), monkeypatch)
    assert found.code == 0
    assert "unreadable" in found.out
    assert config.read_bytes() == broken
    config.write_bytes(broken.partition(b"[profile twice]")[0])
    without_vault = said(("status",), monkeypatch)
    assert without_vault.code == 0, without_vault.err
    assert "in the vault `age-file`" in without_vault.out
    unknown = said(("status", "no\u202ebody"), monkeypatch)
    assert (unknown.code, unknown.out) == (2, "")
    assert "\u202e" not in unknown.err
