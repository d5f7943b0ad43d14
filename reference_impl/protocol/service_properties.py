"""Service properties: the document that sets them, checked part by part, and the one that gives them.

A *part* is a child of the root (`Logging`, `Cors` …). It is kept as the XML text that a read gives of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reference_impl.protocol import versions, xml_in, xml_out
from reference_impl.protocol.errors import BlobError
from reference_impl.protocol.xml_in import Node

MAX_CORS_RULES = 5
MAX_DAYS = 365
METHODS = frozenset({"DELETE", "GET", "HEAD", "MERGE", "OPTIONS", "PATCH", "POST", "PUT"})
_OFF = "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>"
_NO_METRICS = f"<Version>1.0</Version><Enabled>false</Enabled>{_OFF}"
_UNSET = {
    "Logging": f"<Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete>{_OFF}",
    "HourMetrics": _NO_METRICS,
    "MinuteMetrics": _NO_METRICS,
    "Cors": "",
    "DeleteRetentionPolicy": "<Enabled>false</Enabled>",
    "StaticWebsite": "<Enabled>false</Enabled>",
    "DefaultServiceVersion": None,
}


def document(parts: Mapping[str, str], version: str) -> str:
    """The root element with every part, those that nobody set at their beginning."""
    inner = ""
    for name, unset in _UNSET.items():
        text = parts.get(name, unset)
        if text is None:
            continue
        if name == "DeleteRetentionPolicy" and version >= "2020-02-10":
            text += "<AllowPermanentDelete>false</AllowPermanentDelete>"
        inner += f"<{name}>{text}</{name}>" if text else f"<{name} />"
    return f"<StorageServiceProperties>{inner}</StorageServiceProperties>"


def parse(body: bytes) -> dict[str, str]:
    """The parts that a request sets, each as it will be given. Raises 400 InvalidXmlDocument."""
    root = xml_in.parse(body)
    if root.name != "StorageServiceProperties":
        raise xml_in.invalid(root.line, root.column, "Root element must be StorageServiceProperties.")
    parts: dict[str, str] = {}
    for node in root.children:
        if node.name not in _PARTS or node.name in parts:
            raise _unexpected(node)
        parts[node.name] = _PARTS[node.name](node)
    return parts


def _logging(node: Node) -> str:
    fields = _fields(node, "Version", "Read", "Write", "Delete", "RetentionPolicy")
    text = xml_out.element("Version", _feature_version(fields["Version"]))
    for name in ("Read", "Write", "Delete"):
        text += f"<{name}>{_flag(fields[name])}</{name}>"
    return text + _retention(fields["RetentionPolicy"])


def _metrics(node: Node) -> str:
    fields = _fields(node, "Version", "Enabled", "RetentionPolicy", optional=("IncludeAPIs",))
    enabled = _flag(fields["Enabled"])
    text = xml_out.element("Version", _feature_version(fields["Version"])) + f"<Enabled>{enabled}</Enabled>"
    if enabled == "true":
        if "IncludeAPIs" not in fields:
            raise _missing(node, "IncludeAPIs")
        text += f"<IncludeAPIs>{_flag(fields['IncludeAPIs'])}</IncludeAPIs>"
    return text + _retention(fields["RetentionPolicy"])


def _retention(node: Node) -> str:
    return f"<RetentionPolicy>{_days(node)}</RetentionPolicy>"


def _days(node: Node) -> str:
    fields = _fields(node, "Enabled", optional=("Days", "AllowPermanentDelete"))
    enabled = _flag(fields["Enabled"])
    if enabled == "false":
        return "<Enabled>false</Enabled>"
    if "Days" not in fields:
        raise _missing(node, "Days")
    text = fields["Days"].text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_DAYS):
        reason = "Retention days must be greater than 0 and less than or equal to 365 days."
        raise xml_in.invalid(node.end_line, node.end_column, reason)
    return f"<Enabled>true</Enabled><Days>{int(text)}</Days>"


def _cors(node: Node) -> str:
    if len(node.children) > MAX_CORS_RULES:
        raise xml_in.invalid(0, 0)
    return "".join(_cors_rule(child) for child in node.children)


def _cors_rule(node: Node) -> str:
    if node.name != "CorsRule":
        raise _unexpected(node)
    lists = ("AllowedHeaders", "ExposedHeaders")
    fields = _fields(node, "AllowedOrigins", "AllowedMethods", "MaxAgeInSeconds", optional=lists)
    methods = _members(fields["AllowedMethods"])
    origins = _members(fields["AllowedOrigins"])
    age = fields["MaxAgeInSeconds"].text.strip()
    if not methods or not METHODS.issuperset(methods):
        raise _bad_value(fields["AllowedMethods"])
    if not origins:
        raise _bad_value(fields["AllowedOrigins"])
    if not (age.isascii() and age.isdigit() and len(age) <= 9):
        raise _bad_value(fields["MaxAgeInSeconds"])
    text = xml_out.element("AllowedMethods", ",".join(methods))
    text += xml_out.element("AllowedOrigins", ",".join(origins))
    for name in lists:
        text += xml_out.element(name, ",".join(_members(fields[name])) if name in fields else None)
    return f"<CorsRule>{text}<MaxAgeInSeconds>{int(age)}</MaxAgeInSeconds></CorsRule>"


def _website(node: Node) -> str:
    names = ("IndexDocument", "DefaultIndexDocumentPath", "ErrorDocument404Path")
    fields = _fields(node, "Enabled", optional=names)
    enabled = _flag(fields["Enabled"])
    text = f"<Enabled>{enabled}</Enabled>"
    if enabled == "true":
        text += "".join(xml_out.element(name, fields[name].text.strip()) for name in names if name in fields)
    return text


def _default_version(node: Node) -> str:
    text = node.text.strip()
    if text not in versions.RELEASED:
        raise _bad_value(node)
    return text


_PARTS: dict[str, Callable[[Node], str]] = {
    "Logging": _logging,
    "HourMetrics": _metrics,
    "MinuteMetrics": _metrics,
    "Cors": _cors,
    "DeleteRetentionPolicy": _days,
    "StaticWebsite": _website,
    "DefaultServiceVersion": _default_version,
}


def _fields(node: Node, *needed: str, optional: tuple[str, ...] = ()) -> dict[str, Node]:
    """The children of a node by name: each needed one once, and none that is unknown."""
    found: dict[str, Node] = {}
    for child in node.children:
        if child.name in found or not (child.name in needed or child.name in optional):
            raise _unexpected(child)
        found[child.name] = child
    for name in needed:
        if name not in found:
            raise _missing(node, name)
    return found


def _flag(node: Node) -> str:
    text = node.text.strip().lower()
    if text not in ("true", "false"):
        raise _bad_value(node)
    return text


def _feature_version(node: Node) -> str:
    text = node.text.strip()
    if text not in ("1.0", "2.0"):
        raise _bad_value(node)
    return text


def _members(node: Node) -> list[str]:
    return [part.strip() for part in node.text.split(",") if part.strip()]


def _missing(node: Node, name: str) -> BlobError:
    return xml_in.invalid(node.end_line, node.end_column, f"Element is missing: {name}.")


def _unexpected(node: Node) -> BlobError:
    return xml_in.invalid(node.line, node.column, f"Unexpected element: {node.name}.")


def _bad_value(node: Node) -> BlobError:
    return xml_in.invalid(node.end_line, node.end_column, f"The value of {node.name} is not valid.")
