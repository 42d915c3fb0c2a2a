"""Who may do what where: operators, stations, tokens."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint

from fulfillment.domain.accounts import VisitPurpose
from fulfillment.domain.roles import Role, StationKind, TokenRole
from fulfillment.models.base import InWarehouse, Mapped, belongs, db, maybe_whole, one_of, whole, words


class Operator(InWarehouse, db.Model):
    """A person with a badge; `language` is what screens speak to them, '' = what the device is set to."""

    __tablename__ = "operator"
    __table_args__ = (UniqueConstraint("warehouse_id", "badge"), one_of("role", Role))

    badge: Mapped[str] = words()
    name: Mapped[str] = words("")
    role: Mapped[str] = words()
    language: Mapped[str] = words("")
    is_active: Mapped[int] = whole(1)


class OperatorPin(InWarehouse, db.Model):
    """Somebody's PIN as scrypt makes it; `failures`: wrong ones in a row."""

    __tablename__ = "operator_pin"
    __table_args__ = (UniqueConstraint("warehouse_id", "operator_id"), belongs("operator_id", "operator"))

    operator_id: Mapped[int] = whole()
    pin_scrypt: Mapped[str] = words()
    set_at_ms: Mapped[int] = whole()
    failures: Mapped[int] = whole(0)
    locked_until_ms: Mapped[int] = whole(0)


class Station(InWarehouse, db.Model):
    """Where scans come from. `location_id` is the dock, bench or staging place it stands at;
    goods in the hands of whoever scans here lie in `hand_location_id`. `item_printer_id`: of items' own labels.
    A bench that `weighs` closes no parcel unweighed.
    """

    __tablename__ = "station"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        belongs("location_id", "location"),
        belongs("label_printer_id", "printer"),
        belongs("slip_printer_id", "printer"),
        belongs("item_printer_id", "printer"),
        belongs("hand_location_id", "location"),
        one_of("kind", StationKind),
    )

    code: Mapped[str] = words()
    kind: Mapped[str] = words()
    name: Mapped[str] = words("")
    location_id: Mapped[int | None] = maybe_whole()
    label_printer_id: Mapped[int | None] = maybe_whole()
    slip_printer_id: Mapped[int | None] = maybe_whole()
    item_printer_id: Mapped[int | None] = maybe_whole()
    hand_location_id: Mapped[int | None] = maybe_whole()
    weighs: Mapped[int] = whole(0)


class AccessToken(InWarehouse, db.Model):
    """A bearer token, stored only as its SHA-256. `scope`: the permissions it is narrowed to, '' = all of its role.

    `expires_at_ms` None: it holds until it is revoked.
    """

    __tablename__ = "access_token"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "token_sha256"),
        belongs("station_id", "station"),
        belongs("agent_id", "bench_agent"),
        one_of("role", TokenRole),
    )

    token_sha256: Mapped[str] = words()
    name: Mapped[str] = words("")
    role: Mapped[str] = words()
    station_id: Mapped[int | None] = maybe_whole()
    agent_id: Mapped[int | None] = maybe_whole()
    created_at_ms: Mapped[int] = whole()
    revoked_at_ms: Mapped[int | None] = maybe_whole()
    expires_at_ms: Mapped[int | None] = maybe_whole()
    scope: Mapped[str] = words("")


class OperatorAccount(InWarehouse, db.Model):
    """Name and passphrase somebody signs in with at a desk; the passphrase as argon2id makes it.

    `totp_sealed`: what their phone makes codes of, '' = no code is asked of them; `totp_pending`: of a phone that is
    being set up; `totp_step`: the half minute of the newest code that was used.
    """

    __tablename__ = "operator_account"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "operator_id"),
        UniqueConstraint("warehouse_id", "name"),
        belongs("operator_id", "operator"),
    )

    operator_id: Mapped[int] = whole()
    name: Mapped[str] = words()
    passphrase_argon2: Mapped[str] = words()
    set_at_ms: Mapped[int] = whole()
    totp_sealed: Mapped[str] = words("")
    totp_pending: Mapped[str] = words("")
    totp_step: Mapped[int] = whole(0)


class RecoveryCode(InWarehouse, db.Model):
    """A code on paper for who has an account and no phone; each opens once, and is kept as its SHA-256."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("warehouse_id", "code_sha256"), belongs("operator_id", "operator"))

    operator_id: Mapped[int] = whole()
    code_sha256: Mapped[str] = words()
    used_at_ms: Mapped[int | None] = maybe_whole()


class DeskSession(InWarehouse, db.Model):
    """Somebody signed in at a desk: whose token it is, from where, when it was used last.

    `proved_at_ms`: when they last keyed what only they know. Its begin, its end and its revocation are the token's.
    """

    __tablename__ = "desk_session"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "token_id"),
        belongs("token_id", "access_token"),
        belongs("operator_id", "operator"),
    )

    token_id: Mapped[int] = whole()
    operator_id: Mapped[int] = whole()
    used_at_ms: Mapped[int] = whole()
    proved_at_ms: Mapped[int] = whole()
    address: Mapped[str] = words("")
    browser: Mapped[str] = words("")


class SignInTry(InWarehouse, db.Model):
    """Wrong tries in a row by what they have in common, which is kept as a hash: people type passphrases into names."""

    __tablename__ = "sign_in_try"
    __table_args__ = (UniqueConstraint("warehouse_id", "key_sha256"),)

    key_sha256: Mapped[str] = words()
    failures: Mapped[int] = whole(0)
    tried_at_ms: Mapped[int] = whole()
    until_ms: Mapped[int] = whole(0)


class EnrolmentCode(InWarehouse, db.Model):
    """A short code a device or an agent trades for a token of its own, once; kept as its SHA-256."""

    __tablename__ = "enrolment_code"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code_sha256"),
        belongs("station_id", "station"),
        belongs("agent_id", "bench_agent"),
    )

    code_sha256: Mapped[str] = words()
    station_id: Mapped[int | None] = maybe_whole()
    agent_id: Mapped[int | None] = maybe_whole()
    expires_at_ms: Mapped[int] = whole()
    used_at_ms: Mapped[int | None] = maybe_whole()


class AccountLink(InWarehouse, db.Model):
    """A link that lets one person choose name and passphrase, once; without an operator it makes the first admin."""

    __tablename__ = "account_link"
    __table_args__ = (UniqueConstraint("warehouse_id", "code_sha256"), belongs("operator_id", "operator"))

    code_sha256: Mapped[str] = words()
    operator_id: Mapped[int | None] = maybe_whole()
    made_at_ms: Mapped[int] = whole()
    expires_at_ms: Mapped[int] = whole()
    used_at_ms: Mapped[int | None] = maybe_whole()


class CompanyTie(InWarehouse, db.Model):
    """Somebody's log-in at the company's own provider, by what never changes of it: issuer and subject.

    `shown`: what the provider calls them, for people to read; nothing is decided by it.
    """

    __tablename__ = "company_tie"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "operator_id"),
        UniqueConstraint("warehouse_id", "issuer", "subject"),
        belongs("operator_id", "operator"),
    )

    operator_id: Mapped[int] = whole()
    issuer: Mapped[str] = words()
    subject: Mapped[str] = words()
    shown: Mapped[str] = words("")
    tied_at_ms: Mapped[int] = whole()


class CompanyVisit(InWarehouse, db.Model):
    """A browser on its way through the company's log-in, by the SHA-256 of the secret it holds meanwhile.

    `back_at_ms`: when it came back, which it does once; `subject`: who the provider said it is, '' before that or
    where nobody of ours is meant; `operator_id`, `session_id`: who ties a log-in to their account.
    """

    __tablename__ = "company_visit"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "key_sha256"),
        belongs("operator_id", "operator"),
        one_of("purpose", VisitPurpose),
    )

    key_sha256: Mapped[str] = words()
    purpose: Mapped[str] = words()
    to_page: Mapped[str] = words()
    operator_id: Mapped[int | None] = maybe_whole()
    session_id: Mapped[int] = whole(0)
    expires_at_ms: Mapped[int] = whole()
    back_at_ms: Mapped[int | None] = maybe_whole()
    subject: Mapped[str] = words("")
    shown: Mapped[str] = words("")
