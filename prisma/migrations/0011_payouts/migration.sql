-- Money out: who may be paid, where to, what was requested, approved, sent, paid, failed or returned.

-- What the host or the processor says of a payee; the newest row counts.
CREATE TABLE payee (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id      bigint NOT NULL REFERENCES account,
  tax_profile     text NOT NULL CHECK (tax_profile IN ('missing', 'complete')),
  payee_check     text NOT NULL CHECK (payee_check IN ('missing', 'passed', 'failed')),
  payouts_enabled boolean NOT NULL,
  withholding_ppm integer NOT NULL DEFAULT 0 CHECK (withholding_ppm BETWEEN 0 AND 1000000),
  source          text NOT NULL,
  effective_from  timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor
);
CREATE INDEX payee_account ON payee (account_id, id);

-- The destination itself is sealed in its erasable body; its keyed hash is what is compared.
CREATE TABLE payout_destination (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id      bigint NOT NULL REFERENCES account,
  method          text NOT NULL CHECK (method IN ('bank', 'stripe')),
  fingerprint     bytea NOT NULL,
  usable_from     timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor,
  retired_at      timestamptz
);
COMMENT ON COLUMN payout_destination.usable_from IS 'The first destination at once; a changed one after its waiting time.';
CREATE UNIQUE INDEX payout_destination_current ON payout_destination (account_id, method) WHERE retired_at IS NULL;
CREATE TABLE payout_destination_body (
  destination_id  bigint PRIMARY KEY REFERENCES payout_destination,
  shown_as        text NOT NULL,
  sealed          bytea NOT NULL,
  sealed_key_id   integer NOT NULL
);

-- One file or one run of an adapter; made by one person, released by another.
CREATE TABLE payout_batch (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  method        text NOT NULL CHECK (method IN ('bank', 'stripe')),
  state         text NOT NULL CHECK (state IN ('made', 'sent', 'closed')),
  file_digest   bytea,
  made_by       bigint NOT NULL REFERENCES actor,
  made_at       timestamptz NOT NULL,
  released_by   bigint REFERENCES actor,
  sent_at       timestamptz,
  CHECK (released_by IS DISTINCT FROM made_by OR released_by IS NULL)
);

CREATE TABLE payout (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  natural_key     bytea NOT NULL UNIQUE,
  program_id      bigint NOT NULL REFERENCES program,
  account_id      bigint NOT NULL REFERENCES account,
  destination_id  bigint NOT NULL REFERENCES payout_destination,
  method          text NOT NULL CHECK (method IN ('bank', 'stripe')),
  asset           text NOT NULL REFERENCES asset,
  gross           bigint NOT NULL CHECK (gross > 0),
  withheld        bigint NOT NULL DEFAULT 0 CHECK (withheld >= 0),
  fee             bigint NOT NULL DEFAULT 0 CHECK (fee >= 0),
  state           text NOT NULL CHECK (state IN ('requested', 'approved', 'in_transit', 'paid', 'failed', 'returned', 'cancelled')),
  reason          text,
  check_id        text,
  batch_id        bigint REFERENCES payout_batch,
  external_reference text,
  requested_by    bigint NOT NULL REFERENCES actor,
  requested_at    timestamptz NOT NULL,
  approved_by     bigint REFERENCES actor,
  approved_at     timestamptz,
  ended_at        timestamptz,
  version         integer NOT NULL DEFAULT 1,
  CHECK (gross >= withheld + fee),
  CHECK (approved_by IS DISTINCT FROM requested_by OR approved_by IS NULL)
);
CREATE INDEX payout_account ON payout (account_id, id);
CREATE INDEX payout_open ON payout (state, id) WHERE state IN ('requested', 'approved', 'in_transit');

-- What happened to a payout, in order; also the memory of the processor's own events, so that each counts once.
CREATE TABLE payout_event (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payout_id     bigint REFERENCES payout,
  external_id   text UNIQUE,
  kind          text NOT NULL,
  transfer_id   bigint REFERENCES transfer,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor
);
CREATE INDEX payout_event_payout ON payout_event (payout_id);
CREATE TRIGGER payout_event_append_only BEFORE UPDATE OR DELETE ON payout_event FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Debt that is given up needs two persons; a won dispute or appeal restores it.
CREATE TABLE write_off (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id    bigint NOT NULL REFERENCES account,
  rebate_id     bigint NOT NULL REFERENCES rebate,
  asset         text NOT NULL REFERENCES asset,
  amount        bigint NOT NULL CHECK (amount > 0),
  reason        text NOT NULL CHECK (reason IN ('old', 'small')),
  proposed_by   bigint NOT NULL REFERENCES actor,
  proposed_at   timestamptz NOT NULL,
  approved_by   bigint REFERENCES actor,
  approved_at   timestamptz,
  transfer_id   bigint REFERENCES transfer,
  restored_by   bigint REFERENCES transfer,
  CHECK (approved_by IS DISTINCT FROM proposed_by)
);
CREATE UNIQUE INDEX write_off_open ON write_off (rebate_id) WHERE approved_by IS NULL;

GRANT SELECT, INSERT ON payee, payout_destination, payout_destination_body, payout_batch, payout, payout_event, write_off TO ringfence_app;
GRANT UPDATE (retired_at) ON payout_destination TO ringfence_app;
GRANT UPDATE (state, file_digest, released_by, sent_at) ON payout_batch TO ringfence_app;
GRANT UPDATE (withheld, fee, state, reason, batch_id, external_reference, approved_by, approved_at, ended_at, version) ON payout TO ringfence_app;
GRANT UPDATE (approved_by, approved_at, transfer_id, restored_by) ON write_off TO ringfence_app;
GRANT DELETE ON payout_destination_body TO ringfence_app;
