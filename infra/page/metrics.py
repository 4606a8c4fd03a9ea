"""What the page tells Prometheus about itself."""

from prometheus_client import Counter, Gauge, Histogram

CLIENTS = Gauge("earshot_page_clients", "Open live streams")
VIEWS = Gauge("earshot_page_views", "Different views that are kept current for open streams")
STORE_UP = Gauge("earshot_page_store_up", "1 when the store answered the last query")
QUERY_SECONDS = Histogram(
    "earshot_page_query_seconds",
    "Time of a query, waiting for a free thread included",
    ["query"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
TICK_SECONDS = Histogram(
    "earshot_page_tick_seconds",
    "Time to bring all watched views up to date",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
UPDATES = Counter("earshot_page_updates_total", "Messages sent on live streams")
