"""From a model.json in S3 to the compact model that shards load, made once for each content."""

from __future__ import annotations

import json

from snakebatch.engine.answers import POPULATION_MODES
from snakebatch.engine.model import Model
from snakebatch.errors import InputError, ModelError, StrippedModelError
from snakebatch.mesh.canonical import content_hash
from snakebatch.mesh.model_cache import MOST_BYTES
from snakebatch.mesh.model_file import to_bytes
from snakebatch.mesh.prediction_store import ModelCard, PredictionStore

MOST_JSON_BYTES = 256 << 20
"""Of a model.json that is made compact: parsed, it takes some ten times its size of a function's 4 GiB."""

_IN_PROCESS = "load it with snakebatch.Snake and ask it in process"


class ModelShelf:
    """Finds the compact form of a model, or makes it."""

    def __init__(self, store: PredictionStore) -> None:
        self.store = store

    def card(self, uri: str, mode: str) -> ModelCard:
        """The card of the model that answers ``mode``: the stripped form of ``uri`` where that will do.

        Raises InputError where there is none, StrippedModelError where the mode needs the population,
        ModelError where the model is damaged, too large, or has no numbers for a regression.
        """
        key = self.store.model_key(uri)
        card = None if mode in POPULATION_MODES else self._find(self.store.stripped_beside(key))
        card = card or self._find(key)
        if card is None:
            raise InputError(f"model: {uri} is not there; give the URI of a model.json")
        _check_mode(card, uri, mode)
        return card

    def _find(self, key: str) -> ModelCard | None:
        stamp = self.store.objects.stamp(key)
        if stamp is None:
            return None
        etag, size = stamp
        card = self.store.find_card(key, etag)
        if card is None or not self.store.has_compact(card.digest):
            card = self._make(key, size)
            self.store.put_card(key, etag, card)
        return card

    def _make(self, key: str, size: int) -> ModelCard:
        uri = self.store.objects.uri(key)
        if size > MOST_JSON_BYTES:
            raise ModelError(f"{uri} has {size:,} bytes, more than {MOST_JSON_BYTES:,}: {_IN_PROCESS}")
        model = _read(self.store.objects.get(key), uri)
        data = to_bytes(model)
        if len(data) > MOST_BYTES:
            raise ModelError(f"{uri}, made compact, has {len(data):,} bytes, a shard holds {MOST_BYTES:,}: "
                             f"{_IN_PROCESS}")  # fmt: skip
        card = ModelCard(
            digest=content_hash(data),
            compact_bytes=len(data),
            stripped=model.stripped,
            header=list(model.header),
            datatypes=list(model.datatypes),
        )
        self.store.put_compact(card.digest, data)
        return card


def _read(data: bytes, uri: str) -> Model:
    try:
        # Parsed here: what is no object must not be taken for the path of one.
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{uri} is not JSON ({error}): is it a model.json, and whole?") from error
    if not isinstance(content, dict):
        raise ModelError(f"{uri} holds no JSON object: name a model.json")
    try:
        return Model.read(content)
    except ModelError as error:
        raise ModelError(f"{uri}: {error}") from error


def _check_mode(card: ModelCard, uri: str, mode: str) -> None:
    if mode in POPULATION_MODES and card.stripped:
        raise StrippedModelError(
            f"{mode} needs the population, and {uri} is stripped; name the full model.json instead"
        )
    if mode == "regression" and card.datatypes[0] == "T":
        raise ModelError(f"the target {card.header[0]!r} is not numeric; ask for a prediction instead")
