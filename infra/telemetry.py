"""Every metric of the workers, declared in one place. Names end in their unit; labels hold no user's data."""

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter("earshot_records_total", "Records read from Kafka", ["role", "topic", "partition"])
BATCH_SECONDS = Histogram(
    "earshot_batch_seconds",
    "Time to process one batch of records, without waiting for brokers or stores",
    ["role"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
)
DROPPED = Counter("earshot_events_dropped_total", "Events that change nothing, by reason", ["role", "reason"])
DEAD_LETTERS = Counter("earshot_dead_letters_total", "Records sent to the dead letters, by cause", ["role", "cause"])
UNKNOWN_FIELDS = Gauge("earshot_unknown_fields", "Sampled events with a field this version does not know", ["path"])
LOST_RECORDS = Counter(
    "earshot_records_lost_total", "Records that retention deleted before they were read", ["role", "topic", "partition"]
)
UNREADABLE = Gauge(
    "earshot_partition_unreadable", "1 when a partition is stopped: its records cannot be read", ["topic", "partition"]
)
WATERMARK = Gauge("earshot_watermark_seconds", "Event-time watermark, seconds since the epoch", ["partition"])
OPEN_SEGMENTS = Gauge("earshot_open_segments", "Dialogue segments held in memory", ["partition"])
IN_FLIGHT = Gauge("earshot_batches_in_flight", "Batches whose effects are not yet acknowledged or stored", ["role"])
DELIVERY_RETRIES = Counter("earshot_delivery_retries_total", "Times results had to be sent again", ["role"])
ROWS = Counter("earshot_rows_written_total", "Rows written to the store", ["table"])
STORE_RETRIES = Counter("earshot_store_retries_total", "Times a write to the store was repeated after a fault")
WRITE_SECONDS = Histogram(
    "earshot_write_seconds", "Time to write one batch of rows", buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
)
ROLLUP_SECONDS = Histogram(
    "earshot_rollup_seconds",
    "Time to refresh the touched minutes",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
