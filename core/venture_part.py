"""What every table of `venture.toml` is made of, and how a table says which of its lines is wrong."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A table of the file: unknown keys are an error, because a misspelt key would be silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def wrong_at(message: str, *place: str | int) -> PydanticCustomError:
    """An error that a table's validator raises about one of its own lines: `place` is the way there from the table."""
    return PydanticCustomError("wrong_at", "{said}", {"said": message, "place": place})
