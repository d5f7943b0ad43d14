"""Service versions: which are released, which this façade answers, which one a request means."""

from __future__ import annotations

from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.query import Query

ACCEPTED = (
    "2018-03-28",
    "2018-11-09",
    "2019-02-02",
    "2019-07-07",
    "2019-10-10",
    "2019-12-12",
    "2020-02-10",
    "2020-04-08",
    "2020-06-12",
    "2020-08-04",
    "2020-10-02",
    "2020-12-06",
    "2021-02-12",
    "2021-04-10",
    "2021-06-08",
    "2021-08-06",
    "2021-10-04",
    "2021-12-02",
    "2022-11-02",
    "2023-01-03",
    "2023-05-03",
    "2023-08-03",
    "2023-11-03",
    "2024-02-04",
    "2024-05-04",
    "2024-08-04",
    "2024-11-04",
    "2025-01-05",
    "2025-05-05",
    "2025-07-05",
    "2025-11-05",
    "2026-02-06",
    "2026-04-06",
    "2026-06-06",
    "2026-10-06",
    "2026-12-06",
)
# A SAS may be signed with an older version than any request may name.
SAS_ACCEPTED = (
    "2015-04-05",
    "2015-07-08",
    "2015-12-11",
    "2016-05-31",
    "2017-04-17",
    "2017-07-29",
    "2017-11-09",
    *ACCEPTED,
)
# All that the service ever released; an account may name any of them as its default.
RELEASED = (
    "2009-04-14",
    "2009-07-17",
    "2009-09-19",
    "2011-08-18",
    "2012-02-12",
    "2013-08-15",
    "2014-02-14",
    "2015-02-21",
    *SAS_ACCEPTED,
)
# What the service assumes for an anonymous request that names no version (recorded).
ANONYMOUS = "2014-02-14"

_ACCEPTED = frozenset(ACCEPTED)
_SAS_ACCEPTED = frozenset(SAS_ACCEPTED)


def effective(header: str | None, query: Query) -> str | None:
    """The version a request means: header, else `api-version`, else `sv`; None when it names none.

    Raises 400 InvalidHeaderValue for a version that was never released or that we do not answer.
    """
    if header is not None:
        if header not in _ACCEPTED:
            raise _unknown("InvalidHeaderValue", (("HeaderName", "x-ms-version"), ("HeaderValue", header)))
        return header
    for name in ("api-version", "sv"):
        value = query.get(name)
        if value:
            if value not in _SAS_ACCEPTED:
                raise _unknown(
                    "InvalidQueryParameterValue",
                    (("QueryParameterName", name), ("QueryParameterValue", value), ("Reason", "")),
                )
            return value
    return None


def _unknown(code: str, elements: tuple[tuple[str, str], ...]) -> BlobError:
    return BlobError(code, elements=elements, versioned=False, newer=True)
