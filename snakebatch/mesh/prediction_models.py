"""From a model.json in S3 to the compact model that shards load, made once for each content."""

from __future__ import annotations

from snakebatch.engine.answers import POPULATION_MODES
from snakebatch.engine.model import Model
from snakebatch.engine.model_reader import parse_json
from snakebatch.errors import InputError, ModelError, StrippedModelError
from snakebatch.mesh.canonical import content_hash
from snakebatch.mesh.model_cache import MOST_BYTES
from snakebatch.mesh.model_file import to_bytes
from snakebatch.mesh.model_lines import Compacted, OtherLayoutError, compacted, too_large
from snakebatch.mesh.objects import Objects
from snakebatch.mesh.prediction_store import ModelCard, PredictionStore

MOST_JSON_BYTES = 256 << 20
"""Of a model.json that has to be parsed whole: it takes some ten times its size of a function's 4 GiB."""

MOST_CHECKED_BYTES = 16 << 20
"""Of an uploaded model.json that is parsed whole, by way of a check, where models are assembled too."""

_CARDS = 1_000
"""Cards that a warm function remembers."""


class ModelShelf:
    """Finds the compact form of a model, or makes it."""

    def __init__(self, store: PredictionStore) -> None:
        self.store = store
        self._cards: dict[tuple[str, str], ModelCard] = {}

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
        card = self._cards.get((key, etag)) or self.store.find_card(key, etag)
        if card is None or not self.store.has_compact(card.digest):
            card = self._make(key, etag, size)
            self.store.put_card(key, etag, card)
        if len(self._cards) >= _CARDS:
            self._cards.clear()
        self._cards[key, etag] = card
        return card

    def _make(self, key: str, etag: str, size: int) -> ModelCard:
        try:
            found = self._compacted(key, etag, size)
        except ModelError as error:
            raise ModelError(f"{self.store.objects.uri(key)}: {error}") from error
        digest = content_hash(found.data)
        self.store.put_compact(digest, found.data)
        return ModelCard(
            digest=digest,
            stripped=found.stripped,
            header=list(found.header),
            datatypes=list(found.datatypes),
            classes=found.classes,
        )

    def _compacted(self, key: str, etag: str, size: int) -> Compacted:
        try:
            found = compacted(self.store.objects.lines(key, etag), MOST_BYTES)
        except OtherLayoutError:
            if size > MOST_JSON_BYTES:
                raise ModelError(
                    f"it has {size:,} bytes, more than {MOST_JSON_BYTES:,}, and is not whole, "
                    "or not laid out as Snake.to_json does it: write it with that"
                ) from None
            found = _parsed(self.store.objects.get(key))
        if len(found.data) > MOST_BYTES:
            raise too_large(MOST_BYTES)
        return found


def check_model(objects: Objects, key: str) -> None:
    """Raise ModelError where the object is no model.json.

    A large one is taken as it is, for want of memory here: the first question finds out.
    """
    stamp = objects.stamp(key)
    if stamp is not None and stamp[1] <= MOST_CHECKED_BYTES:
        _parsed(objects.get(key))


def _parsed(data: bytes) -> Compacted:
    """The compact form of a model.json that is laid out in any way."""
    # Parsed here: what is no object must not be taken for the path of one.
    content = parse_json(data, "the object")
    if not isinstance(content, dict):
        raise ModelError("holds no JSON object: name a model.json")
    model = Model.read(content)
    return Compacted(to_bytes(model), model.stripped, model.header, model.datatypes, len(model.classes))


def _check_mode(card: ModelCard, uri: str, mode: str) -> None:
    if mode in POPULATION_MODES and card.stripped:
        raise StrippedModelError(
            f"{mode} needs the population, and {uri} is stripped; name the full model.json instead"
        )
    if mode == "regression" and card.datatypes[0] == "T":
        raise ModelError(f"the target {card.header[0]!r} is not numeric; ask for a prediction instead")
