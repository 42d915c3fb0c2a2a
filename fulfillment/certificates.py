"""Certificates of a floor's own: a CA its devices are told to trust once, and what the server shows under it.

The CA's key stays in its folder, readable by its owner only, and signs nothing but servers. Refuses names no browser
could ask for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fulfillment.founding import write_secret
from fulfillment.settings import SettingError

CA_DAYS = 3650
# Source: support.apple.com/103214: also under a CA somebody added, no more than 825 days; browsers move on to fewer.
SERVER_DAYS = 397
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True)
class Made:
    """Where the files are, and until when the server's certificate holds."""

    ca: Path
    cert: Path
    key: Path
    until: datetime
    is_new_ca: bool


def make(folder: Path, names: list[str], days: int = SERVER_DAYS, now: datetime | None = None) -> Made:
    """A certificate for these names and addresses, under the CA of this folder; the CA too, if there is none.

    Raises:
        SettingError: no name, or none a browser could ask for; a CA that cannot be read.
    """
    now = now or datetime.now(UTC)
    wanted = [_general(name.strip().lower()) for name in names]
    if not wanted:
        raise SettingError("floor tls: say by which names and addresses devices reach this floor")
    ca_file, ca_key_file = folder / "ca.pem", folder / "ca-key.pem"
    is_new_ca = not ca_file.exists()
    if is_new_ca:
        _make_ca(ca_file, ca_key_file, now)
    try:
        ca = x509.load_pem_x509_certificate(ca_file.read_bytes())
        ca_key = serialization.load_pem_private_key(ca_key_file.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise SettingError(f"{ca_file}: no CA that can sign: {error}") from error
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    until = min(now + timedelta(days=days), ca.not_valid_after_utc)
    cert = (
        _begin(key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0].strip()[:64])]), ca.subject, now, until)
        .add_extension(x509.SubjectAlternativeName(wanted), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    cert_file, key_file = folder / "server.pem", folder / "server-key.pem"
    write_secret(key_file, _pem(key))
    cert_file.write_text(_text(cert) + _text(ca), "ascii")
    return Made(ca_file, cert_file, key_file, until, is_new_ca)


def _make_ca(ca_file: Path, key_file: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Floorline CA {now:%Y-%m-%d}")])
    ca = (
        _begin(key, name, name, now, now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_secret(key_file, _pem(key))
    ca_file.write_text(_text(ca), "ascii")


def _begin(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a handheld's clock may be behind
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )  # fmt: skip


def _usage(**used: bool) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: used.get(name, False) for name in every})


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        if not _NAME.fullmatch(name):
            raise SettingError(f"floor tls: {name!r} is no name and no address") from None
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()  # fmt: skip


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
