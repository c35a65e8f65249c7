"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT names who takes them (OTLP over HTTP).

Without it nothing of OpenTelemetry is imported. A span says what was done, how much and how it ended; never
an address somebody typed, a post, or what an exception says.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # an extra, and nothing to be loaded where nobody asked for traces
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_log = logging.getLogger(__name__)


class Traces:
    """This process's; empty until `begin` found somebody to send to."""

    provider: TracerProvider | None = None
    tracer: Tracer | None = None


class Spell:
    """What a span is told while it lasts; nothing happens where there are no traces."""

    def __init__(self, span: Span | None) -> None:
        self._span = span

    def note(self, **about: str | int) -> None:
        if self._span is not None:
            self._span.set_attributes(about)


def begin(kind: str) -> None:
    """Send spans of this process ("serve", "crawl" …) from now on, if the environment says where to."""
    if not os.environ.get(ENDPOINT) or Traces.tracer is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        _log.warning("没有装 OpenTelemetry，不发送链路：请运行 pip install 'tingzhen[traces]'。")
        return
    named = {"service.name": "tingzhen", "service.instance.id": f"{kind}-{os.getpid()}"}
    Traces.provider = TracerProvider(resource=Resource(named))
    Traces.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    Traces.tracer = Traces.provider.get_tracer("tingzhen")


def end() -> None:
    """Send what waits; a process that ends does so by itself."""
    if Traces.provider is not None:
        Traces.provider.shutdown()
    Traces.provider = Traces.tracer = None


@contextmanager
def span(name: str, **about: str | int) -> Iterator[Spell]:
    """What is done inside, as one span; an exception is noted by its type."""
    if Traces.tracer is None:
        yield Spell(None)
        return
    with Traces.tracer.start_as_current_span(
        name, attributes=about, record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield Spell(made)
        except BaseException as error:
            made.set_attribute("error.type", type(error).__name__)
            raise
