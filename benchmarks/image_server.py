"""Distinct images on a server of this machine, under many loopback addresses as if of so many hosts."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

SERVER_CORE: Final = "1"
NGINX: Final = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; types {{ image/jpeg jpg; }}
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen {port} backlog=4096; root {folder}/www; }}
}}
"""


def make_images(folder: Path, images: int, hosts: int, port: int) -> Path:
    """Write distinct JPEGs of 20 to 60 KB to `folder/www`, and a Parquet file that names them."""
    (folder / "www").mkdir()
    random = np.random.default_rng(0)
    for number in range(images):
        coarse = random.integers(0, 255, (60, 80, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((480, 360), Image.Resampling.BICUBIC)
        file = BytesIO()
        picture.save(file, "JPEG", quality=int(random.integers(70, 93)))
        (folder / "www" / f"{number}.jpg").write_bytes(file.getvalue())
    sizes = [path.stat().st_size for path in (folder / "www").iterdir()]
    print(f"{images} JPEGs of {min(sizes) // 1000} to {max(sizes) // 1000} KB on {hosts} hosts")
    urls = [f"http://127.1.{i % hosts // 250}.{i % hosts % 250 + 1}:{port}/{i}.jpg" for i in range(images)]
    rows = folder / "rows.parquet"
    pq.write_table(pa.table({"url": urls, "text": [f"picture {number}" for number in range(images)]}), rows)
    return rows


@contextmanager
def nginx(folder: Path, port: int) -> Iterator[int]:
    """Nginx on a core of its own; its process id."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        raise SystemExit("error: no nginx: apt-get install nginx-light")
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    server = subprocess.Popen(["taskset", "-c", SERVER_CORE, program, "-p", str(folder), "-c", str(config)])
    try:
        while server.poll() is None and not accepts(port):
            time.sleep(0.05)
        if server.returncode is not None:
            raise SystemExit("error: nginx did not start: see above")
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
