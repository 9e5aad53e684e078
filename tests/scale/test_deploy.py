"""What lies in deploy/ keeps step with the code: names of settings, commands, services, files; nginx reads its part."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.settings import Settings, platform_settings
from services.runner import STOP_WITHIN

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
NGINX = """
events {{}}
http {{
    {body} {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {deploy}/nginx/pult-log.conf;
    {site}
}}
"""


def known() -> set[str]:
    models = [Settings, *platform_settings()]
    return {f"{one.model_config.get('env_prefix', '')}{name}".upper() for one in models for name in one.model_fields}


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return read


def commands() -> set[str]:
    from typer.main import get_command

    from bot.cli import app

    return set(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_settings_named_there_exist(path: Path) -> None:
    named = set(re.findall(r"\bPULT_[A-Z_]+\b", path.read_text()))
    assert named <= known()


def test_commands_run_there_exist() -> None:
    of_units = {name for unit in UNITS for name in re.findall(r"-m bot ([\w-]+)", unit.read_text())}
    services = compose()["services"].values()
    of_services = {one["command"][0] for one in services if one.get("image") == "pult:local"}
    assert of_units == {"run", "web", "worker", "migrate"}
    assert of_services == {"web", "worker", "migrate"}
    assert of_units | of_services <= commands()


def test_a_unit_waits_for_what_was_begun_and_may_do_little() -> None:
    for unit in UNITS:
        text = unit.read_text()
        for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "User=pult"):
            assert f"\n{line}\n" in text
        if "Type=simple" in text:
            assert int(re.search(r"TimeoutStopSec=(\d+)", text)[1]) > STOP_WITHIN + 10  # type: ignore[index]


def test_compose_names_only_what_it_has() -> None:
    plan = compose()
    services = plan["services"]
    kinds = [one["command"][0] for one in services.values() if one.get("image") == "pult:local"]
    assert sorted(kinds) == ["migrate", "web", "web", "worker", "worker"]
    for one in services.values():
        assert set(one.get("depends_on", ())) <= set(services)
        assert set(one["networks"]) <= set(plan["networks"])
        for volume in one.get("volumes", ()):
            source = volume.partition(":")[0]
            found = (DEPLOY / source).exists() if source.startswith(".") else source in plan["volumes"]
            assert found or source == "./certificates"
    site = (DEPLOY / "nginx/compose.conf").read_text()
    assert set(re.findall(r"server (\w+):8080", site)) == {name for name in services if name.startswith("web")}


def test_no_line_of_nginx_holds_a_whole_address() -> None:
    text = "".join(path.read_text() for path in (DEPLOY / "nginx").glob("*.conf"))
    for variable in ("$request ", "$request_uri ", "$args", "$query_string", "$http_referer", "$uri"):
        assert variable not in text.replace("map $request_uri $", "").replace("https://$host$request_uri;", "")


@pytest.mark.parametrize("site", ["pult.conf", "compose.conf"])
def test_nginx_reads_the_site(site: str, tmp_path: Path) -> None:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("no nginx was found")
    certificate(tmp_path)
    text = (DEPLOY / "nginx" / site).read_text()
    text = re.sub(r"/\S+/(fullchain|privkey)\.pem", rf"{tmp_path}/\1.pem", text)
    text = re.sub(r"server web(\d):", r"server 127.0.0.\1:", text)
    text = text.replace("/etc/nginx/pult-locations.conf", str(DEPLOY / "nginx/pult-locations.conf"))
    text = text.replace("/var/log/nginx/", f"{tmp_path}/").replace("/dev/stdout", f"{tmp_path}/pult.log")
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(body="client_body_temp_path", folder=tmp_path, deploy=DEPLOY, site=text))
    read = subprocess.run(
        [program, "-t", "-q", "-p", str(tmp_path), "-c", str(config), "-g", f"pid {tmp_path}/pid; error_log stderr;"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (read.returncode, read.stderr) == (0, "")


def certificate(folder: Path) -> None:
    """A self-signed one, so that the sites can be read."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pult.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    (folder / "fullchain.pem").write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
