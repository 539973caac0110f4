-- Who acts, with which keys, and the chain of what was done. Everything later names an actor.

-- Roles are shared by the whole server: another database of it may have made this one already.
DO $$
BEGIN
  CREATE ROLE ringfence_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'RF900';
END $$;

-- A person, an API key, a job or the system itself. Display names of people live in erasable rows of their own.
CREATE TABLE actor (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text NOT NULL CHECK (kind IN ('person', 'key', 'job', 'system')),
  name        text NOT NULL,
  created_at  timestamptz NOT NULL,
  UNIQUE (kind, name)
);
INSERT INTO actor (kind, name, created_at) VALUES ('system', 'ringfence', '2026-01-01T00:00:00Z');

-- One row per key that this database was written with: a start with another key is refused.
CREATE TABLE key_check (
  purpose     text NOT NULL,
  key_id      integer NOT NULL,
  digest      bytea NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (purpose, key_id)
);

CREATE TABLE api_key (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  actor_id    bigint NOT NULL REFERENCES actor,
  prefix      text NOT NULL UNIQUE,
  digest      bytea NOT NULL,
  scopes      text[] NOT NULL CHECK (cardinality(scopes) > 0),
  program_id  bigint,
  created_by  bigint NOT NULL REFERENCES actor,
  created_at  timestamptz NOT NULL,
  expires_at  timestamptz,
  revoked_at  timestamptz
);

-- The audit chain: hash = HMAC(key, previous hash, sequence, canonical row). Internal ids and digests only.
CREATE TABLE act (
  sequence      bigint PRIMARY KEY,
  actor_id      bigint NOT NULL REFERENCES actor,
  kind          text NOT NULL,
  object_kind   text NOT NULL,
  object_id     text NOT NULL,
  before_digest bytea,
  after_digest  bytea,
  body_digest   bytea,
  reason        text,
  recorded_at   timestamptz NOT NULL,
  key_id        integer NOT NULL,
  previous_hash bytea NOT NULL,
  hash          bytea NOT NULL UNIQUE
);
CREATE TRIGGER act_append_only BEFORE UPDATE OR DELETE ON act FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER act_no_truncate BEFORE TRUNCATE ON act FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What an act said in words and values; erasable, bound to its act by a salted digest.
CREATE TABLE act_body (
  sequence  bigint PRIMARY KEY REFERENCES act,
  salt      bytea NOT NULL,
  body      jsonb NOT NULL
);

-- The first answer to a caller's key, kept to be given again byte for byte.
CREATE TABLE idempotency_record (
  actor_id    bigint NOT NULL REFERENCES actor,
  route       text NOT NULL,
  key_digest  bytea NOT NULL,
  body_digest bytea NOT NULL,
  status      smallint NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (actor_id, route, key_digest)
);
CREATE INDEX idempotency_record_age ON idempotency_record (recorded_at);
CREATE TABLE idempotency_answer (
  actor_id    bigint NOT NULL,
  route       text NOT NULL,
  key_digest  bytea NOT NULL,
  answer      text NOT NULL,
  PRIMARY KEY (actor_id, route, key_digest),
  FOREIGN KEY (actor_id, route, key_digest) REFERENCES idempotency_record ON DELETE CASCADE
);
