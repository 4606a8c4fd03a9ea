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
JUDGED = Counter("earshot_turns_judged_total", "Answers given about failure points, by pass", ["isolation_pass"])
SHED = Counter("earshot_turns_shed_total", "Turns whose first answer was left out to stay fresh")
JUDGE_SECONDS = Histogram(
    "earshot_judge_seconds",
    "Time to judge one batch of turns",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
JUDGE_QUEUE = Gauge("earshot_judge_queue", "Turns that wait for the judge")
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
REWRITES = Counter("earshot_rewrite_decisions_total", "Decisions on requests, by reason and layer", ["reason", "layer"])
REWRITE_SECONDS = Histogram(
    "earshot_rewrite_seconds",
    "Time from a request's arrival to its decision",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0),
)
DECISIONS_DROPPED = Counter(
    "earshot_rewrite_decisions_dropped_total", "Decisions that could not be told to their topic"
)
REWRITES_BLOCKED = Counter("earshot_rewrites_blocked_total", "Rewrites that were blocked for doing harm")
REFRESHES_HELD = Gauge("earshot_rewrite_refreshes_held", "Domains whose refresh would change too many answers")
SERVED_ENTRIES = Gauge("earshot_served_entries", "What is in memory to be served", ["kind"])
SERVED_CHANGES = Counter("earshot_served_changes_total", "Changes taken from topics", ["topic"])
SERVED_INVALID = Counter("earshot_served_invalid_total", "Records of tables that could not be read", ["topic"])
SERVE_READY = Gauge("earshot_serve_ready", "1 when caught up with the topics as they were at the start")
ALARMS = Counter("earshot_alarms_total", "Revisions of alarms that were told, by component", ["component", "state"])
ALARM_NOTICES = Counter("earshot_alarm_notices_total", "Posts to the webhook, by outcome", ["outcome"])
ALARM_CHECK_SECONDS = Histogram(
    "earshot_alarm_check_seconds",
    "Time to look for broken components",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
ALARM_CHECKS_FAILED = Counter("earshot_alarm_checks_failed_total", "Times the store did not answer the watch")
