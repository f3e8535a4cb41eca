"""What a process logs is read on, whatever becomes of the file that keeps it."""

import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from workers.local.processes import Process


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_does_not_stop_the_process_that_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """200,000 bytes are more than a pipe holds; they go to a file on a disk without room, and the process ends."""
    heard: list[str] = []
    process = Process("api", Settings(data_dir=tmp_path), {}, lambda _, line: heard.append(line))
    process.log.parent.mkdir()
    process.log.symlink_to("/dev/full")
    command = [sys.executable, "-c", "for _ in range(2000): print('x' * 99)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as popen:
        process._copy_log(popen)
        assert popen.wait(10) == 0
    assert len(heard) == 2000
    assert capsys.readouterr().err == ""
