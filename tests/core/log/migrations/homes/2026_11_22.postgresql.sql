CREATE TABLE event_log (
	sequence BIGSERIAL NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	tenant_id TEXT NOT NULL,
	source TEXT NOT NULL,
	source_event_id TEXT NOT NULL,
	type TEXT NOT NULL,
	subject_id TEXT,
	occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	correlation_id TEXT,
	causation_id TEXT,
	schema_version SMALLINT NOT NULL,
	origin TEXT NOT NULL,
	content_type TEXT NOT NULL,
	headers TEXT NOT NULL,
	body BYTEA NOT NULL,
	payload TEXT NOT NULL,
	PRIMARY KEY (sequence),
	CONSTRAINT event_log_source_event_key UNIQUE (tenant_id, source, source_event_id),
	UNIQUE (event_id)
);
CREATE OR REPLACE FUNCTION event_log_refuses_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'event_log is append-only'; END $$;
            CREATE TRIGGER event_log_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON event_log
                FOR EACH STATEMENT EXECUTE FUNCTION event_log_refuses_change();
CREATE OR REPLACE FUNCTION event_log_commits_in_order() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_advisory_xact_lock(hashtextextended('frontdesk.event_log', 0)); RETURN NULL; END $$;
        CREATE TRIGGER event_log_commits_in_order BEFORE INSERT ON event_log
            FOR EACH STATEMENT EXECUTE FUNCTION event_log_commits_in_order();
CREATE TABLE rejected_deliveries (
	rejection_id BIGSERIAL NOT NULL,
	tenant_id TEXT NOT NULL,
	source TEXT NOT NULL,
	reason TEXT NOT NULL,
	detail TEXT NOT NULL,
	received_at TIMESTAMP WITH TIME ZONE NOT NULL,
	body_size INTEGER NOT NULL,
	body_sha256 VARCHAR(64) NOT NULL,
	body_redacted TEXT NOT NULL,
	PRIMARY KEY (rejection_id)
);
CREATE INDEX rejected_deliveries_by_source ON rejected_deliveries (tenant_id, source, rejection_id);
CREATE TABLE rejection_counts (
	tenant_id TEXT NOT NULL,
	source TEXT NOT NULL,
	reason TEXT NOT NULL,
	rejected_date DATE NOT NULL,
	count_rejections INTEGER NOT NULL,
	last_rejected_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (tenant_id, source, reason, rejected_date)
);
CREATE TABLE write_probes (
	probe_id BIGSERIAL NOT NULL,
	filler BYTEA NOT NULL,
	PRIMARY KEY (probe_id)
);
CREATE TABLE outbox (
	sequence BIGSERIAL NOT NULL,
	command_key VARCHAR(512) NOT NULL,
	tenant_id TEXT NOT NULL,
	command_type TEXT NOT NULL,
	channel TEXT NOT NULL,
	provider TEXT NOT NULL,
	contact_id TEXT,
	rule_id TEXT,
	rule_version TEXT,
	message_class TEXT NOT NULL,
	due_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE,
	payload TEXT NOT NULL,
	cause_event_ids TEXT NOT NULL,
	state TEXT NOT NULL,
	reason TEXT,
	next_attempt_at TIMESTAMP WITH TIME ZONE,
	token VARCHAR(36),
	leased_until TIMESTAMP WITH TIME ZONE,
	provider_id TEXT,
	attempts_count INTEGER NOT NULL,
	tries_count INTEGER NOT NULL,
	redrives_count INTEGER NOT NULL,
	enqueued_at TIMESTAMP WITH TIME ZONE NOT NULL,
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (sequence),
	CONSTRAINT outbox_state_is_known CHECK (state IN ('waiting', 'claimed', 'calling', 'sent', 'dead', 'uncertain', 'cancelled', 'withdrawn', 'suppressed')),
	CONSTRAINT outbox_channel_is_known CHECK (channel IN ('sms', 'email', 'task', 'sync', 'webhook')),
	CONSTRAINT outbox_message_class_is_known CHECK (message_class IN ('transactional', 'marketing')),
	CONSTRAINT outbox_lease_has_token_and_end CHECK ((token IS NULL) = (leased_until IS NULL)),
	CONSTRAINT outbox_lease_is_of_claimed_and_calling CHECK ((state IN ('claimed', 'calling')) = (token IS NOT NULL)),
	CONSTRAINT outbox_waiting_has_next_attempt CHECK ((state = 'waiting') = (next_attempt_at IS NOT NULL)),
	CONSTRAINT outbox_end_has_reason CHECK (NOT (state IN ('dead', 'uncertain', 'cancelled', 'withdrawn', 'suppressed')) OR reason IS NOT NULL),
	CONSTRAINT outbox_reason_is_of_what_stands CHECK (NOT (state IN ('claimed', 'calling', 'sent')) OR reason IS NULL),
	CONSTRAINT outbox_provider_id_is_of_sent CHECK (provider_id IS NULL OR state = 'sent'),
	CONSTRAINT outbox_call_counted CHECK (state NOT IN ('calling', 'uncertain', 'sent') OR attempts_count > 0),
	CONSTRAINT outbox_tries_are_attempts CHECK (tries_count BETWEEN 0 AND attempts_count),
	CONSTRAINT outbox_rule_has_version CHECK ((rule_id IS NULL) = (rule_version IS NULL)),
	UNIQUE (command_key)
);
CREATE INDEX outbox_waiting_by_due_at ON outbox (due_at, sequence) WHERE state = 'waiting';
CREATE INDEX outbox_waiting_by_next_attempt ON outbox (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX outbox_leases_by_end ON outbox (leased_until) WHERE state IN ('claimed', 'calling');
CREATE INDEX outbox_open_by_tenant ON outbox (tenant_id, channel, state, due_at) WHERE state IN ('waiting', 'claimed', 'calling', 'uncertain', 'dead');
CREATE INDEX outbox_by_contact ON outbox (tenant_id, contact_id, sequence);
CREATE INDEX outbox_sent_by_contact ON outbox (tenant_id, contact_id, message_class, changed_at) WHERE state IN ('calling', 'uncertain', 'sent');
CREATE INDEX outbox_sent_by_channel ON outbox (tenant_id, channel, changed_at) WHERE state IN ('calling', 'uncertain', 'sent');
CREATE OR REPLACE FUNCTION outbox_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'outbox: keys stay and sent is final'; END $$; CREATE TRIGGER outbox_refuses_delete BEFORE DELETE ON outbox FOR EACH ROW  EXECUTE FUNCTION outbox_refuses();
CREATE OR REPLACE FUNCTION outbox_refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'outbox: keys stay and sent is final'; END $$; CREATE TRIGGER outbox_refuses_update BEFORE UPDATE ON outbox FOR EACH ROW WHEN (NEW.command_key <> OLD.command_key OR (OLD.state = 'sent' AND NEW.state <> 'sent')) EXECUTE FUNCTION outbox_refuses();
CREATE TRIGGER outbox_refuses_truncate BEFORE TRUNCATE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_refuses();
CREATE TABLE outbox_holds (
	hold_id BIGSERIAL NOT NULL,
	tenant_id TEXT,
	channel TEXT,
	rule_id TEXT,
	reason TEXT NOT NULL,
	held_at TIMESTAMP WITH TIME ZONE NOT NULL,
	held_by TEXT NOT NULL,
	released_at TIMESTAMP WITH TIME ZONE,
	released_by TEXT,
	PRIMARY KEY (hold_id),
	CONSTRAINT hold_channel_is_known CHECK (channel IS NULL OR channel IN ('sms', 'email', 'task', 'sync', 'webhook')),
	CONSTRAINT hold_rule_is_of_a_tenant CHECK (rule_id IS NULL OR tenant_id IS NOT NULL),
	CONSTRAINT hold_release_is_whole CHECK ((released_at IS NULL) = (released_by IS NULL))
);
CREATE UNIQUE INDEX outbox_holds_in_force ON outbox_holds (coalesce(tenant_id, ''), coalesce(channel, ''), coalesce(rule_id, '')) WHERE released_at IS NULL;
CREATE TABLE staff_accounts (
	staff_id VARCHAR(36) NOT NULL,
	tenant_id TEXT NOT NULL,
	email TEXT NOT NULL,
	name TEXT NOT NULL,
	role TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	is_disabled BOOLEAN NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	PRIMARY KEY (staff_id),
	CONSTRAINT staff_role_is_known CHECK (role IN ('owner', 'admin', 'tech')),
	CONSTRAINT staff_accounts_email_key UNIQUE (tenant_id, email)
);
CREATE INDEX staff_accounts_by_email ON staff_accounts (email);
CREATE TABLE sign_in_failures (
	counted TEXT NOT NULL,
	count_failures INTEGER NOT NULL,
	last_failed_at TIMESTAMP WITH TIME ZONE NOT NULL,
	locked_until TIMESTAMP WITH TIME ZONE,
	PRIMARY KEY (counted)
);
CREATE TABLE audit_entries (
	audit_id BIGSERIAL NOT NULL,
	tenant_id TEXT,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	who TEXT NOT NULL,
	action TEXT NOT NULL,
	subject TEXT,
	address TEXT,
	PRIMARY KEY (audit_id)
);
CREATE INDEX audit_entries_by_tenant ON audit_entries (tenant_id, audit_id);
CREATE OR REPLACE FUNCTION audit_entries_refuses_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'audit_entries is append-only'; END $$;
            CREATE TRIGGER audit_entries_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
                FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuses_change();
CREATE TABLE outbox_attempts (
	attempt_id BIGSERIAL NOT NULL,
	command_key VARCHAR(512) NOT NULL,
	attempt_number INTEGER NOT NULL,
	token VARCHAR(36) NOT NULL,
	started_at TIMESTAMP WITH TIME ZONE NOT NULL,
	ended_at TIMESTAMP WITH TIME ZONE,
	outcome TEXT,
	detail TEXT,
	provider_id TEXT,
	next_attempt_at TIMESTAMP WITH TIME ZONE,
	resolution TEXT,
	resolved_at TIMESTAMP WITH TIME ZONE,
	resolved_by TEXT,
	PRIMARY KEY (attempt_id),
	CONSTRAINT attempt_outcome_is_known CHECK (outcome IS NULL OR outcome IN ('sent', 'retry', 'failed', 'uncertain')),
	CONSTRAINT attempt_resolution_is_known CHECK (resolution IS NULL OR resolution IN ('sent', 'not_sent')),
	CONSTRAINT attempt_end_has_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL)),
	CONSTRAINT attempt_retry_has_time CHECK ((outcome IS NOT NULL AND outcome = 'retry') = (next_attempt_at IS NOT NULL)),
	CONSTRAINT attempt_resolution_is_whole CHECK ((resolution IS NULL) = (resolved_at IS NULL) AND (resolution IS NULL) = (resolved_by IS NULL)),
	CONSTRAINT attempt_resolution_is_of_uncertain CHECK (resolution IS NULL OR (outcome IS NOT NULL AND outcome = 'uncertain')),
	CONSTRAINT attempt_provider_id_is_of_sent CHECK (provider_id IS NULL OR (outcome IS NOT NULL AND outcome = 'sent') OR (resolution IS NOT NULL AND resolution = 'sent')),
	CONSTRAINT outbox_attempts_number_key UNIQUE (command_key, attempt_number),
	FOREIGN KEY(command_key) REFERENCES outbox (command_key)
);
CREATE TABLE staff_sessions (
	token_sha256 VARCHAR(64) NOT NULL,
	staff_id VARCHAR(36) NOT NULL,
	created_at TIMESTAMP WITH TIME ZONE NOT NULL,
	last_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
	address TEXT NOT NULL,
	PRIMARY KEY (token_sha256),
	FOREIGN KEY(staff_id) REFERENCES staff_accounts (staff_id)
);
CREATE INDEX staff_sessions_by_account ON staff_sessions (staff_id);
