"""`Checked`: frozen pydantic models whose errors are for people.

However such a value is made (keywords, `model_validate`, JSON), all that is wrong with it is said in one `InputError`.
Imports pydantic, so whoever stands on the way to the first paint imports this late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest, plain


class Checked(BaseModel):
    """A frozen value that names every violation at once.

    Raises
    ------
    InputError
        If a field is unknown, of another type, out of range, or contradicts another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    title: ClassVar[str] = ""
    """What a person calls such a value; begins each message."""
    noun: ClassVar[str] = "field"
    """What a person calls one of its parts."""

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_line(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            value = handler(given)
        except ValidationError as error:
            found = [_violation(cls, each) for each in error.errors()]
            raise InputError(cls._sentence(found + cls.further(given))) from None
        if contradictions := value.contradictions():
            raise InputError(cls._sentence(contradictions))
        return value

    @classmethod
    def _sentence(cls, violations: list[str]) -> str:
        return f"{cls.title}: {'; '.join(violations)}" if cls.title else "; ".join(violations)

    def replace(self, **changes: Any) -> Self:
        """The same with other values, checked anew."""
        return type(self)(**{name: getattr(self, name) for name in type(self).model_fields} | changes)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As `replace`: pydantic's own would check nothing and keep what was computed from the old values."""
        return self.replace(**(update or {}))

    @classmethod
    def further(cls, given: Any) -> list[str]:
        """What else is wrong in values of which some field is not even of its type or in its range."""
        return []

    def contradictions(self) -> list[str]:
        """What is wrong between fields that are each right by themselves."""
        return []


def _violation(model: type[Checked], error: Any) -> str:
    """One violation as pydantic found it, in our words."""
    name = plain(".".join(map(str, error["loc"])), 60)
    if error["type"] == "extra_forbidden":
        hint = nearest(name.split(".")[-1], model.model_fields)
        return f"there is no {model.noun} {name!r}" + (f"; did you mean {hint}?" if hint else "")
    if error["type"] == "missing":
        return f"{name} is missing"
    field = model.model_fields.get(str(error["loc"][0])) if len(error["loc"]) == 1 else None
    if error["type"].split("_")[0] in ("greater", "less") and field is not None:
        return f"{name} must be {_range(field.metadata)}, not {plain(repr(error['input']), 60)}"
    message = f"{error['msg'][0].lower()}{error['msg'][1:]}"
    return f"{name}: {message}, not {plain(repr(error['input']), 60)}" if name else message


def _range(metadata: list[Any]) -> str:
    """The bounds of a number in words."""
    bounds = {key: getattr(bound, key) for bound in metadata for key in ("ge", "gt", "le", "lt") if hasattr(bound, key)}
    if "ge" in bounds and "le" in bounds:
        return f"between {bounds['ge']:g} and {bounds['le']:g}"
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return " and ".join(f"{words[key]} {bound:g}" for key, bound in bounds.items())
