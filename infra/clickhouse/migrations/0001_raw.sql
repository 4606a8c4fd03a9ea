-- What arrived: one row an id. A row of a higher version replaces an earlier one of the same sorting key, so writing
-- twice is writing once. The sorting key starts with the minute, which rollups and ranges of time read; what stands in
-- a sorting key never changes between revisions of an id.

CREATE TABLE IF NOT EXISTS turns
(
    event_id String,
    turn_id String,
    dialogue_id String,
    user_id String,
    device_id String,
    device_type String,
    locale String,
    screen Nullable(UInt8),
    channel String,
    `versions.component` Array(String),
    `versions.version` Array(String),
    component_version String,
    domain String,
    intent String,
    nlu_confidence Nullable(Float32),
    `slots.type` Array(String),
    `slots.value` Array(String),
    `slots.entity` Array(String),
    `slots.score` Array(Nullable(Float32)),
    `nlu_n_best.domain` Array(String),
    `nlu_n_best.intent` Array(String),
    `nlu_n_best.confidence` Array(Nullable(Float32)),
    request String,
    wake_word String,
    wake_confidence Nullable(Float32),
    asr_confidence Nullable(Float32),
    asr_n_best Array(String),
    asr_n_best_confidence Array(Nullable(Float32)),
    response_text String,
    response_status String,
    action String,
    entity String,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    speech_start_ms Int64,
    speech_end_ms Int64,
    response_start_ms Int64,
    response_end_ms Int64,
    context_device_state String,
    context_activity String,
    context_local_time String,
    context_place String,
    rewrite_id String,
    rewrite_source String,
    rewrite_target String,
    synthetic_timing UInt8,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(src_offset)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (toStartOfMinute(occurred_at), dialogue_id, event_id);

CREATE TABLE IF NOT EXISTS playbacks
(
    event_id String,
    turn_id String,
    dialogue_id String,
    user_id String,
    device_id String,
    device_type String,
    locale String,
    kind String,
    state String,
    position_ms Nullable(UInt64),
    stopped_by String,
    domain String,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(src_offset)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (toStartOfMinute(occurred_at), dialogue_id, event_id);

CREATE TABLE IF NOT EXISTS explicit_feedback
(
    event_id String,
    turn_id String,
    dialogue_id String,
    user_id String,
    device_id String,
    device_type String,
    locale String,
    question String,
    answer String,
    rating Nullable(UInt8),
    text String,
    propensity Nullable(Float32),
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(src_offset)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (toStartOfMinute(occurred_at), dialogue_id, event_id);

CREATE TABLE IF NOT EXISTS feedback
(
    event_id String,
    type String,
    kind String,
    turn_id String,
    by_turn_id String,
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
    detector String,
    score Float32,
    reason String,
    `evidence.name` Array(String),
    `evidence.value` Array(Float64),
    gap_s Nullable(Float64),
    offset_ms Nullable(Int64),
    share_heard Nullable(Float32),
    stop_latency_ms Nullable(Int64),
    rating Nullable(UInt8),
    propensity Nullable(Float32),
    revision UInt64,
    retracted UInt8,
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

CREATE TABLE IF NOT EXISTS verdicts
(
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
    request String,
    defect UInt8,
    score Float32,
    tier String,
    evidence Array(String),
    closed UInt8,
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
ORDER BY (toStartOfMinute(occurred_at), turn_id);

-- A late turn may move the start of a dialogue, so no time stands in its key: ranges of time find dialogues by verdicts.
CREATE TABLE IF NOT EXISTS dialogues
(
    event_id String,
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
    started_at DateTime('UTC'),
    started_ms UInt16,
    ended_at DateTime('UTC'),
    ended_ms UInt16,
    closed UInt8,
    closed_by String,
    turns UInt32,
    defects UInt32,
    satisfaction Nullable(Float32),
    goal_reached String,
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
PARTITION BY toYYYYMM(started_at)
ORDER BY (dialogue_id, event_id);

CREATE TABLE IF NOT EXISTS dead_letters
(
    event_id String,
    role String,
    topic String,
    partition UInt32,
    offset UInt64,
    cause String,
    reason String,
    size_bytes UInt64,
    replay_count UInt32,
    key_preview String,
    value_preview String,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(src_offset)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (toStartOfMinute(occurred_at), event_id);
