"""docs/operations.md, "Install as a service", typed literally on a root file system of its own, ends in a service that runs.

The host's root is the lower layer of an overlay in a mount namespace; whatever is installed lands in memory and is gone
afterwards. No service manager runs there, so the lines that speak to one are left out, and the unit's own command is
started as the unit says: as its user, with its settings file, in its directory.
"""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.postgres import Database
from tests.support.processes import ROOT

PAGE = ROOT / "docs" / "operations.md"
UNIT = ROOT / "examples" / "systemd" / "creatoros-outbox-worker.service"
MOST_EXPOSURE = 3.0
UNSHARE, ANALYZE = shutil.which("unshare"), shutil.which("systemd-analyze")

PREPARE = """
set -eu
mount -t tmpfs none "$SCRATCH"
mkdir "$SCRATCH/upper" "$SCRATCH/work" "$SCRATCH/root"
mount -t overlay none -o "lowerdir=/,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work" "$SCRATCH/root"
mount -t proc none "$SCRATCH/root/proc"
mount --rbind /dev "$SCRATCH/root/dev"
mkdir -p "$SCRATCH/root/run"
rm -f "$SCRATCH/root/etc/passwd.lock" "$SCRATCH/root/etc/group.lock"  # of the machine: who held it is not in here
chmod 0755 "$SCRATCH/root/root"  # a Python of root's own must be executable by every user, as the page says
# The checkout may lie in a folder that only root may enter; the page's own user has to read the course in it.
way=$PROJECT
while [ "$way" != / ]; do
  chmod a+rx "$SCRATCH/root$way"
  way=$(dirname "$way")
done
exec chroot "$SCRATCH/root" sh -c 'cd "$PROJECT" && exec sh -eu' < "$SCRIPT"
"""

# After what the page says: the service, an operator's commands, root's drain, the service again.
LIVE = """
export PATH=/usr/local/bin:$PATH
trap 'pkill -TERM -u creatoros -f "worker run" || true' EXIT  # a step that fails must not leave the service behind
starts() {
  runuser -u creatoros -- env -i PATH="$PATH" $(cat /etc/creatoros-outbox.env) sh -c 'cd %(directory)s && exec %(command)s' &
  service=$!
}
ends() { kill -TERM $(pgrep -u creatoros -f 'worker run'); wait $service; echo "service ended: $?"; }
delivered() {
  for look in $(seq 600); do
    if outbox status --check | grep -q '^ok: 0 waiting,.* worker following$'; then
      echo "delivered: $1"
      return
    fi
    sleep 0.2
  done
  outbox status
  return 1
}
worker doctor && echo 'doctor: 0'
starts
generate import examples/courses/pao-fermentacao-natural
delivered first
outbox status --check && echo 'check: 0'
ends
generate import examples/courses/pao-fermentacao-natural
worker drain --quiet && echo 'drained by root'
worker verify && echo 'verified'
echo "foreign: $(find /srv/creatoros ! -user creatoros | wc -l)"
starts
outbox check
outbox backup /srv/creatoros/backup.db
delivered again
ends
"""


def blocks() -> list[str]:
    section = PAGE.read_text("utf-8").split("## Install as a service")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.fixture(scope="module")
def unit() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    return parser["Service"]


@pytest.mark.timeout(1200)
@pytest.mark.skipif(os.geteuid() != 0 or UNSHARE is None, reason="a root file system is root's to make")
def test_the_page_typed_literally_ends_in_a_running_service(
    database: Database, tmp_path: Path, unit: configparser.SectionProxy
) -> None:
    """Folders belong to the right user, the service delivers, root's commands break nothing."""
    install, settings, _start = blocks()
    address = "127.0.0.1" + database.worker_dsn.partition("127.0.0.1")[2]
    credentials = database.worker_dsn.partition("://")[2].partition("@")[0]
    written = re.sub(r"(?<=postgresql://).*", f"{credentials}@{address}", settings)
    live = LIVE % {"directory": unit["WorkingDirectory"], "command": unit["ExecStart"]}
    script = tmp_path / "script.sh"
    script.write_text(f"{install}\ncat > /etc/creatoros-outbox.env <<'END'\n{written}END\n{live}")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OUTBOX_", "SUPABASE_", "CREATOR"))}
    ran = subprocess.run(
        [UNSHARE or "", "--mount", "--propagation", "private", "sh", "-c", PREPARE],
        env={**clean, "SCRATCH": str(scratch), "PROJECT": str(ROOT), "SCRIPT": str(script), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=1180,
    )
    told = ran.stdout + ran.stderr
    if "overlay" in ran.stderr and "mount" in ran.stderr and ran.returncode == 32:
        pytest.skip("this kernel gives no overlay to a mount namespace")
    assert ran.returncode == 0, told
    for line in (
        "doctor: 0",
        "delivered: first",
        "check: 0",
        "drained by root",
        "verified",
        "foreign: 0",
        "delivered: again",
    ):
        assert line in ran.stdout, told
    assert ran.stdout.count("service ended: 0") == 2, told


def test_the_settings_of_the_page_are_those_of_the_unit(unit: configparser.SectionProxy) -> None:
    """What the page makes is what the unit uses."""
    install, settings, _start = blocks()
    assert unit["User"] == "creatoros"
    assert unit["EnvironmentFile"] in install
    assert unit["ExecStart"].split()[0].removesuffix("/bin/worker") in install
    for line in settings.splitlines():
        if line.startswith(("OUTBOX_PATH", "CONTENT_ROOT")):
            assert line.partition("=")[2].startswith(unit["ReadWritePaths"])


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed here")
def test_the_unit_is_closed_as_far_as_it_can_be() -> None:
    """What the service does not need is not open to it."""
    ran = subprocess.run(
        [ANALYZE or "", "security", "--offline=yes", f"--threshold={MOST_EXPOSURE * 10:.0f}", str(UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout
