"""Take the pictures of the docs: the real Flower and the pages, while the recorded class goes through real processes.

`python .ci/screenshots.py [FOLDER]` needs Chromium on the path. Nothing is drawn on them afterwards.
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import page_pictures
from PIL import Image

from config.settings import Settings, settings
from models import engine
from models.access import sources
from workers.cli import replay_client
from workers.cli.demo import replay
from workers.local.supervisor import RunningSystem, running

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --virtual-time-budget=6000"
)
MAX_BYTES = 150_000
COLOURS = 64
BAD = {"type": "item_result", "id": "p1", "student": "riverside-s413", "at": "yesterday", "subject": "q", "outcome": 1}


def main(folder: Path) -> None:
    """Replay the class, send an invalid event, and take a picture of each page."""
    browser = page_pictures.browser_of(BROWSERS)
    if browser is None:
        print("skipped: there is no Chromium on the path")
        return
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="souschef-pictures-"))
    work.chmod(0o755)
    try:
        with running(Settings(data_dir=work / "data"), free_ports=True) as system:
            replay.load(replay.quiet_console())
            recording = replay.EXAMPLE / "moodle_class.jsonl.gz"
            replay.replay(system, replay.quiet_console(), recording=recording)
            send_invalid_event(system)
            replay.wait_until_applied()
            time.sleep(3)
            take(browser, system, "/tasks", folder / "flower-tasks.png", size="1500,760")
            take(browser, system, "/workers", folder / "flower-worker.png", size="1500,500")
            take(browser, system, f"/task/{quarantined_task(system)}", folder / "flower-poison.png", size="1500,900")
            page_pictures.take_pages(browser, system.api_url, everything=ROOT / ".screenshots", docs=folder)
    finally:
        shutil.rmtree(work)


def send_invalid_event(system: RunningSystem) -> None:
    """Send three valid events and one whose time is not a time."""
    with engine.transaction() as session:
        credential = sources.add(session, "own", format="canonical", secret_key=settings().secret_key_bytes())
    good = [{**BAD, "id": f"g{n}", "at": "2026-11-10T09:00:00Z", "subject": "4.NF.A.1 q01"} for n in range(3)]
    for event in [*good, BAD]:
        headers = (("content-type", "application/json"),)
        request = replay_client.Request("POST", "/events", headers, json.dumps(event).encode())
        replay_client.send([request], api_url=system.api_url, credential=credential)
        replay.wait_until_applied()


def quarantined_task(system: RunningSystem) -> str:
    """Return the task that put the invalid event into quarantine."""
    word = base64.b64encode(f"{system.flower_user}:{system.flower_password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - our own Flower
        f"{system.flower_url}/api/tasks?limit=50", headers={"Authorization": f"Basic {word}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - see above
        tasks: dict[str, Any] = json.load(answer)
    return next(uuid for uuid, task in tasks.items() if "quarantined" in str(task["result"]))


def take(browser: str, system: RunningSystem, path: str, file: Path, *, size: str) -> None:
    """Take a picture of one page of Flower, in few colours so that it stays small."""
    login = f"{quote(system.flower_user)}:{quote(system.flower_password)}"
    address = system.flower_url.replace("http://", f"http://{login}@", 1) + path
    with tempfile.TemporaryDirectory() as profile:
        options = [*OPTIONS.split(), f"--user-data-dir={profile}", f"--window-size={size}", f"--screenshot={file}"]
        subprocess.run([browser, *options, address], check=True, timeout=60, capture_output=True)  # noqa: S603 - Chromium
    with Image.open(file) as picture:
        few = picture.convert("RGB").quantize(COLOURS)
    few.save(file, optimize=True)
    if file.stat().st_size > MAX_BYTES:
        sys.exit(f"{file} is larger than {MAX_BYTES:,} bytes: make its window smaller.")
    print(f"{file}  {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
