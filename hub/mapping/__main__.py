"""`python -m hub.mapping` writes mappings/_language.json, the schema that editors read, from the model."""

import json
from pathlib import Path

from hub.mapping import language

SCHEMA = Path(__file__).parents[2] / "mappings" / "_language.json"

if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(language(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
