"""Take the pictures of docs/operations.md: the real Flower, while the recorded class goes through real processes.

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

from PIL import Image

from config.settings import Settings, settings
from models import database, sources
from workers import demonstration, sending
from workers.supervisor import Kitchen, running

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
    """Have the class go through, a bad event come and a worker fall, and take a picture of each."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        print("skipped: there is no Chromium on the path")
        return
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="souschef-pictures-"))
    work.chmod(0o755)
    try:
        with running(Settings(data_dir=work / "data"), free_ports=True) as kitchen:
            demonstration.load(demonstration.quiet())
            recording = demonstration.EXAMPLE / "moodle_class.jsonl.gz"
            demonstration.replay(kitchen, demonstration.quiet(), recording=recording)
            send_bad(kitchen)
            demonstration.wait_until_applied()
            time.sleep(3)
            take(browser, kitchen, "/tasks", folder / "flower-tasks.png", size="1500,760")
            take(browser, kitchen, "/workers", folder / "flower-worker.png", size="1500,500")
            take(browser, kitchen, f"/task/{the_bad_one(kitchen)}", folder / "flower-poison.png", size="1500,900")
    finally:
        shutil.rmtree(work)


def send_bad(kitchen: Kitchen) -> None:
    """Send one event whose time is none, and four that are good."""
    with database.transaction() as session:
        given = sources.add(session, "own", format="canonical", secret_key=settings().secret_key_bytes())
    good = [{**BAD, "id": f"g{n}", "at": "2026-11-10T09:00:00Z", "subject": "4.NF.A.1 q01"} for n in range(3)]
    for event in [*good, BAD]:
        headers = (("content-type", "application/json"),)
        request = sending.Request("POST", "/events", headers, json.dumps(event).encode())
        sending.send([request], door=kitchen.door_url, credential=given)
        demonstration.wait_until_applied()


def the_bad_one(kitchen: Kitchen) -> str:
    """Return the task that has set the bad event aside."""
    word = base64.b64encode(f"{kitchen.flower_user}:{kitchen.flower_password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - our own Flower
        f"{kitchen.flower_url}/api/tasks?limit=50", headers={"Authorization": f"Basic {word}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - see above
        tasks: dict[str, Any] = json.load(answer)
    return next(uuid for uuid, task in tasks.items() if "quarantined" in str(task["result"]))


def take(browser: str, kitchen: Kitchen, path: str, file: Path, *, size: str) -> None:
    """Take a picture of one page of Flower, in few colours so that it stays small."""
    login = f"{quote(kitchen.flower_user)}:{quote(kitchen.flower_password)}"
    address = kitchen.flower_url.replace("http://", f"http://{login}@", 1) + path
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
