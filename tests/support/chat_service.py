"""A language model behind the OpenAI chat completions API, as a local stand-in: it reads what it is asked,
keeps to the JSON schema, and answers as the test wants, its errors included."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from leads.config import ReaderSettings
from tests.support.stand_ins import Got, Reply, StandIn, stand_in

MODEL = "reader-7b"
KEY = "sk-secret-of-the-test"
Say = Callable[[str], object]  # the post → what the model says


def completion(content: object, *, finish: str = "stop", refusal: str | None = None) -> bytes:
    """An answer with this content, in the API's form."""
    said = content if isinstance(content, str) or content is None else json.dumps(content)
    message: dict[str, Any] = {"role": "assistant", "content": said, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    usage = {"prompt_tokens": 300, "completion_tokens": 9, "total_tokens": 309}
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL}
    return json.dumps({**answer, "choices": [choice], "usage": usage}).encode()


def failure(status: int, **headers: str) -> Reply:
    """The API's form of an error."""
    error = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, json.dumps({"error": error}).encode()


def post_of(got: Got) -> str:
    """The post inside of a question."""
    post: str = json.loads(got.json["messages"][1]["content"])["post"]
    return post


@dataclass
class ChatService:
    """`say` may be changed while it runs; `wire` is the server behind."""

    wire: StandIn
    say: Say = lambda post: {"intent": "seeker"}

    def settings(self, **changes: object) -> ReaderSettings:
        """Settings that lead here."""
        values = {"url": f"{self.wire.url}/v1", "model": MODEL, "key": KEY, "private_addresses": True}
        return ReaderSettings.model_validate({**values, **changes})

    @property
    def posts(self) -> list[str]:
        """What it was asked to read, in order."""
        return [post_of(got) for got in self.wire.got]

    def answer(self, got: Got) -> Reply:
        if got.path != "/v1/chat/completions":
            return failure(404)
        if got.headers.get("authorization") != f"Bearer {KEY}":
            return failure(401)
        if got.json["model"] != MODEL or got.json["response_format"]["type"] != "json_schema":
            return failure(400)
        said = self.say(post_of(got))
        return (
            said
            if isinstance(said, tuple)
            else (200, {}, said if isinstance(said, bytes) else completion(said))
        )


@contextmanager
def chat_service() -> Iterator[ChatService]:
    """One on a free port of this machine."""
    with stand_in() as wire:
        service = ChatService(wire)
        wire.reply = lambda got, connection: service.answer(got)
        yield service
