"""What item and customer vectors are measured against: gensim, itembed, SVD of PMI.

Install: pip install gensim==4.4.0 itembed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Vectors(NamedTuple):
    """Vectors of items by name; the output matrix, which predicts, has the same rows."""

    inputs: pd.DataFrame
    outputs: np.ndarray | None = None


def sentences(events: pd.DataFrame, entity: str, item: str) -> list[list[str]]:
    """The items of each entity as text, in the order of the rows."""
    words = events[item].astype(str).to_numpy()
    codes = pd.factorize(events[entity])[0]
    order = np.argsort(codes, kind="stable")
    cuts = np.cumsum(np.bincount(codes))[:-1]
    return [part.tolist() for part in np.split(words[order], cuts)]


def gensim_words(corpus: list[list[str]], **settings: Any) -> Any:
    """Word2Vec of gensim, its vocabulary built and nothing trained yet."""
    from gensim.models import Word2Vec

    model = Word2Vec(**{"min_count": 1, "seed": 1, **settings})
    model.build_vocab(corpus)
    return model


def gensim_documents(corpus: list[list[str]], **settings: Any) -> Any:
    """Doc2Vec of gensim, its vocabulary built and nothing trained yet."""
    from gensim.models.doc2vec import Doc2Vec, TaggedDocument

    model = Doc2Vec(**{"min_count": 1, "seed": 1, **settings})
    model.tagged = [TaggedDocument(words, [k]) for k, words in enumerate(corpus)]
    model.build_vocab(model.tagged)
    return model


def train(model: Any, corpus: list[list[str]]) -> Any:
    """Train a model of gensim on the corpus of its vocabulary."""
    given = getattr(model, "tagged", corpus)
    model.train(given, total_examples=model.corpus_count, epochs=model.epochs)
    return model


def gensim_items(events: pd.DataFrame, entity: str, item: str, **settings: Any) -> Vectors:
    """Vectors of items by gensim."""
    corpus = sentences(events, entity, item)
    model = train(gensim_words(corpus, **settings), corpus)
    names = pd.Index(model.wv.index_to_key).astype(events[item].dtype)
    return Vectors(pd.DataFrame(model.wv.vectors, index=names), model.syn1neg)


def svd_items(events: pd.DataFrame, entity: str, item: str, width: int) -> Vectors:
    """Truncated SVD of the positive PMI of items that share an entity, U√S (Levy et al. 2015)."""
    from scipy import sparse
    from sklearn.utils.extmath import randomized_svd

    row = pd.factorize(events[entity])[0]
    column, names = pd.factorize(events[item])
    held = sparse.csr_matrix((np.ones(len(row), np.float32), (row, column)))
    held.data[:] = 1
    joint = (held.T @ held).tocsr()
    joint.setdiag(0)
    joint.eliminate_zeros()
    total = np.asarray(joint.sum(axis=1)).ravel()
    cells = joint.tocoo()
    pmi = np.log(cells.data * total.sum() / (total[cells.row] * total[cells.col]))
    kept = pmi > 0
    shape = (len(names), len(names))
    positive = sparse.csr_matrix((pmi[kept], (cells.row[kept], cells.col[kept])), shape=shape)
    left, singular, right = randomized_svd(positive, width, n_iter=4, random_state=0)
    root = np.sqrt(singular)
    index = pd.Index(names)
    return Vectors(pd.DataFrame(left * root, index=index), np.ascontiguousarray(right.T * root))


def itembed_items(
    events: pd.DataFrame, entity: str, item: str, width: int, epochs: int = 10
) -> Vectors:
    """itembed's item2vec of sets, by its own recipe: learning rate .025, 5 negatives."""
    import itembed

    np.random.seed(0)  # noqa: NPY002 (what itembed draws from)
    corpus = sentences(events, entity, item)
    labels, indices, offsets = itembed.pack_itemsets(corpus, min_count=1, min_length=2)
    inputs = itembed.initialize_syn(len(labels), width)
    outputs = itembed.initialize_syn(len(labels), width)
    task = itembed.UnsupervisedTask(indices, offsets, inputs, outputs, num_negative=5)
    itembed.train(task, num_epoch=epochs)
    names = pd.Index(labels).astype(events[item].dtype)
    return Vectors(pd.DataFrame(inputs, index=names), outputs)
