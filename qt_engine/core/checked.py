"""`Checked`: frozen pydantic models whose errors are for people.

However such a value is made (keywords, `model_validate`, JSON), all that is wrong with it is said in one `InputError`.
Imports pydantic, so whoever stands on the way to the first paint imports this late.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from qt_engine.core.errors import InputError
from qt_engine.core.text import nearest, plain


class Violations(InputError, ValueError):
    """What is wrong with a value. As a `ValueError` it is gathered by the value that holds this one."""


class Checked(BaseModel):
    """A frozen value that names every violation at once, also those of the values in it.

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

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise Violations(self._said(error, given)) from None

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """As pydantic's, with an `InputError`."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise Violations(cls._said(error, obj)) from None

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """As pydantic's, with an `InputError`."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise Violations(cls._said(error, None)) from None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if found := self.contradictions():
            raise Violations(self._sentence(found))
        return self

    @classmethod
    def _said(cls, error: ValidationError, given: Any) -> str:
        """One sentence; where another such value has said it all already, its sentence."""
        errors = error.errors()
        if len(errors) == 1 and not errors[0]["loc"] and isinstance(inner := _inner(errors[0]), Violations):
            return inner.reason
        return cls._sentence([_violation(cls, each) for each in errors] + cls.further(given))

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


def _inner(error: Any) -> object:
    """The exception of a validator, where it was one."""
    return error.get("ctx", {}).get("error")


def _violation(model: type[Checked], error: Any) -> str:
    """One violation as pydantic found it, in our words."""
    if isinstance(inner := _inner(error), Violations):
        return inner.reason
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
