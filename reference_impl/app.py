"""The façade as one function: a request in, a response out."""

from __future__ import annotations

from reference_impl import mutants
from reference_impl.config import Config, MachineError
from reference_impl.http.message import Handler, Request, Response
from reference_impl.operations import answering, entry, service_properties
from reference_impl.operations.call import Call
from reference_impl.operations.service import Service
from reference_impl.operations.table import Table
from reference_impl.store import RootUnusable


def build_app(config: Config) -> Handler:
    """The handler of one process; call it after forking.

    Raises StartError when the root cannot be used or the mutant does not exist.
    """
    if config.mutant is not None:
        mutants.apply(config.mutant)
    try:
        service = Service(config)
    except RootUnusable as error:
        raise MachineError(str(error), error.hint) from None
    table = Table()

    async def dispatch(call: Call) -> Response:
        entry.address(call)
        if call.request.method == "OPTIONS":
            return await service_properties.preflight(call)
        call.cors = service_properties.rules(call)
        return await answering.perform(call, table.find(call))

    async def handle(request: Request) -> Response:
        call = Call(service, request)
        service.began(request.client)
        try:
            return await answering.answer(call, lambda: dispatch(call))
        finally:
            service.ended()

    return handle
