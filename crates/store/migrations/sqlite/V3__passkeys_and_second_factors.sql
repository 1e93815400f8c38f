-- Passkeys, security keys and second factors: credentials, challenges, one-time password secrets, recovery codes, trusted
-- devices, budgets of guesses.
--
-- SQLite. Same tables, columns and indexes by name as the PostgreSQL migration of this number.

-- Passkeys and security keys.
CREATE TABLE webauthn_credentials (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL CHECK (length(id) BETWEEN 1 AND 1023), -- credential id, chosen by the authenticator
    user_id BLOB NOT NULL,
    user_handle BLOB, -- what the authenticator calls the user, if that is not the user id (imported credentials)
    public_key BLOB NOT NULL, -- COSE key
    attestation_format TEXT NOT NULL, -- format of the statement it was registered with
    aaguid BLOB NOT NULL, -- model of the authenticator; zeros if unknown
    sign_count INTEGER NOT NULL, -- last signature counter; 0 if the authenticator does not count
    transports TEXT NOT NULL, -- how the authenticator is reached, JSON list
    name TEXT, -- label
    mfa_only INTEGER NOT NULL CHECK (mfa_only IN (0, 1)), -- a security key, second factor only; otherwise a passkey
    backup_eligible INTEGER CHECK (backup_eligible IN (0, 1)), -- may be copied to other devices; null if not known (imported)
    backup_state INTEGER CHECK (backup_state IN (0, 1)), -- is copied to other devices; null if not known (imported)
    user_verified INTEGER NOT NULL CHECK (user_verified IN (0, 1)), -- the authenticator once verified its user
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, -- last change by the user; uses do not count
    last_used_at INTEGER,
    PRIMARY KEY (id, tenant_id), -- in this order, so that nobody looks for a user by walking through the tenant
    CHECK ((backup_eligible IS NULL) = (backup_state IS NULL)),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Challenges of ceremonies with authenticators, each good for one verification; consumed ones stay until they expire, so that a
-- replay is told from an expired one. Never in an unlogged table. Without foreign key to users: at registration the user does
-- not exist yet.
CREATE TABLE webauthn_challenges (
    tenant_id BLOB NOT NULL,
    challenge BLOB NOT NULL CHECK (length(challenge) = 32), -- random bytes, what the row is found by
    flow_id BLOB, -- the flow it belongs to, whose row may not exist yet; null outside of flows
    user_id BLOB, -- whose ceremony it is; null if the credential tells
    operation TEXT NOT NULL CHECK (operation IN ('registration', 'authentication')),
    kind TEXT NOT NULL, -- what the ceremony is good for
    user_verification TEXT NOT NULL, -- required, preferred, discouraged
    allowed_credentials BLOB, -- ids, each after its length in two bytes; null if any credential may answer
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    consumed_at INTEGER, -- when it was used, whatever came of it
    PRIMARY KEY (challenge, tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Secrets of one-time password apps; at most one per user.
CREATE TABLE otp_secrets (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    sealed BLOB NOT NULL, -- secret, sealed
    last_step INTEGER NOT NULL, -- time step of the last accepted password; only later ones are accepted
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, -- last change, uses included
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Recovery codes, each good for one sign-in without the second factor.
CREATE TABLE recovery_codes (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    code_mac BLOB NOT NULL CHECK (length(code_mac) = 32), -- MAC of the code, never the code
    created_at INTEGER NOT NULL,
    used_at INTEGER, -- when it was used up
    PRIMARY KEY (tenant_id, user_id, code_mac),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Devices on which a user is not asked for a second factor.
CREATE TABLE trusted_devices (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    token_hash BLOB NOT NULL CHECK (length(token_hash) = 32), -- SHA-256 of the token in the cookie, never the token
    user_agent TEXT, -- of the browser that was trusted, cut to 255 characters
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Guesses at second factors, counted per user and method; never in an unlogged table.
CREATE TABLE second_factor_attempts (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    method TEXT NOT NULL, -- whose budget it is: one-time password, recovery code, ...
    attempts INTEGER NOT NULL, -- attempts taken in this window
    expires_at INTEGER NOT NULL, -- end of the window
    PRIMARY KEY (tenant_id, user_id, method),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Credentials of a user, passkeys and security keys counted apart; removal of a user.
CREATE INDEX webauthn_credentials_user_idx ON webauthn_credentials (tenant_id, user_id, mfa_only);
-- Cleanup.
CREATE INDEX webauthn_challenges_expires_idx ON webauthn_challenges (expires_at);
-- At most one secret per user.
CREATE UNIQUE INDEX otp_secrets_user_key ON otp_secrets (tenant_id, user_id);
-- A token is used once; the device by its cookie.
CREATE UNIQUE INDEX trusted_devices_token_key ON trusted_devices (tenant_id, token_hash);
-- Devices of a user by age, removal of a user.
CREATE INDEX trusted_devices_user_idx ON trusted_devices (tenant_id, user_id, created_at);
-- Cleanup.
CREATE INDEX trusted_devices_expires_idx ON trusted_devices (expires_at);
-- Cleanup.
CREATE INDEX second_factor_attempts_expires_idx ON second_factor_attempts (expires_at);
