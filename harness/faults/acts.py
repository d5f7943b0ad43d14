"""What each kind of fault does to the exchange that it strikes: one small coroutine for each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from harness.exchange import Framing
from harness.faults.cut import Part, wants_close, wants_continue
from harness.faults.fault import Fault, Kind
from harness.faults.inlet import Piece
from harness.faults.link import Act
from harness.faults.madeup import made_up

HELD = 64 * 1024
"""Bytes of a body of unknown length that are held to find its half. Longer ones: half of this is the half."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LENGTH = re.compile(rb"(?im)^(content-length:[ \t]*)[0-9]+")
_RANGE = re.compile(rb"(?im)^(content-range:[ \t]*bytes[ \t]+)([0-9]+)-[0-9]+/")
_DRIPS = 10  # a second


def takes_request(fault: Fault) -> bool:
    """Whether the request goes to the act, not to the endpoint."""
    return fault.kind in _OF_REQUESTS


async def perform(act: Act) -> None:
    """Do it. What the act leaves of the exchange passes unchanged."""
    await act.turn()
    await (_OF_REQUESTS.get(act.fault.kind) or _OF_ANSWERS[act.fault.kind])(act)


async def _answer(act: Act) -> None:
    if wants_continue(act.asked.headers) and not act.request_whole:
        await act.give(_CONTINUE)
    while not act.request_whole:
        await act.request_piece()
    act.charge.struck()
    close = wants_close(act.asked.headers)
    act.answered = True
    await act.give(made_up(act.fault, act.asked, close=close))
    if close:
        act.close()


async def _reset_before(act: Act) -> None:
    act.charge.struck()
    await act.reset()


async def _reset_inside_request(act: Act) -> None:
    forward = act.fault.forward
    if forward:
        await act.forward(act.head)
    elif wants_continue(act.asked.headers):
        await act.give(_CONTINUE)
    half = b""
    if act.asked.length is None:
        held = b""
        while len(held) < HELD and not act.request_whole:
            held += (await act.request_piece()).raw
        half = held[: len(held) // 2]
    else:
        wanted = act.asked.length // 2
        while wanted > 0:
            piece = (await act.request_piece()).raw[:wanted]
            wanted -= len(piece)
            if not forward:
                continue
            await act.forward(piece)
    act.charge.struck()
    if forward:
        await act.forward(half)
    await act.reset()


async def _lost_answer(act: Act) -> None:
    await _head(act)
    act.charge.struck()
    await act.reset()


async def _reset_inside_response(act: Act) -> None:
    await _give_half(act)
    await act.reset()


async def _cut_response(act: Act) -> None:
    await _give_half(act)
    act.close()


async def _short_body(act: Act) -> None:
    if not await _spoilable(act):
        return
    if act.answer.framing is Framing.LENGTH:
        half = left = act.answer.length // 2
        act.charge.struck()
        await act.give(_shortened(act.answer.head, half, act.fault.honest_range))
        while not (piece := await act.answer_piece()).end:
            left = await _give_up_to(act, piece, left)
        await _give_up_to(act, piece, left)
        return
    pieces = await _held(act)
    data = b"".join(piece.raw for piece in pieces if piece.part is Part.DATA)
    half = len(data) // 2
    act.charge.struck()
    await act.give(_shortened(act.answer.head, half, act.fault.honest_range))
    chunked = act.answer.framing is Framing.CHUNKED
    await act.give(b"%x\r\n%b\r\n0\r\n\r\n" % (half, data[:half]) if chunked and half else data[:half])
    while not pieces[-1].end:
        pieces[-1] = await act.answer_piece()


async def _flipped_byte(act: Act) -> None:
    if not await _spoilable(act):
        return
    if act.answer.framing is not Framing.LENGTH:
        await _flip_held(act)
        return
    await act.give(act.answer.head)
    at, seen = act.answer.length // 2, 0
    while True:
        piece = await act.answer_piece()
        if seen <= at < seen + len(piece.raw):
            act.charge.struck()
            await act.give(_flip(piece.raw, at - seen))
            return
        seen += len(piece.raw)
        await act.give(piece.raw)


async def _flip_held(act: Act) -> None:
    pieces = await _held(act)
    at = sum(len(piece.raw) for piece in pieces if piece.part is Part.DATA) // 2
    await act.give(act.answer.head)
    for piece in pieces:
        if piece.part is Part.DATA and 0 <= at < len(piece.raw):
            act.charge.struck()
            await act.give(_flip(piece.raw, at))
        else:
            await act.give(piece.raw)
        if piece.part is Part.DATA:
            at -= len(piece.raw)


async def _stall(act: Act) -> None:
    await _head(act)
    act.charge.struck()
    await act.pause(act.fault.seconds)
    await act.give(act.answer.head)


async def _slow_drip(act: Act) -> None:
    if not await _spoilable(act):
        return
    act.charge.struck()
    await act.give(act.answer.head)
    rate = act.fault.bytes_per_second
    step = max(1, rate // _DRIPS)
    end = False
    while not end:
        piece = await act.answer_piece()
        end = piece.end
        for start in range(0, len(piece.raw), step):
            drop = piece.raw[start : start + step]
            await act.give(drop)
            await act.pause(len(drop) / rate)


async def _head(act: Act) -> None:
    """Wait for the head of the answer; interim answers pass, the head itself is not given."""
    while True:
        piece = await act.answer_piece()
        if piece.part is Part.HEAD:
            return
        if piece.part is Part.INTERIM:
            await act.give(piece.raw)


async def _spoilable(act: Act) -> bool:
    """Whether the answer has a body worth spoiling. If not, its head is given and the fault stays due."""
    await _head(act)
    answer = act.answer
    if (
        answer.status // 100 == 2
        and not act.answer_whole
        and (answer.framing is not Framing.LENGTH or answer.length > 1)
    ):
        return True
    await act.give(answer.head)
    return False


async def _held(act: Act) -> list[Piece]:
    """The beginning of a body whose length nobody has told, or all of it; at least one piece."""
    pieces = [await act.answer_piece()]
    size = len(pieces[0].raw)
    while size < HELD and not pieces[-1].end:
        pieces.append(await act.answer_piece())
        size += len(pieces[-1].raw)
    return pieces


async def _give_half(act: Act) -> None:
    """Head and half of the body; of an answer without a body, half of the head."""
    await _head(act)
    head, answer = act.answer.head, act.answer
    if act.answer_whole:
        act.charge.struck()
        await act.give(head[: len(head) // 2])
        return
    if answer.framing is Framing.LENGTH:
        left = answer.length // 2
        await act.give(head)
        while left:
            left = await _give_up_to(act, await act.answer_piece(), left)
        act.charge.struck()
        return
    raw = b"".join(piece.raw for piece in await _held(act))
    act.charge.struck()
    await act.give(head + raw[: len(raw) // 2])


async def _give_up_to(act: Act, piece: Piece, left: int) -> int:
    """Give no more than `left` bytes of the piece; how many are left then."""
    data = piece.raw[:left]
    await act.give(data)
    return left - len(data)


def _shortened(head: bytes, half: int, honest: bool) -> bytes:
    head = _LENGTH.sub(lambda match: match[1] + b"%d" % half, head)
    if honest and half:
        head = _RANGE.sub(lambda match: b"%b%b-%d/" % (match[1], match[2], int(match[2]) + half - 1), head)
    return head


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


_Act = Callable[[Act], Awaitable[None]]
_OF_REQUESTS: Mapping[Kind, _Act] = MappingProxyType(
    {
        Kind.ANSWER: _answer,
        Kind.RESET_BEFORE: _reset_before,
        Kind.RESET_INSIDE_REQUEST: _reset_inside_request,
    }
)
_OF_ANSWERS: Mapping[Kind, _Act] = MappingProxyType(
    {
        Kind.LOST_ANSWER: _lost_answer,
        Kind.RESET_INSIDE_RESPONSE: _reset_inside_response,
        Kind.CUT_RESPONSE: _cut_response,
        Kind.SHORT_BODY: _short_body,
        Kind.FLIPPED_BYTE: _flipped_byte,
        Kind.STALL: _stall,
        Kind.SLOW_DRIP: _slow_drip,
    }
)
