-- Passkeys, security keys and second factors: credentials, challenges, one-time password secrets, recovery codes, trusted
-- devices, budgets of guesses.
--
-- PostgreSQL. Same tables, columns and indexes by name as the SQLite migration of this number.

-- Passkeys and security keys.
CREATE TABLE webauthn_credentials (
    tenant_id uuid NOT NULL,
    id bytea NOT NULL CHECK (length(id) BETWEEN 1 AND 1023), -- credential id, chosen by the authenticator
    user_id uuid NOT NULL,
    user_handle bytea, -- what the authenticator calls the user, if that is not the user id (imported credentials)
    public_key bytea NOT NULL, -- COSE key
    attestation_format text NOT NULL, -- format of the statement it was registered with
    aaguid uuid NOT NULL, -- model of the authenticator; zeros if unknown
    sign_count bigint NOT NULL, -- last signature counter; 0 if the authenticator does not count
    transports jsonb NOT NULL, -- how the authenticator is reached, JSON list
    name text, -- label
    mfa_only boolean NOT NULL, -- a security key, second factor only; otherwise a passkey
    backup_eligible boolean, -- may be copied to other devices; null if not known (imported)
    backup_state boolean, -- is copied to other devices; null if not known (imported)
    user_verified boolean NOT NULL, -- the authenticator once verified its user
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, -- last change by the user; uses do not count
    last_used_at timestamptz,
    PRIMARY KEY (id, tenant_id), -- in this order, so that nobody looks for a user by walking through the tenant
    CHECK ((backup_eligible IS NULL) = (backup_state IS NULL)),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- Challenges of ceremonies with authenticators, each good for one verification; consumed ones stay until they expire, so that a
-- replay is told from an expired one. Never in an unlogged table. Without foreign key to users: at registration the user does
-- not exist yet.
CREATE TABLE webauthn_challenges (
    tenant_id uuid NOT NULL,
    challenge bytea NOT NULL CHECK (length(challenge) = 32), -- random bytes, what the row is found by
    flow_id uuid, -- the flow it belongs to, whose row may not exist yet; null outside of flows
    user_id uuid, -- whose ceremony it is; null if the credential tells
    operation text NOT NULL CHECK (operation IN ('registration', 'authentication')),
    kind text NOT NULL, -- what the ceremony is good for
    user_verification text NOT NULL, -- required, preferred, discouraged
    allowed_credentials bytea, -- ids, each after its length in two bytes; null if any credential may answer
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz, -- when it was used, whatever came of it
    PRIMARY KEY (challenge, tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

-- Secrets of one-time password apps; at most one per user.
CREATE TABLE otp_secrets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    sealed bytea NOT NULL, -- secret, sealed
    last_step bigint NOT NULL, -- time step of the last accepted password; only later ones are accepted
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL, -- last change, uses included
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- Recovery codes, each good for one sign-in without the second factor.
CREATE TABLE recovery_codes (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    code_mac bytea NOT NULL CHECK (length(code_mac) = 32), -- MAC of the code, never the code
    created_at timestamptz NOT NULL,
    used_at timestamptz, -- when it was used up
    PRIMARY KEY (tenant_id, user_id, code_mac),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- Devices on which a user is not asked for a second factor.
CREATE TABLE trusted_devices (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32), -- SHA-256 of the token in the cookie, never the token
    user_agent text, -- of the browser that was trusted, cut to 255 characters
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

-- Guesses at second factors, counted per user and method; never in an unlogged table.
CREATE TABLE second_factor_attempts (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    method text NOT NULL, -- whose budget it is: one-time password, recovery code, ...
    attempts bigint NOT NULL, -- attempts taken in this window
    expires_at timestamptz NOT NULL, -- end of the window
    PRIMARY KEY (tenant_id, user_id, method),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

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

COMMENT ON COLUMN webauthn_credentials.id IS 'credential id, chosen by the authenticator';
COMMENT ON COLUMN webauthn_credentials.user_handle IS 'what the authenticator calls the user, if that is not the user id (imported credentials)';
COMMENT ON COLUMN webauthn_credentials.public_key IS 'COSE key';
COMMENT ON COLUMN webauthn_credentials.attestation_format IS 'format of the statement it was registered with';
COMMENT ON COLUMN webauthn_credentials.aaguid IS 'model of the authenticator; zeros if unknown';
COMMENT ON COLUMN webauthn_credentials.sign_count IS 'last signature counter; 0 if the authenticator does not count';
COMMENT ON COLUMN webauthn_credentials.transports IS 'how the authenticator is reached, JSON list';
COMMENT ON COLUMN webauthn_credentials.name IS 'label';
COMMENT ON COLUMN webauthn_credentials.mfa_only IS 'a security key, second factor only; otherwise a passkey';
COMMENT ON COLUMN webauthn_credentials.backup_eligible IS 'may be copied to other devices; null if not known (imported)';
COMMENT ON COLUMN webauthn_credentials.backup_state IS 'is copied to other devices; null if not known (imported)';
COMMENT ON COLUMN webauthn_credentials.user_verified IS 'the authenticator once verified its user';
COMMENT ON COLUMN webauthn_credentials.updated_at IS 'last change by the user; uses do not count';
COMMENT ON TABLE webauthn_credentials IS 'Passkeys and security keys';
COMMENT ON COLUMN webauthn_challenges.challenge IS 'random bytes, what the row is found by';
COMMENT ON COLUMN webauthn_challenges.flow_id IS 'the flow it belongs to, whose row may not exist yet; null outside of flows';
COMMENT ON COLUMN webauthn_challenges.user_id IS 'whose ceremony it is; null if the credential tells';
COMMENT ON COLUMN webauthn_challenges.kind IS 'what the ceremony is good for';
COMMENT ON COLUMN webauthn_challenges.user_verification IS 'required, preferred, discouraged';
COMMENT ON COLUMN webauthn_challenges.allowed_credentials IS 'ids, each after its length in two bytes; null if any credential may answer';
COMMENT ON COLUMN webauthn_challenges.consumed_at IS 'when it was used, whatever came of it';
COMMENT ON TABLE webauthn_challenges IS 'Challenges of ceremonies with authenticators, each good for one verification; consumed ones stay until they expire, so that a replay is told from an expired one. Never in an unlogged table. Without foreign key to users: at registration the user does not exist yet';
COMMENT ON COLUMN otp_secrets.sealed IS 'secret, sealed';
COMMENT ON COLUMN otp_secrets.last_step IS 'time step of the last accepted password; only later ones are accepted';
COMMENT ON COLUMN otp_secrets.updated_at IS 'last change, uses included';
COMMENT ON TABLE otp_secrets IS 'Secrets of one-time password apps; at most one per user';
COMMENT ON COLUMN recovery_codes.code_mac IS 'MAC of the code, never the code';
COMMENT ON COLUMN recovery_codes.used_at IS 'when it was used up';
COMMENT ON TABLE recovery_codes IS 'Recovery codes, each good for one sign-in without the second factor';
COMMENT ON COLUMN trusted_devices.token_hash IS 'SHA-256 of the token in the cookie, never the token';
COMMENT ON COLUMN trusted_devices.user_agent IS 'of the browser that was trusted, cut to 255 characters';
COMMENT ON TABLE trusted_devices IS 'Devices on which a user is not asked for a second factor';
COMMENT ON COLUMN second_factor_attempts.method IS 'whose budget it is: one-time password, recovery code, ...';
COMMENT ON COLUMN second_factor_attempts.attempts IS 'attempts taken in this window';
COMMENT ON COLUMN second_factor_attempts.expires_at IS 'end of the window';
COMMENT ON TABLE second_factor_attempts IS 'Guesses at second factors, counted per user and method; never in an unlogged table';
COMMENT ON INDEX webauthn_credentials_user_idx IS 'credentials of a user, passkeys and security keys counted apart; removal of a user';
COMMENT ON INDEX webauthn_challenges_expires_idx IS 'cleanup';
COMMENT ON INDEX otp_secrets_user_key IS 'at most one secret per user';
COMMENT ON INDEX trusted_devices_token_key IS 'a token is used once; the device by its cookie';
COMMENT ON INDEX trusted_devices_user_idx IS 'devices of a user by age, removal of a user';
COMMENT ON INDEX trusted_devices_expires_idx IS 'cleanup';
COMMENT ON INDEX second_factor_attempts_expires_idx IS 'cleanup';
