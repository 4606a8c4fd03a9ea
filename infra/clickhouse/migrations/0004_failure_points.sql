-- Which component broke first in each turn, one row a turn, and the alarms that the rates of a component raise.

CREATE TABLE IF NOT EXISTS failure_points
(
    event_id String,
    turn_id String,
    dialogue_id String,
    user_id String,
    device_id String,
    domain String,
    intent String,
    device_type String,
    locale String,
    channel String,
    `versions.component` Array(String),
    `versions.version` Array(String),
    component_version String,
    failure_point String,
    p_correct Float32,
    p_false_wake Float32,
    p_asr Float32,
    p_nlu Float32,
    p_entity Float32,
    p_result Float32,
    abstained String,
    isolation_pass String,
    model String,
    revision UInt64,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (toStartOfMinute(occurred_at), event_id);

CREATE TABLE IF NOT EXISTS failure_point_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.failure_point` Array(String),
    `groups.domain` Array(String),
    `groups.intent` Array(String),
    `groups.device_type` Array(String),
    `groups.locale` Array(String),
    `groups.channel` Array(String),
    `groups.component_version` Array(String),
    `groups.turns` Array(UInt64),
    `groups.users` Array(UInt64),
    `groups.weighed` Array(UInt64),
    `groups.correct_sum` Array(Float64),
    `groups.false_wake_sum` Array(Float64),
    `groups.asr_sum` Array(Float64),
    `groups.nlu_sum` Array(Float64),
    `groups.entity_sum` Array(Float64),
    `groups.result_sum` Array(Float64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

-- `failure_point` is empty for turns that no failure point was named of; `weighed` turns have probabilities, whose sums
-- count failures without a decision.
CREATE VIEW IF NOT EXISTS failure_points_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    failure_point,
    domain,
    intent,
    device_type,
    locale,
    channel,
    component_version,
    turns,
    users,
    weighed,
    correct_sum,
    false_wake_sum,
    asr_sum,
    nlu_sum,
    entity_sum,
    result_sum
FROM failure_point_minutes FINAL
ARRAY JOIN
    `groups.failure_point` AS failure_point,
    `groups.domain` AS domain,
    `groups.intent` AS intent,
    `groups.device_type` AS device_type,
    `groups.locale` AS locale,
    `groups.channel` AS channel,
    `groups.component_version` AS component_version,
    `groups.turns` AS turns,
    `groups.users` AS users,
    `groups.weighed` AS weighed,
    `groups.correct_sum` AS correct_sum,
    `groups.false_wake_sum` AS false_wake_sum,
    `groups.asr_sum` AS asr_sum,
    `groups.nlu_sum` AS nlu_sum,
    `groups.entity_sum` AS entity_sum,
    `groups.result_sum` AS result_sum;

-- `ended_at` is the epoch while an alarm is open; `scope` is JSON. Alarms are few: no time leads the sorting key.
CREATE TABLE IF NOT EXISTS alarms
(
    event_id String,
    failure_point String,
    scope String,
    summary String,
    raised_at DateTime('UTC'),
    ended_at DateTime('UTC'),
    expected Float64,
    observed Float64,
    turns UInt64,
    evidence Float64,
    test String,
    revision UInt64,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY event_id;

-- Which revision of which alarm the webhook has taken.
CREATE TABLE IF NOT EXISTS alarm_notices
(
    event_id String,
    revision UInt64,
    told_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(told_at)
ORDER BY (event_id, revision);
