-- Accounts, identifiers, observations and events: facts from the platform. External ids and bodies sit in erasable side rows.
-- Log readers take rows with xid below pg_snapshot_xmin(pg_current_snapshot()), ordered by (xid, id): sequence order is not commit order.

CREATE TABLE source (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name  text NOT NULL UNIQUE
);

-- One request or one import: who brought the facts in, and when they were recorded.
CREATE TABLE batch (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source_id   bigint NOT NULL REFERENCES source,
  actor_id    bigint NOT NULL REFERENCES actor,
  kind        text NOT NULL CHECK (kind IN ('import', 'api', 'generated')),
  recorded_at timestamptz NOT NULL,
  latest_at   timestamptz
);
COMMENT ON COLUMN batch.latest_at IS 'The latest time that any fact of the batch states.';

CREATE TABLE account (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  identity_digest   bytea NOT NULL,
  occurred_at       timestamptz,
  recorded_at       timestamptz NOT NULL,
  status            text NOT NULL DEFAULT 'active',
  organisation_hash bytea,
  parent_id         bigint REFERENCES account,
  batch_id          bigint NOT NULL REFERENCES batch,
  xid               xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX account_log ON account (xid, id);

CREATE TABLE account_identity (
  account_id  bigint PRIMARY KEY REFERENCES account,
  salt        bytea NOT NULL,
  external_id text NOT NULL UNIQUE,
  country     text
);

-- One value of one kind as a keyed hash; what needs the raw value was computed at the door.
CREATE TABLE identifier (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind          text NOT NULL,
  hash          bytea NOT NULL CHECK (octet_length(hash) = 16),
  key_id        integer NOT NULL,
  flags         integer NOT NULL DEFAULT 0,
  model         text,
  attributes    jsonb NOT NULL DEFAULT '{}',
  list_version  text,
  sealed        bytea,
  sealed_key_id integer,
  recorded_at   timestamptz NOT NULL,
  UNIQUE (kind, hash)
);

CREATE TABLE observation (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id    bigint NOT NULL REFERENCES account,
  identifier_id bigint NOT NULL REFERENCES identifier,
  context       text NOT NULL DEFAULT '',
  occurred_at   timestamptz,
  recorded_at   timestamptz NOT NULL,
  batch_id      bigint NOT NULL REFERENCES batch,
  xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
  UNIQUE NULLS NOT DISTINCT (account_id, identifier_id, context, occurred_at)
);
CREATE INDEX observation_identifier ON observation (identifier_id, account_id);
CREATE INDEX observation_log ON observation (xid, id);

-- A fact from the platform; unique for ever by the keyed digest of (source, event id). Money in the asset's smallest unit.
CREATE TABLE event (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  natural_key       bytea NOT NULL UNIQUE,
  content_digest    bytea NOT NULL,
  type              text NOT NULL CHECK (type IN ('signup', 'recharge', 'payment', 'spend', 'refund', 'dispute_opened',
                      'dispute_won', 'chargeback', 'login', 'track_change', 'account_closed', 'payout_destination_changed')),
  account_id        bigint NOT NULL REFERENCES account,
  original_key      bytea,
  amount            bigint CHECK (amount >= 0),
  asset             text,
  excluded          bigint NOT NULL DEFAULT 0 CHECK (excluded >= 0),
  funded_by         text NOT NULL DEFAULT 'paid' CHECK (funded_by IN ('paid', 'reward', 'credit', 'code', 'staff')),
  period_unit       text,
  period_count      integer,
  item_hash         bytea,
  occurred_at       timestamptz NOT NULL,
  recorded_at       timestamptz NOT NULL,
  effective_at      timestamptz NOT NULL,
  batch_id          bigint NOT NULL REFERENCES batch,
  xid               xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CHECK ((amount IS NULL) = (asset IS NULL)),
  CHECK (excluded = 0 OR excluded <= amount)
);
COMMENT ON COLUMN event.excluded IS 'Tax, discount, coupon and bonus: the part of amount that was not money received.';
CREATE INDEX event_account ON event (account_id, occurred_at);
CREATE INDEX event_original ON event (original_key) WHERE original_key IS NOT NULL;
CREATE INDEX event_log ON event (xid, id);
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE event_body (
  event_id  bigint PRIMARY KEY REFERENCES event,
  salt      bytea NOT NULL,
  body      jsonb NOT NULL
);
