-- What a first sign-in needs: accounts, passwords, one-time codes, flows, sessions, signing keys, audit, outbox.
--
-- SQLite. Same tables, columns and indexes by name as the PostgreSQL migration of this number.
-- Ids are 16 bytes, times microseconds since 1970-01-01 UTC, booleans 0 or 1, JSON is text.

-- A customer of the installation; without multi-tenancy only the default tenant.
CREATE TABLE tenants (
    id BLOB NOT NULL, -- tenant id
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- Facts about the installation, not about a tenant.
CREATE TABLE meta (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;

-- Accounts; everything of a person belongs to one and is removed with it. The tenant is part of the key, so that no foreign
-- key can cross tenants.
CREATE TABLE users (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL, -- sub of session tokens
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, -- last change of the account or of something of it
    name TEXT, -- profile, from an identity provider
    given_name TEXT, -- profile
    family_name TEXT, -- profile
    picture TEXT, -- profile, URL
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- E-mail addresses.
CREATE TABLE emails (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    address TEXT NOT NULL, -- normalised by the application, compared byte by byte
    verified INTEGER NOT NULL CHECK (verified IN (0, 1)), -- the user proved to receive mail there
    is_primary INTEGER NOT NULL CHECK (is_primary IN (0, 1)), -- the primary address; at most one per user
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- User names; at most one per user.
CREATE TABLE usernames (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    username TEXT NOT NULL, -- normalised by the application, compared byte by byte
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Password hashes; at most one per user.
CREATE TABLE passwords (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    hash TEXT NOT NULL, -- PHC or modular crypt format
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One-time codes sent by mail; never kept in an unlogged table, because the attempt budget must survive a crash.
CREATE TABLE passcodes (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    flow_id BLOB NOT NULL, -- the flow it was sent in; that row may not exist yet
    user_id BLOB, -- null if no account has the address
    address TEXT NOT NULL,
    kind TEXT NOT NULL, -- what the code is good for
    code_mac BLOB NOT NULL, -- MAC of the code, never the code
    attempts INTEGER NOT NULL, -- attempts taken
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Flows in progress and, until they expire, finished ones.
CREATE TABLE flows (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL, -- time-ordered
    kind TEXT NOT NULL, -- which flow
    state TEXT NOT NULL, -- name of the current state
    version INTEGER NOT NULL, -- number of actions; compared before each update
    csrf_token TEXT NOT NULL, -- what the next action must carry
    data BLOB NOT NULL, -- what the flow remembers, sealed
    last_request BLOB, -- fingerprint of the last action
    last_answer BLOB, -- answer to the last action, sealed
    last_answer_until INTEGER, -- until when that answer may be repeated
    finished INTEGER NOT NULL CHECK (finished IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT;

-- Sessions.
CREATE TABLE sessions (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL, -- session_id of session tokens
    user_id BLOB NOT NULL,
    user_agent TEXT, -- cut to 255 characters
    ip_address TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used INTEGER NOT NULL, -- written at intervals, not at every use
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Keys that sign session tokens; the highest id of a tenant is the newest.
CREATE TABLE signing_keys (
    tenant_id BLOB NOT NULL,
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kid TEXT NOT NULL, -- key id in tokens and in the published key set
    algorithm TEXT NOT NULL, -- alg of tokens
    sealed BLOB NOT NULL, -- private key, sealed
    created_at INTEGER NOT NULL,
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT;

-- What happened; without foreign key to users, because records survive the user.
CREATE TABLE audit_records (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL, -- name of the event
    error TEXT, -- why it failed
    request_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    actor_user_id BLOB,
    actor_email TEXT,
    details TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT;

-- Mails and webhooks to be sent, written in the transaction that causes them.
CREATE TABLE outbox (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL, -- time-ordered
    kind TEXT NOT NULL, -- mail, webhook, ...
    priority INTEGER NOT NULL, -- smaller numbers first
    payload BLOB NOT NULL, -- sealed; empty once finished
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up')), -- pending, delivered, given_up
    attempts INTEGER NOT NULL, -- how often it was claimed
    leased_until INTEGER, -- claimed until then, or due again from then on
    last_error TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, -- of no use from then on
    finished_at INTEGER, -- when it was delivered or given up
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT;

-- Sign-in by address; an address belongs to one account.
CREATE UNIQUE INDEX emails_address_key ON emails (tenant_id, address);
-- At most one primary address per user.
CREATE UNIQUE INDEX emails_primary_key ON emails (tenant_id, user_id) WHERE is_primary;
-- Addresses of a user, removal of a user.
CREATE INDEX emails_user_idx ON emails (tenant_id, user_id);
-- Sign-in by user name; a name belongs to one account.
CREATE UNIQUE INDEX usernames_username_key ON usernames (tenant_id, username);
-- At most one name per user.
CREATE UNIQUE INDEX usernames_user_key ON usernames (tenant_id, user_id);
-- At most one password per user.
CREATE UNIQUE INDEX passwords_user_key ON passwords (tenant_id, user_id);
-- Removal of a user.
CREATE INDEX passcodes_user_idx ON passcodes (tenant_id, user_id);
-- Cleanup.
CREATE INDEX passcodes_expires_idx ON passcodes (expires_at);
-- Cleanup.
CREATE INDEX flows_expires_idx ON flows (expires_at);
-- Sessions of a user by age, removal of a user.
CREATE INDEX sessions_user_idx ON sessions (tenant_id, user_id, created_at);
-- Cleanup.
CREATE INDEX sessions_expires_idx ON sessions (expires_at);
-- A key id is used once.
CREATE UNIQUE INDEX signing_keys_kid_key ON signing_keys (tenant_id, kid);
-- Newest records of a tenant.
CREATE INDEX audit_records_created_idx ON audit_records (tenant_id, created_at);
-- Cleanup.
CREATE INDEX audit_records_age_idx ON audit_records (created_at);
-- Records of a user.
CREATE INDEX audit_records_user_idx ON audit_records (actor_user_id);
-- Claiming in order.
CREATE INDEX outbox_pending_idx ON outbox (priority, id) WHERE state = 'pending';
-- Newest messages of a tenant.
CREATE INDEX outbox_tenant_idx ON outbox (tenant_id, id);
-- Cleanup.
CREATE INDEX outbox_expires_idx ON outbox (expires_at);
-- Cleanup of finished messages.
CREATE INDEX outbox_finished_idx ON outbox (finished_at) WHERE finished_at IS NOT NULL;

-- The default tenant.
INSERT INTO tenants (id, created_at, updated_at)
VALUES (x'00000000000000000000000000000001', 1767225600000000, 1767225600000000);
