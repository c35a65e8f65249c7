"""The connection to Elasticsearch: addresses, keys, versions, and its errors as ours.

Built for clusters of 8.19 and newer, and only on what every distribution has: no scripts, no plugins, no
`_delete_by_query`. elasticsearch-py 8.19 speaks to 8.19 and to 9.x; a 9.x client is refused by an 8.x server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from elastic_transport import ConnectionTimeout, TlsError
from elasticsearch import ApiError, AuthorizationException, Elasticsearch, SerializationError, TransportError
from elasticsearch import ConnectionError as Unreachable
from elasticsearch.exceptions import UnsupportedProductError
from elasticsearch.serializer import OrjsonSerializer

from leads.errors import ConfigError, StorageError
from leads.index.elastic.docs import Body

OLDEST = (8, 19)


class ServerDownError(StorageError):
    """The server cannot take this now but may later: what was to be written is kept and sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where the cluster is and how to get in; checked by leads.config."""

    address: str  # "https://user:pass@host:9200", several with commas between, or "cloud:<Elastic Cloud id>"
    api_key: str = ""
    ca_file: str = ""
    prefix: str = "tingzhen"
    shards: int = 1
    replicas: int = 1
    timeout: float = 30.0  # seconds


class _Orjson(OrjsonSerializer):
    """orjson for what the client sends and gets."""

    mimetype = "application/vnd.elasticsearch+json"


def connect(servers: Servers) -> Elasticsearch:
    """A client; nothing is sent yet. TLS is always verified.

    Raises:
        ConfigError: the address or the CA file cannot be used.
    """
    options: Body = {
        "request_timeout": servers.timeout,
        "max_retries": 2,
        "serializers": {_Orjson.mimetype: _Orjson()},
        "retry_on_timeout": False,
    }
    if servers.api_key:
        options["api_key"] = servers.api_key
    if servers.ca_file:
        if not Path(servers.ca_file).is_file():
            raise ConfigError(f"找不到 [elastic] 的 ca_file {servers.ca_file}：请检查路径。")
        options["ca_certs"] = servers.ca_file
    try:
        if servers.address.startswith("cloud:"):
            return Elasticsearch(cloud_id=servers.address.removeprefix("cloud:"), **options)
        hosts, login = split_addresses(servers.address)
        if login and not servers.api_key:
            options["basic_auth"] = login
        return Elasticsearch(hosts, **options)
    except (ValueError, OSError) as error:
        raise ConfigError(
            f"连不上 Elasticsearch：index 或 [elastic] 的写法不对（{error}），请对照 docs/elasticsearch.md。"
        ) from error


def split_addresses(text: str) -> tuple[list[str], tuple[str, str] | None]:
    """Addresses without what is secret, and the (user, password) of the first that has one. Ports default."""
    hosts: list[str] = []
    login: tuple[str, str] | None = None
    for part in text.split(","):
        url = urlsplit(part.strip())
        if url.username and login is None:
            login = unquote(url.username), unquote(url.password or "")
        host = f"[{url.hostname}]" if url.hostname and ":" in url.hostname else url.hostname
        hosts.append(f"{url.scheme}://{host}:{url.port or 9200}{url.path.rstrip('/')}")
    return hosts, login


def check_version(client: Elasticsearch) -> str:
    """The version of the node that answers, at least 8.19.

    Raises:
        StorageError: older, or not Elasticsearch.
    """
    with translated():
        nodes = client.nodes.info(node_id="_local", filter_path="nodes.*.version")["nodes"]
    version = str(next(iter(nodes.values()))["version"])
    check_new_enough(version)
    return version


def check_new_enough(version: str) -> None:
    """Raises StorageError for a server older than 8.19."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST:
        raise StorageError(f"Elasticsearch 的版本 {version} 太旧：请升级到 8.19 或更新的版本。")


@contextmanager
def translated() -> Iterator[None]:
    """The client's errors as `StorageError` in one sentence; `ServerDownError` where waiting may help."""
    try:
        yield
    except UnsupportedProductError as error:
        raise StorageError("这个地址上的服务不是 Elasticsearch：请检查 index 里的主机和端口。") from error
    except TlsError as error:
        raise StorageError(
            "Elasticsearch 的证书验证不了：请在 [elastic] 里用 ca_file 指定签发它的 CA 证书，并检查主机名。"
        ) from error
    except ConnectionTimeout as error:
        raise ServerDownError(
            "Elasticsearch 没有按时回答：请看集群负载，或调大 [elastic] 的 timeout。"
        ) from error
    except Unreachable as error:
        raise ServerDownError(
            "连不上 Elasticsearch：请检查主机、端口、http 还是 https，以及它是否在运行。"
        ) from error
    except SerializationError as error:
        raise StorageError("Elasticsearch 的回答读不懂：请检查地址前面有没有别的代理。") from error
    except ApiError as error:
        raise from_status(error.status_code, _reasons(error)) from error
    except TransportError as error:
        raise ServerDownError(f"和 Elasticsearch 的通信中断（{error.message}）：请稍后再试。") from error


def _reasons(error: ApiError) -> str:
    """The server's own words: types and reasons, without our documents."""
    body = error.body
    if not isinstance(body, Mapping) or not isinstance(body.get("error"), Mapping):
        return str(error.message)
    causes: Sequence[Body] = body["error"].get("root_cause") or [body["error"]]
    return "; ".join(f"{cause.get('type')}: {cause.get('reason')}" for cause in causes)[:300]


_BLOCKED = "read-only-allow-delete"
_FULL_SHARDS = "validation_exception"


def from_status(status: int, reason: str) -> StorageError:
    """Our error for an HTTP status and the server's reason, of a request or of one item of a bulk."""
    if _BLOCKED in reason or "read-only / allow delete" in reason:
        return ServerDownError(
            "Elasticsearch 的磁盘快满了，索引已变成只读：请清理磁盘，空间够了会自动恢复，没写进去的会补写。"
        )
    if status == 401:
        return StorageError("Elasticsearch 不认这个用户名、密码或 API key：请检查 index 和 [elastic]。")
    if status == 403:
        return StorageError(f"Elasticsearch 的账号权限不够（{reason}）：请按 docs/elasticsearch.md 授权。")
    if status == 404:
        return StorageError(f"Elasticsearch 里的索引不见了（{reason}）：请恢复快照，或重新打开后再导入。")
    if status == 413:
        return StorageError("一次写入超过了服务器允许的大小：请调大 http.max_content_length。")
    if status in (429, 502, 503, 504):
        return ServerDownError(f"Elasticsearch 太忙或暂时不可用（{status}）：请看集群状态，稍后再试。")
    return StorageError(f"Elasticsearch 拒绝了请求（{status}，{reason}）：请看 docs/elasticsearch.md。")


def forbidden(error: BaseException | None) -> bool:
    """Whether the account lacks a privilege, for steps that somebody else may have done before."""
    return isinstance(error, AuthorizationException)
