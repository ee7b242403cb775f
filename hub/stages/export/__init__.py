"""Export: what analysts read, as Parquet in a folder or a bucket, brought up to date by what has changed."""

from hub.stages.export.columns import Rules
from hub.stages.export.dictionary import DATASETS, as_page, as_text
from hub.stages.export.running import Done, Export
from hub.stages.export.shelf import Shelf

__all__ = ["DATASETS", "Done", "Export", "Rules", "Shelf", "as_page", "as_text"]
