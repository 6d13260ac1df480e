-- The schema that the pipelines write and dbt reads: copied from the log and from the tenants' files.
-- The columns are described in dbt_project/models/staging.
create schema if not exists raw;

create table if not exists raw.event_log (
    sequence bigint not null,
    event_id varchar not null,
    tenant_id varchar not null,
    source varchar not null,
    source_event_id varchar not null,
    type varchar not null,
    subject_id varchar,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    correlation_id varchar,
    causation_id varchar,
    schema_version smallint not null,
    origin varchar not null,
    content_type varchar not null,
    headers json not null,
    payload json not null
);

create table if not exists raw.tenants (
    tenant_id varchar not null,
    name varchar not null,
    industry varchar not null,
    zone varchar not null,
    all_day_time time not null,
    currency varchar not null,
    country varchar not null,
    languages varchar not null,
    cancel_is_stop varchar[] not null,
    decimal_mark varchar not null
);

create table if not exists raw.services (
    tenant_id varchar not null,
    service_key varchar not null,
    name varchar not null,
    price_minor bigint not null,
    currency varchar not null,
    duration_minutes integer not null,
    provider_ids json not null
);

create table if not exists raw.tenant_sources (tenant_id varchar not null, source varchar not null);

create table if not exists raw.identity_rules (
    tenant_id varchar not null,
    identifier_kind varchar not null,
    use varchar not null,
    ignored_values varchar[] not null
);

create table if not exists raw.attribution_settings (
    tenant_id varchar not null,
    conversion varchar not null,
    revenue varchar not null,
    lookbacks_days integer[] not null,
    half_life_days double not null,
    position_first double not null,
    position_between double not null,
    position_last double not null,
    direct_channels varchar[] not null
);

create table if not exists raw.rejection_counts (
    tenant_id varchar not null,
    source varchar not null,
    reason varchar not null,
    rejected_date date not null,
    count_rejections bigint not null,
    last_rejected_at timestamptz not null
);

-- Postponed: sequences below the newest copied one that wait for a later batch (frontdesk/domains/sending/echoes.py).
create table if not exists raw.log_position (
    log_sequence bigint not null,
    copied_at timestamptz not null,
    postponed bigint[] not null
);

-- What the models in this file were last built from: when it differs from the project's, everything is built again.
-- Others: of businesses that were not configured in the log, the digests of their configurations by slug, as JSON.
create table if not exists raw.built_from (
    fingerprint varchar not null,
    modelled_sequence bigint not null,
    others varchar not null
);

-- Events that no model could digest, with the reason: kept apart so that the rest goes on; shown on the Systems page.
create table if not exists raw.quarantined_events (
    sequence bigint not null,
    event_id varchar not null,
    tenant_id varchar not null,
    source varchar not null,
    type varchar not null,
    error varchar not null,
    quarantined_at timestamptz not null
);

-- What is, or was, set aside besides, copied as it stands: frontdesk/core/log/set_aside.py.
create table if not exists raw.set_aside (
    kind varchar not null,
    tenant_id varchar not null,
    subject varchar not null,
    step varchar not null,
    reason varchar not null,
    count_times bigint not null,
    set_aside_at timestamptz not null,
    last_seen_at timestamptz not null,
    let_in_at timestamptz
);

-- Events of imports that are taken back (frontdesk/domains/imports/undone_runs.py): they stay in the log, and no model reads them.
create table if not exists raw.undone_events (sequence bigint not null);

-- Businesses whose events are being modelled anew, since they are configured otherwise: see live/renewals.py.
create table if not exists raw.renewals (
    tenant_id varchar not null,
    models varchar[] not null,
    has_staging boolean not null,
    version bigint
);

create table if not exists raw.events_to_renew (
    tenant_id varchar not null,
    part bigint not null,
    sequence bigint not null
);

-- Rules as data: what models/marts/automation decides by.
create table if not exists raw.rules (
    tenant_id varchar not null,
    rule_id varchar not null,
    rule_version integer not null,
    facts varchar[] not null,
    anchor varchar not null,
    offset_seconds bigint not null,
    once_per varchar not null,
    message_class varchar not null,
    booking_is varchar[] not null,
    unless_happened struct(fact_type varchar, scope varchar)[] not null,
    undone_by struct(cause varchar, fact_type varchar)[] not null,
    conditions struct(field varchar, kind varchar, operator varchar, expected varchar[])[] not null,
    holdout_percent integer not null,
    is_shadow boolean not null
);

create table if not exists raw.rule_actions (
    tenant_id varchar not null,
    rule_id varchar not null,
    command_type varchar not null,
    only_fact_channel varchar,
    template varchar,
    settings json not null,
    contact_variables varchar[] not null,
    booking_variables varchar[] not null,
    fact_variables varchar[] not null
);

create table if not exists raw.senders (tenant_id varchar not null, channel varchar not null, provider varchar not null);

-- Pipelines and scores: what models/marts/pipeline moves and weighs by.
create table if not exists raw.pipeline_stages (
    tenant_id varchar not null,
    pipeline varchar not null,
    pipeline_name varchar not null,
    pipeline_of varchar not null,
    stage varchar not null,
    stage_name varchar not null,
    stage_position integer not null,
    entered_on struct(fact_type varchar, task_kind varchar, only_from varchar[])[] not null,
    is_won boolean not null,
    is_lost boolean not null,
    next_action varchar
);

create table if not exists raw.scoring (
    tenant_id varchar not null,
    warmness_version integer not null,
    half_life_days double not null,
    fact_points map(varchar, double) not null,
    fact_caps map(varchar, double) not null,
    priority_version integer not null,
    kind_points map(varchar, double) not null,
    other_kinds_points double not null,
    late_points double not null,
    late_full_after_hours double not null,
    warmness_points double not null,
    value_points double not null,
    value_full_from_minor bigint not null,
    appointment_points double not null,
    appointment_within_hours double not null
);
