import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from pipelines.schema import DataError
from training.bert import bert_sizes, load_bert
from training.model import REGION_SEGMENT, ImageBERT, ImageBERTConfig
from training.recipes import base
from training.tokenizer import WordPiece, packaged_bert

TINY = ImageBERTConfig(
    region_feature_size=6,
    region_classes=5,
    vocab_size=50,
    hidden_size=8,
    layers=2,
    heads=2,
    feed_forward_size=16,
    positions=12,
    text_positions=10,
    region_position=10,
)


def tiny_model() -> ImageBERT:
    torch.manual_seed(0)
    return ImageBERT(TINY).eval()


def inputs(regions: int = 3) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    ids_BT = torch.randint(0, 50, (2, 4))
    ones = torch.ones(2, 4, dtype=torch.bool)
    return ids_BT, ones, torch.rand(2, regions, 6), torch.rand(2, regions, 5), torch.ones(2, regions, dtype=torch.bool)


def test_text_alone_gives_what_transformers_gives_for_the_packaged_bert() -> None:
    transformers = pytest.importorskip("transformers")
    sizes = bert_sizes(packaged_bert())
    model = ImageBERT(ImageBERTConfig(**asdict(sizes), region_feature_size=6, region_classes=5)).eval()
    load_bert(model, packaged_bert())
    texts = WordPiece().encode(["A red dog runs over the grass.", "two cats", "word " * 60])
    mask_BT = torch.tensor([[position < len(ids) for position in range(44)] for ids in texts])
    ids_BT = torch.tensor([ids + [0] * (44 - len(ids)) for ids in texts])
    nothing = torch.zeros(3, 0, dtype=torch.bool)
    reference = transformers.BertModel.from_pretrained(packaged_bert()).eval()
    with torch.no_grad():
        ours = model.encode(ids_BT, mask_BT, torch.zeros(3, 0, 6), torch.zeros(3, 0, 5), nothing)
        theirs = reference(input_ids=ids_BT, attention_mask=mask_BT.long()).last_hidden_state
    torch.testing.assert_close(ours[mask_BT], theirs[mask_BT], atol=1e-5, rtol=0)


def test_region_embedding_is_the_norm_of_feature_segment_location_and_dummy_position() -> None:
    model = tiny_model()
    table = model.embeddings
    features, locations = torch.rand(1, 2, 6), torch.rand(1, 2, 5)
    v = features @ table.region_feature.weight.T + table.region_feature.bias
    p_img = locations @ table.region_location.weight.T + table.region_location.bias
    summed = v + table.segment.weight[REGION_SEGMENT] + p_img + table.position.weight[10]
    expected = F.layer_norm(summed, (8,), table.region_norm.weight, table.region_norm.bias, 1e-12)
    torch.testing.assert_close(table.regions(features, locations), expected)


def test_region_features_of_any_scale_get_the_length_of_words() -> None:
    model = tiny_model()
    table = model.embeddings
    words = table.word.weight.norm(dim=-1).mean()
    for scale in (1e-2, 1e3):
        features = scale * torch.rand(20, 6)
        table.match_region_scale(features)
        assert (features @ table.region_feature.weight.T).norm(dim=-1).mean().item() == pytest.approx(words.item())


def test_zero_features_leave_the_projection_alone() -> None:
    table = tiny_model().embeddings
    before = table.region_feature.weight.clone()
    table.match_region_scale(torch.zeros(3, 6))
    assert torch.equal(table.region_feature.weight, before)


def test_initial_weights_are_berts_at_its_width_and_grow_as_the_width_shrinks() -> None:
    torch.manual_seed(0)
    for width, deviation in ((768, 0.02), (192, 0.04)):
        model = ImageBERT(replace(TINY, hidden_size=width, vocab_size=500, layers=1))
        assert model.embeddings.word.weight.std().item() == pytest.approx(deviation, rel=0.02)


def test_regions_have_no_order() -> None:
    model = tiny_model()
    ids, text_mask, features, locations, region_mask = inputs()
    hidden = model.encode(ids, text_mask, features, locations, region_mask)
    flipped = model.encode(ids, text_mask, features.flip(1), locations.flip(1), region_mask)
    torch.testing.assert_close(flipped[:, :4], hidden[:, :4])
    torch.testing.assert_close(flipped[:, 4:].flip(1), hidden[:, 4:])


def test_padding_changes_nothing() -> None:
    model = tiny_model()
    ids, text_mask, features, locations, region_mask = inputs()
    hidden = model.encode(ids, text_mask, features, locations, region_mask)
    padded = model.encode(
        F.pad(ids, (0, 3), value=7),
        F.pad(text_mask, (0, 3)),
        F.pad(features, (0, 0, 0, 2), value=9.0),
        F.pad(locations, (0, 0, 0, 2), value=9.0),
        F.pad(region_mask, (0, 2)),
    )
    torch.testing.assert_close(padded[:, :4], hidden[:, :4])
    torch.testing.assert_close(padded[:, 7:10], hidden[:, 4:])


def test_text_sees_the_regions() -> None:
    model = tiny_model()
    ids, text_mask, features, locations, region_mask = inputs()
    hidden = model.encode(ids, text_mask, features, locations, region_mask)
    other = model.encode(ids, text_mask, 1 - features, locations, region_mask)
    assert (hidden[:, 0] - other[:, 0]).abs().max() > 1e-4


def test_base_recipe_is_as_large_as_bert_base() -> None:
    with torch.device("meta"):
        model = ImageBERT(ImageBERTConfig(**asdict(base().sizes), region_feature_size=2048, region_classes=1600))
    # BERT-base without pooler: 85,054,464 in its layers, 23,837,184 in its embeddings.
    assert sum(p.numel() for p in model.layers.parameters()) == 85_054_464
    bert_part = [p for name, p in model.embeddings.named_parameters() if not name.startswith("region_")]
    assert sum(p.numel() for p in bert_part) == 23_837_184


def test_saved_model_reads_back_the_same(tmp_path: Path) -> None:
    model = tiny_model()
    model.save_pretrained(tmp_path)
    again = ImageBERT.from_pretrained(tmp_path)
    assert again.config == TINY
    assert torch.equal(again.encode(*inputs()), model.encode(*inputs()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]


def test_another_models_folder_is_refused() -> None:
    with pytest.raises(DataError, match="another model than ImageBERT"):
        ImageBERT.from_pretrained(packaged_bert())


def test_truncated_weights_are_refused(tmp_path: Path) -> None:
    tiny_model().save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(DataError, match="not a whole safetensors file"):
        ImageBERT.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"heads": 3}, "hidden_size 8 is no multiple of heads 3"),
        ({"region_position": 9}, "region_position 9"),
        ({"region_position": 12}, "region_position 12"),
        ({"dropout": 1.0}, r"dropout 1\.0"),
    ],
)
def test_impossible_sizes_are_refused(change: dict[str, float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ImageBERTConfig(**{**asdict(TINY), **change})


def test_old_checkpoint_names_and_the_mlm_head_are_understood(tmp_path: Path) -> None:
    """BERT-base on the hub has `bert.` before each name, gamma and beta in its norms, and its MLM head."""
    model = tiny_model()
    plain = _bert_checkpoint(tmp_path, {"cls.predictions.bias": torch.arange(50.0)})
    other = ImageBERT(TINY)
    load_bert(other, tmp_path)
    assert torch.equal(other.embeddings.text_norm.weight, plain["embeddings.LayerNorm.weight"])
    assert torch.equal(other.embeddings.region_norm.weight, plain["embeddings.LayerNorm.weight"])
    assert torch.equal(other.heads.mlm_bias, torch.arange(50.0))
    assert torch.equal(
        other.layers[1].get_parameter("query_key_value.bias")[8:16], plain["encoder.layer.1.attention.self.key.bias"]
    )
    assert not torch.equal(other.embeddings.word.weight, model.embeddings.word.weight)


def test_a_checkpoint_of_other_sizes_is_refused(tmp_path: Path) -> None:
    _bert_checkpoint(tmp_path, {})
    weights = load_file(tmp_path / "model.safetensors")
    weights["bert.embeddings.word_embeddings.weight"] = torch.zeros(49, 8)
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(DataError, match=r"word_embeddings.weight of shape \[49, 8\], the model \[50, 8\]"):
        load_bert(tiny_model(), tmp_path)


def test_a_checkpoint_that_is_no_bert_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"type_vocab_size": 2, "d_model": 8}))
    with pytest.raises(DataError, match="has no 'vocab_size'"):
        bert_sizes(tmp_path)


@pytest.mark.parametrize(
    ("config", "complaint"), [("[1]", "is no JSON object"), ('{"type_vocab_size": "x"}', "no BERT's")]
)
def test_a_config_of_the_wrong_kind_is_refused(tmp_path: Path, config: str, complaint: str) -> None:
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(DataError, match=complaint):
        bert_sizes(tmp_path)


def _bert_checkpoint(folder: Path, extra: dict[str, Tensor]) -> dict[str, Tensor]:
    """Random weights of TINY's sizes under transformers' names, written under the hub's old ones."""
    torch.manual_seed(2)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (50, 8),
        "embeddings.position_embeddings.weight": (12, 8),
        "embeddings.token_type_embeddings.weight": (2, 8),
        "embeddings.LayerNorm.weight": (8,),
        "embeddings.LayerNorm.bias": (8,),
    }
    for layer in range(2):
        for part, rows, columns in [
            *((f"attention.self.{name}", 8, 8) for name in ("query", "key", "value")),
            ("attention.output.dense", 8, 8),
            ("intermediate.dense", 16, 8),
            ("output.dense", 8, 16),
        ]:
            shapes[f"encoder.layer.{layer}.{part}.weight"] = (rows, columns)
            shapes[f"encoder.layer.{layer}.{part}.bias"] = (rows,)
        for norm in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"encoder.layer.{layer}.{norm}.{kind}": (8,) for kind in ("weight", "bias")}
    plain = {name: torch.rand(shape) for name, shape in shapes.items()}
    old = {
        "bert."
        + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in plain.items()
    }
    head = {
        "cls.predictions.transform.dense.weight": torch.rand(8, 8),
        "cls.predictions.transform.dense.bias": torch.rand(8),
        "cls.predictions.transform.LayerNorm.gamma": torch.rand(8),
        "cls.predictions.transform.LayerNorm.beta": torch.rand(8),
    }
    save_file(old | (head | extra if extra else {}), folder / "model.safetensors")
    return plain
