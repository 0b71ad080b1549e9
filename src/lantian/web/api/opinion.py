"""`/opinion/messages`: messages about the air, one after the other or many at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from lantian.disclosure.opinion import files
from lantian.disclosure.opinion.service import Opinion, OpinionError
from lantian.web.api.answers import refuse, resource
from lantian.web.security import Viewer, allow

router = resource("opinion")
MOST = 5000


class MessageIn(BaseModel):
    """A message as it came."""

    id: str = Field(min_length=1, max_length=80, description="its number in the channel")
    received: str = Field(max_length=40, description="2016-12-16 08:30; without a zone it is Beijing's")
    text: str = Field(min_length=1, max_length=files.LONGEST)
    channel: str = Field("", max_length=40)
    place: str = Field("", max_length=60, description="code or name of a region; empty: found in the text")


@router.post("/opinion/messages")
def take_in(
    viewer: Annotated[Viewer, allow("publishing.edit")], messages: Annotated[list[MessageIn], Field(max_length=MOST)]
) -> dict[str, int]:
    """Keep messages with people covered, their topics and place. Answers how many were `new` and how many `known`."""
    try:
        sent = [files.of_row(one.model_dump()) for one in messages]
        new = Opinion(viewer.platform).take_in(sent, viewer.account.actor, example=viewer.platform.settings.example)
    except (ValueError, OpinionError) as error:
        raise refuse("messages", "", str(error)) from None
    return {"new": new, "known": len(messages) - new}
