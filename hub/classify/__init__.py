"""Finding signals in posts: language, sentiment, intents, urgency and subjects, each with its evidence.

Engines stand behind one interface, so that rules, a trained model or a larger one can be exchanged without
anyone noticing but the figures. Importing this room reads no lexicon and loads no model.
"""

from hub.classify.choosing import worth_of
from hub.classify.engine import Engine, Item, default_engine, item_of, load_engine
from hub.domain.config import Subject

__all__ = ["Engine", "Item", "Subject", "default_engine", "item_of", "load_engine", "worth_of"]
