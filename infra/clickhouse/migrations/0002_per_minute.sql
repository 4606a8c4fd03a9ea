-- One row a minute holds all groups of that minute, so a minute is replaced whole and at once: by the row of the highest
-- version, which grows with what was known when it was computed. The view opens it up into one row a group.

CREATE TABLE IF NOT EXISTS turn_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.domain` Array(String),
    `groups.intent` Array(String),
    `groups.device_type` Array(String),
    `groups.locale` Array(String),
    `groups.channel` Array(String),
    `groups.component_version` Array(String),
    `groups.turns` Array(UInt64),
    `groups.users` Array(UInt64),
    `groups.unanswered` Array(UInt64),
    `groups.rewritten` Array(UInt64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS turns_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    domain,
    intent,
    device_type,
    locale,
    channel,
    component_version,
    turns,
    users,
    unanswered,
    rewritten
FROM turn_minutes FINAL
ARRAY JOIN
    `groups.domain` AS domain,
    `groups.intent` AS intent,
    `groups.device_type` AS device_type,
    `groups.locale` AS locale,
    `groups.channel` AS channel,
    `groups.component_version` AS component_version,
    `groups.turns` AS turns,
    `groups.users` AS users,
    `groups.unanswered` AS unanswered,
    `groups.rewritten` AS rewritten;

CREATE TABLE IF NOT EXISTS feedback_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.type` Array(String),
    `groups.kind` Array(String),
    `groups.domain` Array(String),
    `groups.intent` Array(String),
    `groups.device_type` Array(String),
    `groups.locale` Array(String),
    `groups.channel` Array(String),
    `groups.component_version` Array(String),
    `groups.signals` Array(UInt64),
    `groups.turns` Array(UInt64),
    `groups.users` Array(UInt64),
    `groups.score_sum` Array(Float64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS feedback_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    type,
    kind,
    domain,
    intent,
    device_type,
    locale,
    channel,
    component_version,
    signals,
    turns,
    users,
    score_sum
FROM feedback_minutes FINAL
ARRAY JOIN
    `groups.type` AS type,
    `groups.kind` AS kind,
    `groups.domain` AS domain,
    `groups.intent` AS intent,
    `groups.device_type` AS device_type,
    `groups.locale` AS locale,
    `groups.channel` AS channel,
    `groups.component_version` AS component_version,
    `groups.signals` AS signals,
    `groups.turns` AS turns,
    `groups.users` AS users,
    `groups.score_sum` AS score_sum;

CREATE TABLE IF NOT EXISTS defect_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.domain` Array(String),
    `groups.intent` Array(String),
    `groups.device_type` Array(String),
    `groups.locale` Array(String),
    `groups.channel` Array(String),
    `groups.component_version` Array(String),
    `groups.turns` Array(UInt64),
    `groups.defects` Array(UInt64),
    `groups.explicit` Array(UInt64),
    `groups.users` Array(UInt64),
    `groups.score_sum` Array(Float64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS defects_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    domain,
    intent,
    device_type,
    locale,
    channel,
    component_version,
    turns,
    defects,
    explicit,
    users,
    score_sum
FROM defect_minutes FINAL
ARRAY JOIN
    `groups.domain` AS domain,
    `groups.intent` AS intent,
    `groups.device_type` AS device_type,
    `groups.locale` AS locale,
    `groups.channel` AS channel,
    `groups.component_version` AS component_version,
    `groups.turns` AS turns,
    `groups.defects` AS defects,
    `groups.explicit` AS explicit,
    `groups.users` AS users,
    `groups.score_sum` AS score_sum;

CREATE TABLE IF NOT EXISTS request_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.domain` Array(String),
    `groups.request` Array(String),
    `groups.turns` Array(UInt64),
    `groups.defects` Array(UInt64),
    `groups.users` Array(UInt64),
    `groups.score_sum` Array(Float64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS requests_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    domain,
    request,
    turns,
    defects,
    users,
    score_sum
FROM request_minutes FINAL
ARRAY JOIN
    `groups.domain` AS domain,
    `groups.request` AS request,
    `groups.turns` AS turns,
    `groups.defects` AS defects,
    `groups.users` AS users,
    `groups.score_sum` AS score_sum;
