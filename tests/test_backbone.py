import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from filters.backbone import CLASS_NAMES, LAYER_SIZE, Backbone
from filters.backbone_weights import load_network


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone()


def sample(name: str) -> Image.Image:
    return Image.fromarray(load_sample_image(name))


def test_photographs_get_sensible_classes(backbone: Backbone) -> None:
    embedding = backbone.embed([sample("china.jpg"), sample("flower.jpg")])

    best = [CLASS_NAMES[row.argmax()] for row in embedding.class_probabilities_BC]
    assert best == ["palace", "daisy"]
    assert embedding.class_probabilities_BC.max(axis=1).min() > 0.25


def test_embedding_has_the_promised_shapes_and_ranges(backbone: Backbone) -> None:
    embedding = backbone.embed([sample("china.jpg"), Image.new("RGB", (2, 900)), Image.new("RGB", (1, 1))])

    assert embedding.features_BD.shape == (3, 1280)
    assert embedding.class_probabilities_BC.shape == (3, 1000)
    assert embedding.features_BD.dtype == embedding.class_probabilities_BC.dtype == np.float32
    assert embedding.features_BD.min() >= 0
    np.testing.assert_allclose(embedding.class_probabilities_BC.sum(axis=1), 1, atol=1e-5)


def test_the_graph_computes_what_the_network_does(backbone: Backbone) -> None:
    picture = sample("china.jpg").resize((224, 224))
    pixels = torch.from_numpy(np.array(picture)[None]).permute(0, 3, 1, 2).float()
    network = load_network()
    stages = [stage := network.bn1(network.conv_stem((pixels - 127) / 128))]
    stages += [stage := block(stage) for block in network.blocks]
    framed = Image.new("RGB", (256, 256))
    framed.paste(picture, (16, 16))  # the centre crop of 256 is exactly the picture

    embedding = backbone.embed([framed])

    expected = network.bn2(network.conv_head(stage)).mean(dim=(2, 3))
    np.testing.assert_allclose(embedding.features_BD, expected.numpy(), atol=1e-4)
    assert embedding.layers_BL is not None
    assert embedding.layers_BL.shape == (1, LAYER_SIZE)
    means = torch.cat([stage.mean(dim=(2, 3)) for stage in stages[1:]], dim=1)
    maxima = torch.cat([stage.amax(dim=(2, 3)) for stage in stages[1:]], dim=1)
    np.testing.assert_allclose(embedding.layers_BL, torch.cat([means, maxima], dim=1).numpy(), atol=1e-3)


def test_class_names_are_those_of_imagenet() -> None:
    assert len(CLASS_NAMES) == 1000
    assert (CLASS_NAMES[0], CLASS_NAMES[281], CLASS_NAMES[999]) == ("tench", "tabby", "toilet tissue")


def test_an_image_gets_the_same_features_alone_and_among_others(backbone: Backbone) -> None:
    images = [sample("china.jpg").rotate(angle) for angle in range(0, 90, 10)]

    together = backbone.embed(images).features_BD
    alone = np.concatenate([backbone.embed([image]).features_BD for image in images])

    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_embedding_sees_the_centre_and_the_grid_sees_everything(backbone: Backbone) -> None:
    plain = Image.new("RGB", (896, 256), "white")
    marked = plain.copy()
    marked.paste(sample("flower.jpg").resize((200, 200)), (0, 0))

    plain_grid, marked_grid = backbone.grid([plain, marked]).features_BGGD
    change = np.abs(plain_grid - marked_grid).sum(axis=-1)

    np.testing.assert_array_equal(backbone.embed([plain]).features_BD, backbone.embed([marked]).features_BD)
    assert np.unravel_index(change.argmax(), change.shape)[1] <= 1
    assert change[:, :2].mean() > 3 * change[:, 5:].mean()


def test_grid_cells_are_where_the_object_is(backbone: Backbone) -> None:
    canvas = Image.new("RGB", (700, 700), (90, 140, 200))
    canvas.paste(sample("flower.jpg").crop((120, 0, 520, 400)).resize((300, 300)), (380, 380))
    daisy = CLASS_NAMES.index("daisy")

    grid = backbone.grid([canvas])

    assert grid.features_BGGD.shape == (1, 7, 7, 1280)
    assert grid.class_logits_BGGC.shape == (1, 7, 7, 1000)
    row, column = np.unravel_index(grid.class_logits_BGGC[0, :, :, daisy].argmax(), (7, 7))
    assert row >= 3
    assert column >= 3


def test_grid_pools_to_what_embedding_says_of_a_square_seen_whole(backbone: Backbone) -> None:
    square = sample("china.jpg").resize((224, 224))
    framed = Image.new("RGB", (256, 256))
    framed.paste(square, (16, 16))  # the centre crop of 256 is exactly the square

    grid, embedding = backbone.grid([square]), backbone.embed([framed])

    np.testing.assert_allclose(grid.features_BGGD.mean(axis=(1, 2)), embedding.features_BD, atol=1e-4)
    logits = grid.class_logits_BGGC.mean(
        axis=(1, 2)
    )  # the classifier is linear: the mean of logits is that of the mean
    probabilities = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(probabilities, embedding.class_probabilities_BC, atol=1e-4)


def test_no_images_have_no_features(backbone: Backbone) -> None:
    assert backbone.embed([]).features_BD.shape == (0, 1280)
    assert backbone.grid([]).class_logits_BGGC.shape == (0, 7, 7, 1000)


def test_an_image_that_is_not_rgb_is_refused(backbone: Backbone) -> None:
    with pytest.raises(ValueError, match="mode is RGBA"):
        backbone.embed([Image.new("RGBA", (64, 64))])
    with pytest.raises(ValueError, match="mode is L"):
        backbone.grid([Image.new("L", (64, 64))])
