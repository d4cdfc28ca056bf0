"""A real nginx on loopback, with the configuration that the documentation recommends."""

import os
import shutil
import subprocess
from pathlib import Path

import requests
from support.waiting import wait_until
from support.workspace import free_port

from pipeline.core.settings import PROJECT_ROOT

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
SHIPPED = PROJECT_ROOT / "config" / "nginx" / "luigid.conf"
AROUND = """
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    {server}
}}
"""


class Nginx:
    """Only TLS, addresses and paths differ from what is shipped."""

    def __init__(self, root: Path, luigid_port: int, password: str) -> None:
        assert PROGRAM
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        users = root / "luigid.htpasswd"
        users.write_text(f"agent:{{PLAIN}}{password}\n", encoding="utf-8")
        lines = [line for line in SHIPPED.read_text().splitlines() if "ssl_cert" not in line]
        server = "\n".join(lines)
        for shipped, here in {
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port};",
            "/etc/nginx/luigid.htpasswd": str(users),
            "http://127.0.0.1:8082": f"http://127.0.0.1:{luigid_port}",
        }.items():
            assert shipped in server, shipped
            server = server.replace(shipped, here)
        user = "user root;" if os.geteuid() == 0 else ""
        config = root / "nginx.conf"
        config.write_text(AROUND.format(root=root, user=user, server=server), encoding="utf-8")
        command = [PROGRAM, "-p", str(root), "-c", str(config), "-e", f"{root}/start.log"]
        self.process = subprocess.Popen(command)
        wait_until(self._answers)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)

    def _answers(self) -> bool:
        assert self.process.poll() is None
        try:
            return requests.head(self.url, timeout=2).status_code == 401
        except requests.ConnectionError:
            return False
