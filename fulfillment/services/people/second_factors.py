"""A code from a phone beside the passphrase (TOTP, RFC 6238), and codes on paper for when the phone is gone.

Owns `totp_…` of `operator_account` and `recovery_code`. Each code opens once: one that was used, or is older than one
that was, opens nothing. What a phone shares with the floor is sealed (`sealing`); codes on paper are kept as hashes of
80 random bits.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass, field

import pyotp

from fulfillment.domain.accounts import CodeRule, must_have_code
from fulfillment.domain.chaining import AuditKind
from fulfillment.domain.reasons import DomainError
from fulfillment.hot import Tx
from fulfillment.services.common.actor import Actor
from fulfillment.services.people import accounts
from fulfillment.services.records import audit_log
from fulfillment.services.set_up.setting_up import hash_token

STEP_MS = 30_000
STEPS_OFF = 1  # a phone's clock may be half a minute wrong
RECOVERY_CODES = 10
ISSUER = "Floorline"


@dataclass(frozen=True)
class Enrolment:
    """What a phone is to learn, as text and as the address in the picture it scans; neither is shown when printed."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


def offered(secret: str, name: str) -> Enrolment:
    """What is shown of a secret to whoever sets it up."""
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER))


def new_secret() -> str:
    """160 random bits, as phones take them."""
    return pyotp.random_base32()


def begin(tx: Tx, operator_id: int, secret_sealed: str) -> None:
    """A phone is being set up; nothing changes for signing in until it has shown a right code."""
    tx.put(
        "UPDATE operator_account SET totp_pending = :sealed WHERE warehouse_id = :w AND operator_id = :operator",
        sealed=secret_sealed, operator=operator_id,
    )  # fmt: skip


def keep(tx: Tx, operator_id: int, secret_sealed: str, secret: str, code: str) -> list[str]:
    """From here on a code is asked of them; their codes on paper, said this once.

    Raises:
        DomainError: `wrong_code`; `code_not_begun`, another phone is being set up by now.
    """
    row = tx.one("SELECT totp_pending FROM operator_account WHERE warehouse_id = :w AND operator_id = :operator",
                 operator=operator_id)  # fmt: skip
    if row is None or not row["totp_pending"] or row["totp_pending"] != secret_sealed:
        raise DomainError("code_not_begun", "set it up again from the beginning", "code")
    step = _step_of(secret, code, tx.now_ms)
    if step is None:
        raise DomainError("wrong_code", "this is not what the phone shows now", "code")
    tx.put(
        "UPDATE operator_account SET totp_sealed = totp_pending, totp_pending = '', totp_step = :step"
        " WHERE warehouse_id = :w AND operator_id = :operator",
        step=step, operator=operator_id,
    )  # fmt: skip
    accounts.tell_account(tx, operator_id, {"codes": "set up"})
    return renew_recovery(tx, operator_id)


def renew_recovery(tx: Tx, operator_id: int) -> list[str]:
    """Codes on paper instead of those there were."""
    _forget_recovery(tx, operator_id)
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    for code in codes:
        tx.insert("recovery_code", operator_id=operator_id, code_sha256=hash_token(code))
    return ["-".join(code[start : start + 4] for start in range(0, 16, 4)) for code in codes]


def left(tx: Tx, operator_id: int) -> int:
    """How many codes on paper still open."""
    row = tx.one(
        "SELECT COUNT(*) AS n FROM recovery_code WHERE warehouse_id = :w AND operator_id = :operator"
        " AND used_at_ms IS NULL",
        operator=operator_id,
    )
    return int(row["n"])


def rule(tx: Tx) -> str:
    """Who must have a code (`CodeRule`)."""
    return str(tx.one("SELECT code_rule FROM warehouse WHERE id = :w")["code_rule"])


def set_rule(tx: Tx, wanted: str) -> str:
    """Change who must have one; it holds from everybody's next request on.

    Nobody is locked out by it: who has none is led to set one up, also the one admin there is.

    Raises:
        DomainError: `bad_rule`.
    """
    if wanted not in tuple(CodeRule):
        raise DomainError("bad_rule", f"none of {', '.join(CodeRule)}", "code_rule")
    before = rule(tx)
    tx.put("UPDATE warehouse SET code_rule = :rule WHERE id = :w", rule=wanted)
    audit_log.append(tx, AuditKind.API, Actor(tx.now_ms), "code rule", {"before": before, "now": wanted})
    return wanted


def take_away(tx: Tx, operator_id: int) -> None:
    """No code is asked of them any more.

    Raises:
        DomainError: `codes_needed`: the floor asks for one of everybody like them.
    """
    role = tx.one("SELECT role FROM operator WHERE warehouse_id = :w AND id = :id", id=operator_id)["role"]
    if must_have_code(rule(tx), role):
        raise DomainError("codes_needed", "this floor asks for a code; set another phone up instead", "act")
    tx.put(
        "UPDATE operator_account SET totp_sealed = '', totp_pending = '', totp_step = 0 WHERE warehouse_id = :w"
        " AND operator_id = :operator",
        operator=operator_id,
    )  # fmt: skip
    _forget_recovery(tx, operator_id)
    accounts.tell_account(tx, operator_id, {"codes": "taken away"})


def accepts(tx: Tx, operator_id: int, secret: str | None, typed: str) -> bool:
    """Whether this code opens, and never again; `secret` None: what was sealed cannot be read, so only paper opens."""
    code = typed.replace(" ", "").replace("-", "").lower()
    step = _step_of(secret, code, tx.now_ms) if secret else None
    if step is not None:
        taken = tx.run(
            "UPDATE operator_account SET totp_step = :step WHERE warehouse_id = :w AND operator_id = :operator"
            " AND totp_step < :step",
            step=step, operator=operator_id,
        )  # fmt: skip
        return taken == 1
    return len(code) == 16 and tx.run(
        "UPDATE recovery_code SET used_at_ms = :now WHERE warehouse_id = :w AND operator_id = :operator"
        " AND code_sha256 = :code AND used_at_ms IS NULL",
        now=tx.now_ms, operator=operator_id, code=hash_token(code),
    ) == 1  # fmt: skip


def _step_of(secret: str, code: str, now_ms: int) -> int | None:
    """Which half minute's code it is, of those that count now."""
    now, totp = now_ms // STEP_MS, pyotp.TOTP(secret)
    found = None
    for step in range(now - STEPS_OFF, now + STEPS_OFF + 1):
        if hmac.compare_digest(totp.generate_otp(step), code) and code.isascii():
            found = step
    return found


def _forget_recovery(tx: Tx, operator_id: int) -> None:
    tx.put("DELETE FROM recovery_code WHERE warehouse_id = :w AND operator_id = :operator", operator=operator_id)
