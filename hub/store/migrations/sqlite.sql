CREATE TABLE hub_alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT hub_alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE watches (
	"key" TEXT NOT NULL,
	network TEXT NOT NULL,
	kind TEXT NOT NULL,
	value TEXT NOT NULL,
	subject TEXT,
	team TEXT,
	started_at DATETIME NOT NULL,
	cursor TEXT NOT NULL,
	read_at DATETIME,
	polled_at DATETIME,
	posted_at DATETIME,
	failures INTEGER NOT NULL,
	problem TEXT,
	sentence TEXT,
	paused_until DATETIME, fence INTEGER DEFAULT '0' NOT NULL, reader TEXT, lease_until DATETIME,
	CONSTRAINT pk_watches PRIMARY KEY ("key")
);

CREATE TABLE batches (
	id INTEGER NOT NULL,
	name TEXT NOT NULL,
	network TEXT NOT NULL,
	watch TEXT NOT NULL,
	run TEXT NOT NULL,
	path TEXT NOT NULL,
	digest TEXT NOT NULL,
	records INTEGER NOT NULL,
	landed_at DATETIME NOT NULL,
	first BOOLEAN NOT NULL,
	cursor_before TEXT NOT NULL,
	state TEXT NOT NULL,
	fence INTEGER NOT NULL,
	worker TEXT,
	lease_until DATETIME,
	known INTEGER NOT NULL,
	skipped INTEGER NOT NULL,
	triage_run TEXT,
	done_at DATETIME,
	reason TEXT,
	detail TEXT,
	CONSTRAINT pk_batches PRIMARY KEY (id),
	CONSTRAINT uq_batches_name UNIQUE (name),
	CONSTRAINT uq_batches_watch_digest UNIQUE (watch, digest)
);

CREATE INDEX ix_batches_run ON batches (run);

CREATE INDEX ix_batches_triage_run ON batches (triage_run);

CREATE INDEX ix_batches_waiting ON batches (id) WHERE state = 'landed';

CREATE TABLE repeats (
	run TEXT NOT NULL,
	watch TEXT NOT NULL,
	network TEXT NOT NULL,
	batches INTEGER NOT NULL,
	records INTEGER NOT NULL,
	CONSTRAINT pk_repeats PRIMARY KEY (run, watch)
);

CREATE TABLE authors (
	"key" TEXT NOT NULL,
	network TEXT NOT NULL,
	native_id TEXT NOT NULL,
	handle TEXT NOT NULL,
	followers INTEGER,
	body TEXT NOT NULL,
	seen_at DATETIME NOT NULL,
	CONSTRAINT pk_authors PRIMARY KEY ("key")
);

CREATE TABLE posts (
	id INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	network TEXT NOT NULL,
	author TEXT NOT NULL,
	kind TEXT NOT NULL,
	lang TEXT,
	published_at DATETIME NOT NULL,
	collected_at DATETIME NOT NULL,
	thread TEXT,
	likes INTEGER,
	shares INTEGER,
	replies INTEGER,
	views INTEGER,
	batch INTEGER,
	state TEXT NOT NULL,
	reason TEXT,
	body TEXT NOT NULL, checked_at DATETIME, gone TEXT,
	CONSTRAINT pk_posts PRIMARY KEY (id),
	CONSTRAINT uq_posts_key UNIQUE ("key")
);

CREATE INDEX ix_posts_standing ON posts (batch, state, reason);

CREATE INDEX ix_posts_thread ON posts (thread) WHERE thread IS NOT NULL;

CREATE TABLE edits (
	id INTEGER NOT NULL,
	post TEXT NOT NULL,
	title TEXT,
	text TEXT NOT NULL,
	replaced_at DATETIME NOT NULL,
	CONSTRAINT pk_edits PRIMARY KEY (id)
);

CREATE INDEX ix_edits_post ON edits (post);

CREATE TABLE engagement (
	id INTEGER NOT NULL,
	post TEXT NOT NULL,
	counted_at DATETIME NOT NULL,
	likes INTEGER,
	shares INTEGER,
	replies INTEGER,
	quotes INTEGER,
	views INTEGER,
	CONSTRAINT pk_engagement PRIMARY KEY (id)
);

CREATE INDEX ix_engagement_post ON engagement (post);

CREATE TABLE tombstones (
	"key" TEXT NOT NULL,
	reason TEXT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_tombstones PRIMARY KEY ("key")
)
 WITHOUT ROWID;

CREATE TABLE signals (
	post TEXT NOT NULL,
	found_by TEXT NOT NULL,
	intent TEXT NOT NULL,
	sentiment TEXT NOT NULL,
	sentiment_score FLOAT NOT NULL,
	confidence FLOAT NOT NULL,
	urgency FLOAT NOT NULL,
	relevant BOOLEAN NOT NULL,
	body TEXT NOT NULL, audience TEXT DEFAULT 'public' NOT NULL,
	CONSTRAINT pk_signals PRIMARY KEY (post)
)
 WITHOUT ROWID;

CREATE TABLE replaced_signals (
	id INTEGER NOT NULL,
	post TEXT NOT NULL,
	found_by TEXT NOT NULL,
	body TEXT NOT NULL,
	replaced_at DATETIME NOT NULL,
	CONSTRAINT pk_replaced_signals PRIMARY KEY (id)
);

CREATE INDEX ix_replaced_signals_post ON replaced_signals (post);

CREATE TABLE quarantine (
	id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	stage TEXT NOT NULL,
	reason TEXT NOT NULL,
	detail TEXT,
	digest TEXT NOT NULL,
	record TEXT,
	network TEXT NOT NULL,
	watch TEXT,
	batch TEXT,
	run TEXT,
	post TEXT,
	delivery INTEGER,
	tries INTEGER NOT NULL,
	state TEXT NOT NULL,
	outcome TEXT,
	since DATETIME NOT NULL,
	changed_at DATETIME NOT NULL, repaired TEXT, repaired_by TEXT, repaired_at DATETIME,
	CONSTRAINT pk_quarantine PRIMARY KEY (id),
	CONSTRAINT uq_quarantine_stage_digest UNIQUE (stage, digest)
);

CREATE INDEX ix_quarantine_batch ON quarantine (batch, state);

CREATE INDEX ix_quarantine_state ON quarantine (state, id);

CREATE TABLE handoffs (
	id TEXT NOT NULL,
	kind TEXT NOT NULL,
	"key" TEXT NOT NULL,
	post TEXT NOT NULL,
	author TEXT NOT NULL,
	team TEXT NOT NULL,
	route TEXT NOT NULL,
	classifier TEXT NOT NULL,
	confidence FLOAT NOT NULL,
	run TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	body TEXT NOT NULL, network TEXT DEFAULT '' NOT NULL, visibility TEXT DEFAULT '' NOT NULL, subject TEXT DEFAULT '' NOT NULL, thing TEXT DEFAULT '' NOT NULL, begins BOOLEAN DEFAULT 0 NOT NULL,
	CONSTRAINT pk_handoffs PRIMARY KEY (id)
);

CREATE INDEX ix_handoffs_created_at ON handoffs (created_at);

CREATE INDEX ix_handoffs_post ON handoffs (post);

CREATE INDEX ix_handoffs_thing ON handoffs (kind, "key");

CREATE TABLE outbox (
	id INTEGER NOT NULL,
	destination TEXT NOT NULL,
	object TEXT NOT NULL,
	external_id TEXT NOT NULL,
	version INTEGER NOT NULL,
	body TEXT NOT NULL,
	digest TEXT NOT NULL,
	lane TEXT NOT NULL,
	parent TEXT,
	handoff TEXT NOT NULL,
	authority TEXT NOT NULL,
	mapping TEXT NOT NULL,
	post TEXT,
	author TEXT,
	state TEXT NOT NULL,
	attempt INTEGER NOT NULL,
	fence INTEGER NOT NULL,
	worker TEXT,
	created_at DATETIME NOT NULL,
	not_before DATETIME,
	claimed_at DATETIME,
	lease_until DATETIME,
	settled_at DATETIME,
	outcome TEXT,
	object_id TEXT,
	url TEXT,
	reason TEXT,
	detail TEXT,
	parent_misses INTEGER NOT NULL, looks INTEGER DEFAULT '0' NOT NULL, job TEXT, known_as TEXT DEFAULT '[]' NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (id),
	CONSTRAINT uq_outbox_destination_external_id_object_version UNIQUE (destination, external_id, object, version)
);

CREATE INDEX ix_outbox_handoff ON outbox (handoff);

CREATE INDEX ix_outbox_lane ON outbox (destination, lane, id) WHERE state IN ('pending', 'in_doubt');

CREATE INDEX ix_outbox_state ON outbox (destination, state, id);

CREATE TABLE circuits (
	name TEXT NOT NULL,
	open_until DATETIME,
	reason TEXT,
	failures INTEGER NOT NULL,
	changed_at DATETIME NOT NULL,
	CONSTRAINT pk_circuits PRIMARY KEY (name)
);

CREATE TABLE incidents (
	"key" TEXT NOT NULL,
	title TEXT NOT NULL,
	severity INTEGER NOT NULL,
	count INTEGER NOT NULL,
	opened_at DATETIME NOT NULL,
	last_at DATETIME NOT NULL,
	resolved_at DATETIME, resolved_by TEXT, reopened_at DATETIME, subjects TEXT, acknowledged_at DATETIME, acknowledged_by TEXT, verdict TEXT, verdict_by TEXT, muted_until DATETIME, muted_by TEXT, told_at DATETIME, changes INTEGER DEFAULT '0' NOT NULL, told INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_incidents PRIMARY KEY ("key")
);

CREATE TABLE runs (
	id TEXT NOT NULL,
	kind TEXT NOT NULL,
	started_at DATETIME NOT NULL,
	finished_at DATETIME,
	status TEXT NOT NULL,
	detail TEXT NOT NULL,
	CONSTRAINT pk_runs PRIMARY KEY (id)
);

CREATE INDEX ix_runs_started_at ON runs (started_at);

CREATE TABLE expectations (
	id INTEGER NOT NULL,
	run TEXT NOT NULL,
	suite TEXT NOT NULL,
	at DATETIME NOT NULL,
	success BOOLEAN NOT NULL,
	statistics TEXT NOT NULL,
	failures TEXT NOT NULL,
	CONSTRAINT pk_expectations PRIMARY KEY (id)
);

CREATE TABLE audit (
	id INTEGER NOT NULL,
	at DATETIME NOT NULL,
	actor TEXT NOT NULL,
	action TEXT NOT NULL,
	object TEXT NOT NULL,
	reason TEXT NOT NULL,
	"before" TEXT,
	"after" TEXT,
	previous TEXT NOT NULL,
	hash TEXT NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (id)
);

CREATE TABLE memory (
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
	kept_until DATETIME,
	CONSTRAINT pk_memory PRIMARY KEY ("key")
);

CREATE TABLE budget_uses (
	id INTEGER NOT NULL,
	name TEXT NOT NULL,
	at DATETIME NOT NULL,
	cost INTEGER NOT NULL,
	CONSTRAINT pk_budget_uses PRIMARY KEY (id)
);

CREATE INDEX ix_budget_uses_window ON budget_uses (name, at);

CREATE TABLE tokens (
	connection TEXT NOT NULL,
	secret TEXT,
	stale BOOLEAN NOT NULL,
	fence INTEGER NOT NULL,
	holder TEXT,
	lease_until DATETIME,
	changed_at DATETIME NOT NULL,
	CONSTRAINT pk_tokens PRIMARY KEY (connection)
);

CREATE TABLE measurements (
	id INTEGER NOT NULL,
	network TEXT NOT NULL,
	account TEXT NOT NULL,
	post TEXT NOT NULL,
	name TEXT NOT NULL,
	period TEXT NOT NULL,
	at DATETIME NOT NULL,
	value FLOAT,
	CONSTRAINT pk_measurements PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_measurements_series ON measurements (network, account, post, name, period, at);

CREATE TABLE observed (
	id INTEGER NOT NULL,
	watch TEXT NOT NULL,
	network TEXT NOT NULL,
	since DATETIME NOT NULL,
	until DATETIME NOT NULL,
	CONSTRAINT pk_observed PRIMARY KEY (id)
);

CREATE INDEX ix_observed_watch_until ON observed (watch, until);

CREATE TABLE corrections (
	id INTEGER NOT NULL,
	post TEXT NOT NULL,
	field TEXT NOT NULL,
	old TEXT NOT NULL,
	new TEXT NOT NULL,
	found_by TEXT NOT NULL,
	who TEXT NOT NULL,
	source TEXT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_corrections PRIMARY KEY (id)
);

CREATE INDEX ix_corrections_post ON corrections (post);

CREATE TABLE models (
	version TEXT NOT NULL,
	made_at DATETIME NOT NULL,
	state TEXT NOT NULL,
	changed_at DATETIME NOT NULL,
	took_over_from TEXT,
	report TEXT NOT NULL,
	file BLOB NOT NULL,
	CONSTRAINT pk_models PRIMARY KEY (version)
);

CREATE TABLE alarms (
	id INTEGER NOT NULL,
	detector TEXT NOT NULL,
	subject TEXT NOT NULL,
	network TEXT NOT NULL,
	at DATETIME NOT NULL,
	raised_at DATETIME NOT NULL,
	value FLOAT NOT NULL,
	expected FLOAT NOT NULL,
	severity INTEGER NOT NULL,
	crisis BOOLEAN NOT NULL,
	incident TEXT,
	verdict TEXT,
	decided_by TEXT,
	decided_at DATETIME,
	lead_minutes FLOAT, topic TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_alarms PRIMARY KEY (id)
);

CREATE TABLE author_names (
	name TEXT NOT NULL,
	author TEXT NOT NULL,
	CONSTRAINT pk_author_names PRIMARY KEY (name, author)
);

CREATE INDEX ix_author_names_author ON author_names (author);

CREATE TABLE ties (
	id INTEGER NOT NULL,
	one TEXT NOT NULL,
	other TEXT NOT NULL,
	state TEXT NOT NULL,
	confidence FLOAT NOT NULL,
	evidence TEXT NOT NULL,
	found_by TEXT NOT NULL,
	made_at DATETIME NOT NULL,
	decided_by TEXT,
	decided_at DATETIME,
	CONSTRAINT pk_ties PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_ties_pair ON ties (one, other);

CREATE INDEX ix_ties_other ON ties (other);

CREATE TABLE standings (
	author TEXT NOT NULL,
	network TEXT NOT NULL,
	influence FLOAT NOT NULL,
	parts TEXT NOT NULL,
	audience TEXT NOT NULL,
	as_of DATETIME NOT NULL,
	CONSTRAINT pk_standings PRIMARY KEY (author)
);

CREATE INDEX ix_standings_influence ON standings (network, influence);

CREATE TABLE lead_scores (
	author TEXT NOT NULL,
	network TEXT NOT NULL,
	fit FLOAT NOT NULL,
	behaviour FLOAT NOT NULL,
	chance FLOAT,
	found_by TEXT NOT NULL,
	as_of DATETIME NOT NULL,
	body TEXT NOT NULL,
	CONSTRAINT pk_lead_scores PRIMARY KEY (author)
);

CREATE INDEX ix_lead_scores_behaviour ON lead_scores (behaviour);

CREATE TABLE lead_outcomes (
	lead TEXT NOT NULL,
	won BOOLEAN NOT NULL,
	who TEXT NOT NULL,
	at DATETIME NOT NULL,
	CONSTRAINT pk_lead_outcomes PRIMARY KEY (lead)
);

CREATE UNIQUE INDEX uq_alarms_hour ON alarms (detector, subject, network, topic, at);

CREATE TABLE presses (
	id TEXT NOT NULL,
	destination TEXT NOT NULL,
	envelope TEXT NOT NULL,
	body TEXT NOT NULL,
	received_at DATETIME NOT NULL,
	done_at DATETIME,
	outcome TEXT,
	CONSTRAINT pk_presses PRIMARY KEY (id),
	CONSTRAINT uq_presses_destination_envelope UNIQUE (destination, envelope)
);

CREATE INDEX ix_presses_waiting ON presses (destination, done_at);

CREATE INDEX ix_outbox_object ON outbox (destination, object_id) WHERE object_id IS NOT NULL;

CREATE INDEX ix_standings_audience ON standings (audience, network, influence);

CREATE INDEX ix_measurements_name ON measurements (name, post, at);

CREATE INDEX ix_handoffs_begun ON handoffs (kind, created_at, network, visibility, team, route, subject, thing, begins) WHERE begins = 1;

CREATE TABLE latencies (
	hour DATETIME NOT NULL,
	network TEXT NOT NULL,
	segment TEXT NOT NULL,
	bucket INTEGER NOT NULL,
	count INTEGER NOT NULL,
	CONSTRAINT pk_latencies PRIMARY KEY (hour, network, segment, bucket)
)
 WITHOUT ROWID;

CREATE TABLE arrivals (
	hour DATETIME NOT NULL,
	watch TEXT NOT NULL,
	network TEXT NOT NULL,
	posts INTEGER NOT NULL,
	CONSTRAINT pk_arrivals PRIMARY KEY (hour, watch)
)
 WITHOUT ROWID;

CREATE TABLE forecasts (
	series TEXT NOT NULL,
	day DATETIME NOT NULL,
	made_at DATETIME NOT NULL,
	network TEXT NOT NULL,
	visibility TEXT NOT NULL,
	subject TEXT NOT NULL,
	method TEXT NOT NULL,
	expected FLOAT NOT NULL,
	low FLOAT NOT NULL,
	high FLOAT NOT NULL,
	CONSTRAINT pk_forecasts PRIMARY KEY (series, day, made_at, network, visibility, subject)
)
 WITHOUT ROWID;

CREATE TABLE reports (
	name TEXT NOT NULL,
	since DATETIME NOT NULL,
	until DATETIME NOT NULL,
	title TEXT NOT NULL,
	department TEXT NOT NULL,
	period TEXT NOT NULL,
	digest TEXT NOT NULL,
	partial BOOLEAN NOT NULL,
	made_at DATETIME NOT NULL,
	CONSTRAINT pk_reports PRIMARY KEY (name, since, until)
);

CREATE INDEX ix_reports_until ON reports (until);

CREATE INDEX ix_reports_digest ON reports (digest);

CREATE TABLE export_marks (
	id INTEGER NOT NULL,
	area TEXT NOT NULL,
	network TEXT NOT NULL,
	day TEXT NOT NULL,
	epoch BIGINT NOT NULL,
	CONSTRAINT pk_export_marks PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_export_marks_day ON export_marks (area, network, day, epoch);

CREATE TRIGGER export_posts_update AFTER update OF body, state, reason, gone ON posts BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'talk', NEW.network, substr(NEW.published_at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_posts_delete AFTER delete ON posts BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'talk', OLD.network, substr(OLD.published_at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_signals_update AFTER update OF body, audience ON signals BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'talk', p.network, substr(p.published_at, 1, 10), 0 FROM posts p WHERE p.key = NEW.post) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_signals_delete AFTER delete ON signals BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'talk', p.network, substr(p.published_at, 1, 10), 0 FROM posts p WHERE p.key = OLD.post) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_handoffs_update AFTER update OF body, team, route ON handoffs BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'work', substr(NEW.post, 1, instr(NEW.post, ':') - 1), substr(NEW.created_at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_handoffs_delete AFTER delete ON handoffs BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'work', substr(OLD.post, 1, instr(OLD.post, ':') - 1), substr(OLD.created_at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_outbox_update AFTER update OF state, outcome, object_id, url, reason ON outbox BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'work', substr(h.post, 1, instr(h.post, ':') - 1), substr(h.created_at, 1, 10), 0 FROM handoffs h WHERE h.id = NEW.handoff) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_outbox_delete AFTER delete ON outbox BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'work', substr(h.post, 1, instr(h.post, ':') - 1), substr(h.created_at, 1, 10), 0 FROM handoffs h WHERE h.id = OLD.handoff) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_tombstones_insert AFTER insert ON tombstones BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'talk', p.network, substr(p.published_at, 1, 10), 0 FROM posts p WHERE p.key = NEW.key UNION SELECT 'talk', p.network, substr(p.published_at, 1, 10), 0 FROM posts p WHERE p.author = NEW.key UNION SELECT 'work', substr(h.post, 1, instr(h.post, ':') - 1), substr(h.created_at, 1, 10), 0 FROM handoffs h WHERE h.post = NEW.key UNION SELECT 'work', substr(h.post, 1, instr(h.post, ':') - 1), substr(h.created_at, 1, 10), 0 FROM handoffs h WHERE h.author = NEW.key) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_tombstones_update AFTER update OF reason ON tombstones BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'talk', p.network, substr(p.published_at, 1, 10), 0 FROM posts p WHERE p.key = NEW.key UNION SELECT 'talk', p.network, substr(p.published_at, 1, 10), 0 FROM posts p WHERE p.author = NEW.key UNION SELECT 'work', substr(h.post, 1, instr(h.post, ':') - 1), substr(h.created_at, 1, 10), 0 FROM handoffs h WHERE h.post = NEW.key UNION SELECT 'work', substr(h.post, 1, instr(h.post, ':') - 1), substr(h.created_at, 1, 10), 0 FROM handoffs h WHERE h.author = NEW.key) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_tombstones_delete AFTER delete ON tombstones BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'talk', p.network, substr(p.published_at, 1, 10), 0 FROM posts p WHERE p.key = OLD.key UNION SELECT 'talk', p.network, substr(p.published_at, 1, 10), 0 FROM posts p WHERE p.author = OLD.key UNION SELECT 'work', substr(h.post, 1, instr(h.post, ':') - 1), substr(h.created_at, 1, 10), 0 FROM handoffs h WHERE h.post = OLD.key UNION SELECT 'work', substr(h.post, 1, instr(h.post, ':') - 1), substr(h.created_at, 1, 10), 0 FROM handoffs h WHERE h.author = OLD.key) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_observed_insert AFTER insert ON observed BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'seen', NEW.network, substr(NEW.since, 1, 10), 0  UNION SELECT 'seen', NEW.network, substr(NEW.until, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_observed_update AFTER update OF since, until ON observed BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'seen', NEW.network, substr(OLD.until, 1, 10), 0  UNION SELECT 'seen', NEW.network, substr(NEW.until, 1, 10), 0  UNION SELECT 'seen', NEW.network, substr(OLD.since, 1, 10), 0  WHERE NEW.since <> OLD.since UNION SELECT 'seen', NEW.network, substr(NEW.since, 1, 10), 0  WHERE NEW.since <> OLD.since) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_observed_delete AFTER delete ON observed BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'seen', OLD.network, substr(OLD.since, 1, 10), 0  UNION SELECT 'seen', OLD.network, substr(OLD.until, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_incidents_insert AFTER insert ON incidents BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(NEW.opened_at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_incidents_update AFTER update OF severity, count, last_at, resolved_at, acknowledged_at, verdict ON incidents BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(NEW.opened_at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_incidents_delete AFTER delete ON incidents BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(OLD.opened_at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_measurements_insert AFTER insert ON measurements BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(NEW.at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_measurements_update AFTER update OF value ON measurements BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(NEW.at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_measurements_delete AFTER delete ON measurements BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(OLD.at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_alarms_insert AFTER insert ON alarms BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(NEW.at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_alarms_update AFTER update OF verdict, incident ON alarms BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(NEW.at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TRIGGER export_alarms_delete AFTER delete ON alarms BEGIN INSERT INTO export_marks (area, network, day, epoch) SELECT * FROM (SELECT 'event', '', substr(OLD.at, 1, 10), 0 ) WHERE true ON CONFLICT DO NOTHING; END;

CREATE TABLE sums (
	network TEXT NOT NULL,
	thing TEXT NOT NULL,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	number INTEGER NOT NULL,
	CONSTRAINT pk_sums PRIMARY KEY (network, thing, state, reason)
)
 WITHOUT ROWID;

CREATE INDEX ix_batches_damaged ON batches (id) WHERE state = 'quarantined';

CREATE INDEX ix_ties_state ON ties (state, confidence);

CREATE INDEX ix_handoffs_run ON handoffs (run, created_at);

CREATE TABLE quota_stops (
	watch TEXT NOT NULL,
	since DATETIME NOT NULL,
	network TEXT NOT NULL,
	until DATETIME NOT NULL,
	CONSTRAINT pk_quota_stops PRIMARY KEY (watch, since)
)
 WITHOUT ROWID;

CREATE TABLE latency_days (
	day DATETIME NOT NULL,
	network TEXT NOT NULL,
	segment TEXT NOT NULL,
	bucket INTEGER NOT NULL,
	count INTEGER NOT NULL,
	CONSTRAINT pk_latency_days PRIMARY KEY (day, network, segment, bucket)
)
 WITHOUT ROWID;

CREATE INDEX ix_budget_uses_at ON budget_uses (at, name, cost);

CREATE TABLE rollups (
	at INTEGER NOT NULL,
	network TEXT NOT NULL,
	subject TEXT NOT NULL,
	topic TEXT NOT NULL,
	posts INTEGER NOT NULL,
	negative INTEGER NOT NULL,
	crisis INTEGER NOT NULL,
	CONSTRAINT pk_rollups PRIMARY KEY (at, network, subject, topic)
)
 WITHOUT ROWID;

CREATE INDEX ix_posts_published ON posts (published_at, id, reason);

CREATE TABLE talk (
	hours INTEGER NOT NULL,
	audience TEXT NOT NULL,
	named INTEGER NOT NULL,
	at INTEGER NOT NULL,
	network TEXT NOT NULL,
	subjects TEXT NOT NULL,
	posts INTEGER NOT NULL,
	reshares INTEGER NOT NULL,
	positive INTEGER NOT NULL,
	negative INTEGER NOT NULL,
	counted INTEGER NOT NULL,
	likes INTEGER NOT NULL,
	shares INTEGER NOT NULL,
	replies INTEGER NOT NULL,
	quotes INTEGER NOT NULL,
	viewed INTEGER NOT NULL,
	views INTEGER NOT NULL,
	viewed_engagement INTEGER NOT NULL,
	viewed_shares INTEGER NOT NULL,
	followed INTEGER NOT NULL,
	followers INTEGER NOT NULL,
	followed_engagement INTEGER NOT NULL,
	followed_shares INTEGER NOT NULL,
	CONSTRAINT pk_talk PRIMARY KEY (hours, audience, named, at, network, subjects)
)
 WITHOUT ROWID;

CREATE TABLE themes (
	hours INTEGER NOT NULL,
	dimension TEXT NOT NULL,
	named INTEGER NOT NULL,
	at INTEGER NOT NULL,
	network TEXT NOT NULL,
	subjects TEXT NOT NULL,
	theme TEXT NOT NULL,
	posts INTEGER NOT NULL,
	positive INTEGER NOT NULL,
	negative INTEGER NOT NULL,
	CONSTRAINT pk_themes PRIMARY KEY (hours, dimension, named, at, network, subjects, theme)
)
 WITHOUT ROWID;

CREATE INDEX ix_posts_author ON posts (author, published_at);

CREATE INDEX ix_handoffs_author ON handoffs (author, kind, "key", created_at, id);

INSERT INTO hub_alembic_version VALUES ('0030');
