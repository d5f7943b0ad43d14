"""The configuration of the null server, and the page that it lists, as text. Pure."""

from __future__ import annotations

from pathlib import Path

_PAGE_BLOB = """<Blob><Name>null/{index:08d}</Name><Properties>\
<Creation-Time>Thu, 01 Jan 2026 00:00:00 GMT</Creation-Time>\
<Last-Modified>Thu, 01 Jan 2026 00:00:00 GMT</Last-Modified><Etag>0x8DE000000000000</Etag>\
<Content-Length>{size}</Content-Length><Content-Type>application/octet-stream</Content-Type>\
<Content-Encoding /><Content-Language /><Content-CRC64 /><Content-MD5 /><Cache-Control />\
<Content-Disposition /><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>\
<AccessTierInferred>true</AccessTierInferred><LeaseStatus>unlocked</LeaseStatus>\
<LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties><OrMetadata /></Blob>"""

_CONFIG = """\
daemon off;
worker_processes {workers};
worker_rlimit_nofile 16384;
pid {folder}/null.pid;
error_log {log} notice;
events {{
    worker_connections 8192;
    multi_accept on;
}}
http {{
    access_log off;
    server_tokens off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_timeout 3600s;
    keepalive_requests 1000000000;
    client_header_timeout 600s;
    client_body_timeout 600s;
    send_timeout 600s;
    reset_timedout_connection on;
    # A small body comes with its head, in one read.
    client_header_buffer_size 32k;
    large_client_header_buffers 8 64k;
    client_max_body_size 0;
    # A body is read whole and thrown away, as a server must that answers when it has it. It stays in memory:
    # one that was written anywhere would cost what this server is there to leave out.
    client_body_buffer_size {body}m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    open_file_cache max=64 inactive=1d;
    open_file_cache_valid 1d;
    types {{ }}
    default_type application/octet-stream;
    map $request_method:$arg_comp $what {{
        default           /refused;
        PUT:              /stored;
        PUT:block         /stored;
        PUT:blocklist     /stored;
        PUT:metadata      /set;
        PUT:properties    /set;
        HEAD:             /zero;
        GET:              /zero;
        GET:list          /page;
        DELETE:           /gone;
    }}
    map $request_method:$http_range $whole {{
        default 0;
        "GET:"  1;
    }}
    server {{
{listens}
        root {folder}/files;
        add_header x-ms-request-id $request_id always;
        add_header x-ms-version 2025-07-05 always;
        location / {{
            rewrite ^ $what last;
        }}
        location = /stored {{
            internal;
            # `mirror` is what makes nginx read a body before it answers; nothing is sent anywhere. The static
            # files, which come next, know no PUT: they say 405, and that is the answer's cue.
            mirror /nowhere;
            mirror_request_body on;
            error_page 405 =201 @created;
        }}
        location = /nowhere {{
            internal;
            return 204;
        }}
        location @created {{
            add_header ETag '"0x8DE000000000000"';
            add_header Last-Modified 'Thu, 01 Jan 2026 00:00:00 GMT';
            add_header x-ms-request-id $request_id;
            add_header x-ms-version 2025-07-05;
            add_header x-ms-request-server-encrypted true;
            return 201;
        }}
        location = /set {{
            internal;
            add_header ETag '"0x8DE000000000000"';
            add_header x-ms-request-id $request_id;
            add_header x-ms-version 2025-07-05;
            return 200;
        }}
        location = /zero {{
            internal;
            if ($whole) {{
                return 400 "The null server's blobs have no end: a read needs a Range.\\n";
            }}
            add_header x-ms-request-id $request_id always;
            add_header x-ms-version 2025-07-05 always;
            add_header x-ms-blob-type BlockBlob;
        }}
        location = /page {{
            internal;
            default_type application/xml;
        }}
        location = /gone {{
            internal;
            return 202;
        }}
        location = /refused {{
            internal;
            return 400 "The null server does not know this operation.\\n";
        }}
    }}
}}
"""


def config(
    folder: Path,
    log: Path,
    *,
    port: int,
    tls: tuple[int, Path, Path] | None,
    workers: int,
    body_mib: int,
    as_root: bool,
) -> str:
    """The text of nginx.conf.

    `folder` holds `files/zero` and `files/page`; `tls` is a port, a certificate chain and its private key, as
    PEM files; `body_mib` is the largest request body that stays in memory, MiB.
    """
    listens = [f"        listen 127.0.0.1:{port};"]
    if tls is not None:
        listens += [
            f"        listen 127.0.0.1:{tls[0]} ssl;",
            f"        ssl_certificate {tls[1]};",
            f"        ssl_certificate_key {tls[2]};",
        ]
    text = _CONFIG.format(folder=folder, log=log, workers=workers, body=body_mib, listens="\n".join(listens))
    # The workers of a master that is root become nobody, who may not look into our folder.
    return f"user root;\n{text}" if as_root else text


def page(names: int, size: int) -> str:
    """A page of List Blobs with so many names of blobs of `size` bytes, and an empty NextMarker: the last."""
    blobs = "".join(_PAGE_BLOB.format(index=index, size=size) for index in range(names))
    return (
        '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://null/" '
        f'ContainerName="null"><Blobs>{blobs}</Blobs><NextMarker /></EnumerationResults>'
    )
