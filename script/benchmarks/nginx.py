"""nginx as the peer: plain, with TLS, and asking another server for every request."""

from functools import partial
import getpass
from pathlib import Path
import shutil
import sys

from stack.errors import MissingPartError
from stack.ports import LOOPBACK, free_port, is_listening
from stack.processes import Process

from .machine import SERVER_CORE, on_core

_READY_SECONDS = 10.0
_PROGRAM = shutil.which("nginx") or "/usr/sbin/nginx"
# One worker, as many connections as the slow clients need, and the settings that its own
# documentation recommends for static files; no access log, which the depot has none of either.
_CONFIGURATION = """
daemon off;
user {user};
worker_processes 1;
worker_rlimit_nofile 8192;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  sendfile_max_chunk 512k;
  tcp_nopush on;
  keepalive_requests 1000000;
  keepalive_timeout 75s;
  default_type application/octet-stream;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream authoriser {{ server {host}:{authoriser}; keepalive 64; }}
  server {{
    listen {host}:{plain} backlog=4096;
    root {files};
    location /asked/ {{
      auth_request /authorise;
      alias {files}/;
    }}
    location = /authorise {{
      internal;
      proxy_pass http://authoriser/authorise;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass_request_body off;
    }}
  }}
  server {{
    listen {host}:{tls} ssl backlog=4096;
    root {files};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets on;
  }}
}}
"""


class Nginx:
    """One nginx that serves a folder in every way that is compared."""

    def __init__(self, folder: Path, files: Path, certificate: Path, key: Path, token: str) -> None:
        """Write its configuration; nothing runs yet."""
        if not Path(_PROGRAM).exists():
            raise MissingPartError("nginx is missing. On Debian: sudo apt-get install nginx-light")
        folder.mkdir()
        ports = {name: free_port() for name in ("plain", "tls", "authoriser")}
        self.plain = f"http://{LOOPBACK}:{ports['plain']}"
        self.tls = f"https://{LOOPBACK}:{ports['tls']}"
        self.asking = f"{self.plain}/asked"
        self._ports = ports
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                files=files,
                certificate=certificate,
                key=key,
                host=LOOPBACK,
                user=getpass.getuser(),
                **ports,
            ),
            encoding="utf-8",
        )
        pinned = on_core(SERVER_CORE)
        program = [*pinned, _PROGRAM, "-c", str(configuration), "-p", str(folder)]
        self.process = Process("nginx", program, log=folder / "output.log")
        self.authoriser = Process(
            "The authoriser",
            [
                *pinned,
                sys.executable,
                "-m",
                "benchmarks.authoriser",
                str(ports["authoriser"]),
                token,
            ],
            log=folder / "authoriser.log",
        )

    def start(self) -> None:
        """Start both and wait until they listen."""
        for process, names in (
            (self.process, ("plain", "tls")),
            (self.authoriser, ("authoriser",)),
        ):
            process.start()
            for name in names:
                probe = partial(is_listening, self._ports[name])
                process.wait_until(probe, "listening", _READY_SECONDS)

    def stop(self) -> None:
        """Stop both."""
        self.process.stop()
        self.authoriser.stop()
