"""What a mapping may write, as far as its expressions tell: what a destination compares with its own fields."""

from hub.domain.model import Model


class MappedField(Model):
    """What may come to stand in one field. Whatever is not known is left open, and nothing is concluded from it."""

    types: tuple[str, ...] = ()  # of JSON: string, number, boolean, array, object; empty where it is not known
    longest: int | None = None  # of a text, in UTF-16 units
    texts: tuple[str, ...] | None = None  # all texts that it can be, where they are few and known


class MappedObject(Model):
    """One document of a mapping file, seen from the other side."""

    object: str  # the destination's own word: Lead, ticket, message
    mapping: str  # name@version
    digest: str  # of what the mapping file says: it changes with every edit
    fields: dict[str, MappedField]  # by path, such as Company or blocks[].text
    never_blank: tuple[str, ...] = ()  # fields that every object it makes has
    creates: bool = True  # False where it only changes what is there
