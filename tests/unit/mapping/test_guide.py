"""The guide for those who write mappings tells the truth."""

import re
from pathlib import Path

import pytest

from hub.mapping import FUNCTIONS, failures, load_mappings

GUIDE = (Path(__file__).parents[3] / "docs" / "guides" / "write-a-mapping.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_mapping_in_the_guide_loads_and_its_examples_hold(block: str, tmp_path: Path) -> None:
    head = "" if "mapping:" in block else "mapping: slack\nversion: 1\nreads: Alert\nmakes: message\n"
    (tmp_path / "guide.yaml").write_text(head + block, encoding="utf-8")

    for mapping in load_mappings(tmp_path / "guide.yaml"):
        assert failures(mapping) == []
        assert mapping.paths


def test_the_guide_lists_every_function_of_ours_and_no_other() -> None:
    table = GUIDE.partition("| For | Functions |")[2].partition("\n\n")[0]
    listed = set(re.findall(r"`([a-z_]+)(?:\(|`)", table))

    assert listed == {name for name, known in FUNCTIONS.items() if not known.standard}
