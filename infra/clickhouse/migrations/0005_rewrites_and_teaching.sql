-- The rewrite table, what was decided with it and how it does; what people taught and when they were asked. Tables that
-- follow a compacted topic have no months: whatever becomes of a key replaces what was there.

-- One row a key of the topic; `key` is a digest, for a key of the personal layer names a person. Of the personal layer no
-- words are kept. `chains` is JSON. A key that was taken back is `removed`.
CREATE TABLE IF NOT EXISTS rewrites
(
    layer String,
    key String,
    event_id String,
    user_id String,
    source String,
    source_text String,
    target String,
    target_text String,
    score Float32,
    leave_alone Float32,
    agreement Float32,
    support Float64,
    users UInt64,
    source_good Float64,
    source_bad Float64,
    source_low Float32,
    source_high Float32,
    target_good Float64,
    target_bad Float64,
    target_low Float32,
    target_high Float32,
    first_seen_at DateTime('UTC'),
    first_seen_ms UInt16,
    last_seen_at DateTime('UTC'),
    last_seen_ms UInt16,
    reason String,
    chains String,
    blocked UInt8,
    blocked_because String,
    normaliser String,
    solver String,
    removed UInt8,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(src_offset)
ORDER BY (layer, key);

CREATE TABLE IF NOT EXISTS rewrite_trials
(
    rewrite_id String,
    event_id String,
    layer String,
    user_id String,
    source String,
    target String,
    served_good Float64,
    served_bad Float64,
    served_low Float32,
    served_high Float32,
    held_out_good Float64,
    held_out_bad Float64,
    held_out_low Float32,
    held_out_high Float32,
    worse Float64,
    uses UInt64,
    blocked UInt8,
    blocked_because String,
    removed UInt8,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(src_offset)
ORDER BY rewrite_id;

CREATE TABLE IF NOT EXISTS rewrite_decisions
(
    event_id String,
    user_id String,
    device_id String,
    turn_id String,
    dialogue_id String,
    arm String,
    reason String,
    rewrite_id String,
    layer String,
    score Nullable(Float32),
    propensity Float32,
    domain String,
    index_version String,
    ranker String,
    latency_ms Float32,
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

CREATE TABLE IF NOT EXISTS rewrite_decision_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.domain` Array(String),
    `groups.layer` Array(String),
    `groups.arm` Array(String),
    `groups.reason` Array(String),
    `groups.decisions` Array(UInt64),
    `groups.users` Array(UInt64),
    `groups.rewrites` Array(UInt64),
    `groups.latency_ms_sum` Array(Float64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS rewrite_decisions_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    domain,
    layer,
    arm,
    reason,
    decisions,
    users,
    rewrites,
    latency_ms_sum
FROM rewrite_decision_minutes FINAL
ARRAY JOIN
    `groups.domain` AS domain,
    `groups.layer` AS layer,
    `groups.arm` AS arm,
    `groups.reason` AS reason,
    `groups.decisions` AS decisions,
    `groups.users` AS users,
    `groups.rewrites` AS rewrites,
    `groups.latency_ms_sum` AS latency_ms_sum;

-- What people taught as it stands: the only table with the words of it. One row a key of the topic, a digest here.
CREATE TABLE IF NOT EXISTS preferences
(
    key String,
    event_id String,
    user_id String,
    device_id String,
    domain String,
    attribute String,
    value String,
    canonical_value String,
    polarity String,
    stands_for String,
    scope String,
    person String,
    condition String,
    time String,
    valid_from_at DateTime('UTC'),
    valid_from_ms UInt16,
    valid_to_at DateTime('UTC'),
    valid_to_ms UInt16,
    status String,
    strength Float32,
    confidence Float32,
    source String,
    explicitness String,
    supersedes String,
    consent_version String,
    detector String,
    revision UInt64,
    removed UInt8,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(src_offset)
ORDER BY key;

-- What became of preferences and when, without words.
CREATE TABLE IF NOT EXISTS preference_changes
(
    key String,
    event_id String,
    user_id String,
    attribute String,
    status String,
    source String,
    explicitness String,
    revision UInt64,
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
ORDER BY (toStartOfMinute(occurred_at), key, revision);

CREATE TABLE IF NOT EXISTS preference_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.attribute` Array(String),
    `groups.status` Array(String),
    `groups.source` Array(String),
    `groups.explicitness` Array(String),
    `groups.changes` Array(UInt64),
    `groups.users` Array(UInt64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS preferences_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    attribute,
    status,
    source,
    explicitness,
    changes,
    users
FROM preference_minutes FINAL
ARRAY JOIN
    `groups.attribute` AS attribute,
    `groups.status` AS status,
    `groups.source` AS source,
    `groups.explicitness` AS explicitness,
    `groups.changes` AS changes,
    `groups.users` AS users;

CREATE VIEW IF NOT EXISTS preferences_per_day AS
SELECT
    toStartOfDay(minute) AS day,
    attribute,
    status,
    source,
    explicitness,
    sum(counted) AS changes
FROM preference_minutes FINAL
ARRAY JOIN
    `groups.attribute` AS attribute,
    `groups.status` AS status,
    `groups.source` AS source,
    `groups.explicitness` AS explicitness,
    `groups.changes` AS counted
GROUP BY day, attribute, status, source, explicitness;

-- Whether answers did as people had taught. `key` is that of the preference in `preferences`.
CREATE TABLE IF NOT EXISTS preference_outcomes
(
    event_id String,
    key String,
    user_id String,
    turn_id String,
    attribute String,
    obeyed UInt8,
    retracted UInt8,
    detector String,
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

CREATE TABLE IF NOT EXISTS preference_outcome_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.attribute` Array(String),
    `groups.outcomes` Array(UInt64),
    `groups.obeyed` Array(UInt64),
    `groups.users` Array(UInt64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS preference_outcomes_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    attribute,
    outcomes,
    obeyed,
    users
FROM preference_outcome_minutes FINAL
ARRAY JOIN
    `groups.attribute` AS attribute,
    `groups.outcomes` AS outcomes,
    `groups.obeyed` AS obeyed,
    `groups.users` AS users;

CREATE VIEW IF NOT EXISTS preference_outcomes_per_day AS
SELECT
    toStartOfDay(minute) AS day,
    attribute,
    sum(counted) AS outcomes,
    sum(did) AS obeyed
FROM preference_outcome_minutes FINAL
ARRAY JOIN
    `groups.attribute` AS attribute,
    `groups.outcomes` AS counted,
    `groups.obeyed` AS did
GROUP BY day, attribute;

-- When a person could be asked something. The question holds their words, so it is not kept.
CREATE TABLE IF NOT EXISTS teachable_moments
(
    event_id String,
    user_id String,
    device_id String,
    dialogue_id String,
    turn_id String,
    kind String,
    preference_id String,
    detector String,
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

CREATE TABLE IF NOT EXISTS teachable_moment_minutes
(
    minute DateTime('UTC'),
    version UInt64,
    `groups.kind` Array(String),
    `groups.detector` Array(String),
    `groups.moments` Array(UInt64),
    `groups.users` Array(UInt64),
    refreshed_at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(minute)
ORDER BY minute;

CREATE VIEW IF NOT EXISTS teachable_moments_per_minute AS
SELECT
    minute,
    version,
    refreshed_at,
    kind,
    detector,
    moments,
    users
FROM teachable_moment_minutes FINAL
ARRAY JOIN
    `groups.kind` AS kind,
    `groups.detector` AS detector,
    `groups.moments` AS moments,
    `groups.users` AS users;

-- Who is forgotten, by a digest of the id, and up to which moment of the broker. No row is ever merged away: whether
-- somebody was added shows in how many there are.
CREATE TABLE IF NOT EXISTS forgotten_people
(
    person String,
    occurred_at DateTime('UTC'),
    occurred_ms UInt16,
    src_partition UInt16,
    src_offset UInt64,
    appended_at DateTime('UTC'),
    appended_ms UInt16,
    inserted_at DateTime('UTC') DEFAULT now()
)
ENGINE = MergeTree()
PARTITION BY toYYYYMM(occurred_at)
ORDER BY person;

-- Minutes whose rollups have to be computed anew because rows were erased; `pending` 0 when that is done.
CREATE TABLE IF NOT EXISTS erased_minutes
(
    raw String,
    minute DateTime('UTC'),
    pending UInt8,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (raw, minute);
