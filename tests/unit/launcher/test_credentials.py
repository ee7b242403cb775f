"""Secrets are made once and are nobody else's to read."""

import json
import stat

import pytest

from hub.launcher import credentials
from hub.launcher.places import Places


@pytest.fixture
def places(tmp_path):
    return Places(home=tmp_path, var=tmp_path / "var")


def contents(places):
    return {path.name: path.read_text() for path in places.secrets.iterdir()}


def test_every_secret_is_private_to_its_owner(places):
    credentials.ensure(places)

    assert {path.name for path in places.secrets.iterdir()} == {"fernet", "jwt", "api", "passwords.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in places.secrets.iterdir()} == {0o600}
    assert stat.S_IMODE(places.secrets.stat().st_mode) == 0o700


def test_secrets_stay_as_they_are(places):
    credentials.ensure(places)
    before = contents(places)

    credentials.ensure(places)

    assert contents(places) == before


def test_the_shared_secret_is_long_enough_to_sign_with(places):
    credentials.ensure(places)

    assert len((places.secrets / "jwt").read_bytes()) >= 64


def test_airflow_can_encrypt_with_the_key(places):
    from cryptography.fernet import Fernet

    credentials.ensure(places)

    Fernet((places.secrets / "fernet").read_text()).encrypt(b"anything")


def test_the_passwords_of_others_are_kept_and_made_private(places):
    places.make()
    places.passwords.write_text(json.dumps({"ana": "hers"}))
    places.passwords.chmod(0o644)

    credentials.ensure(places)

    assert credentials.password(places.passwords, "ana") == "hers"
    assert len(credentials.password(places.passwords)) >= 20
    assert stat.S_IMODE(places.passwords.stat().st_mode) == 0o600
