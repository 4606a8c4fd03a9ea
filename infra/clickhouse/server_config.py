"""What a local clickhouse-server is told: loopback only, its own folders, bounded memory and logs."""

from pathlib import Path
from xml.sax.saxutils import escape

_CONFIG = """<?xml version="1.0"?>
<yandex>
    <logger>
        <level>warning</level>
        <log>{log}</log>
        <errorlog>{log}.errors</errorlog>
        <size>10M</size>
        <count>3</count>
    </logger>
    <listen_host>127.0.0.1</listen_host>
    <tcp_port>{tcp_port}</tcp_port>
{optional_ports}    <max_connections>256</max_connections>
    <keep_alive_timeout>3</keep_alive_timeout>
    <max_concurrent_queries>64</max_concurrent_queries>
    <uncompressed_cache_size>0</uncompressed_cache_size>
    <mark_cache_size>134217728</mark_cache_size>
    <path>{folder}/data/</path>
    <tmp_path>{folder}/tmp/</tmp_path>
    <user_files_path>{folder}/user_files/</user_files_path>
    <format_schema_path>{folder}/format_schemas/</format_schema_path>
    <users_config>{folder}/users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <timezone>UTC</timezone>
</yandex>
"""

_USERS = """<?xml version="1.0"?>
<yandex>
    <profiles>
        <default>
            <max_memory_usage>2000000000</max_memory_usage>
            <max_memory_usage_for_all_queries>4000000000</max_memory_usage_for_all_queries>
            <log_queries>0</log_queries>
            <poll_interval>1</poll_interval>
        </default>
    </profiles>
    <quotas>
        <default></default>
    </quotas>
    <users>
        <default>
            <password>{password}</password>
            <networks>
                <ip>127.0.0.1</ip>
            </networks>
            <profile>default</profile>
            <quota>default</quota>
        </default>
    </users>
</yandex>
"""


def config_xml(folder: Path, log_file: Path, tcp_port: int, http_port: int | None, interserver_port: int | None) -> str:
    """The server's `config.xml`. Ports that are None stay closed; no system log tables are kept."""
    optional = {"http_port": http_port, "interserver_http_port": interserver_port}
    ports = "".join(f"    <{name}>{port}</{name}>\n" for name, port in optional.items() if port is not None)
    return _CONFIG.format(
        log=escape(str(log_file)), tcp_port=tcp_port, optional_ports=ports, folder=escape(str(folder))
    )


def users_xml(password: str) -> str:
    """The server's `users.xml`: the user `default`, from this machine only."""
    return _USERS.format(password=escape(password))
