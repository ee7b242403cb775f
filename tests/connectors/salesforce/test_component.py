"""The Lightning component's own tests, run with Salesforce's Jest preset as `npm test` runs them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[3] / "connectors" / "salesforce" / "package"
RUNNER = PACKAGE / "node_modules" / "@salesforce" / "sfdx-lwc-jest" / "bin" / "sfdx-lwc-jest"
LEAST = 30  # tests: a runner that finds none of them would be green too


@pytest.mark.slow
def test_the_components_tests_pass(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not RUNNER.exists():
        pytest.skip("the tests of the Lightning component need Node's packages: make setup-web")
    told = tmp_path / "told.json"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CI": "true", "NODE_ENV": "test"}

    ran = subprocess.run(
        [node, str(RUNNER), "--", "--ci", "--runInBand", "--json", f"--outputFile={told}", "--cacheDirectory",
         str(tmp_path / "cache")],
        cwd=PACKAGE, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stderr[-4000:]
    facts = json.loads(told.read_text())
    assert (facts["numFailedTests"], facts["numPendingTests"]) == (0, 0)
    assert facts["numPassedTests"] >= LEAST
