"""Get and Set Blob Service Properties, and what they change elsewhere: CORS and the default version."""

from __future__ import annotations

from collections.abc import Mapping

from reference_impl.http.message import Response
from reference_impl.operations.call import Call
from reference_impl.protocol import cors, service_properties
from reference_impl.protocol.errors import BlobError, invalid_header

_LIMIT = 64 * 1024


async def get(call: Call) -> Response:
    """Get Blob Service Properties."""
    parts = call.service.store.service_properties(call.account)
    return call.xml(service_properties.document(parts, call.version))


async def put(call: Call) -> Response:
    """Set Blob Service Properties: the parts that the request has; the others keep their setting."""
    wanted = service_properties.parse(await call.request.body.read(_LIMIT))

    def change(parts: Mapping[str, str]) -> Mapping[str, str]:
        return {**parts, **wanted}

    store = call.service.store
    await call.service.change_small(call.turn, store.update_service_properties, call.account, change)
    return call.respond(202, "Accepted")


async def preflight(call: Call) -> Response:
    """A CORS preflight: needs no authorisation, and is let through by the first rule that fits."""
    origin, method = call.header("origin"), call.header("access-control-request-method")
    for name, value in (("Origin", origin), ("Access-Control-Request-Method", method)):
        if not value:
            raise invalid_header(name, "")
    asked = call.header("access-control-request-headers") or ""
    fields = cors.preflight(rules(call), origin or "", method or "", asked)
    if fields is None:
        raise BlobError("CorsPreflightFailure")
    return call.respond(200, "OK", fields)


def rules(call: Call) -> tuple[cors.Rule, ...]:
    """The CORS rules of the account that a request addresses."""
    if call.account not in call.service.accounts:
        return ()
    part = call.service.store.service_properties(call.account).get("Cors")
    return cors.rules(part) if part else ()
