"""Headers that every answer carries, and those of files that never change."""

from __future__ import annotations

# Another site's name that resolves to this machine (DNS rebinding) must not read the leads with a visitor's
# browser; a request names the host it was meant for.
OWN_NAMES = ("127.0.0.1", "localhost", "::1")
# Nothing but our own files, no script or style inside a page, and never inside another site's frame.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Where people come by https: browsers come by nothing else for a year.
ENCRYPTED = {"Strict-Transport-Security": "max-age=31536000"}
PRIVATE = {"Cache-Control": "no-store"}
ASK_AGAIN = {"Cache-Control": "no-cache"}  # kept, but asked about each time
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
