-- Money out: who may be paid, where to, what was requested, approved, sent, paid, failed or returned; and debts that are given up.

-- Whoever approves, makes or releases is a person: no key of a server, no job and not the system.
CREATE FUNCTION refuse_other_than_persons() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_actor bigint;
BEGIN
  FOREACH v_actor IN ARRAY ARRAY(SELECT (to_jsonb(NEW) ->> name)::bigint FROM unnest(TG_ARGV) AS name WHERE to_jsonb(NEW) ->> name IS NOT NULL) LOOP
    IF NOT EXISTS (SELECT 1 FROM actor WHERE id = v_actor AND kind = 'person') THEN
      RAISE EXCEPTION '% needs a person', TG_TABLE_NAME USING ERRCODE = 'RF004';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;

-- What the host or the processor says of a payee; the row with the newest effective time counts.
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
COMMENT ON COLUMN payee.withholding_ppm IS 'The share to be withheld as whoever knows the tax says; it is never computed here.';
CREATE INDEX payee_account ON payee (account_id, effective_from, id);
CREATE TRIGGER payee_append_only BEFORE UPDATE OR DELETE ON payee FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The destination itself is sealed in its erasable body; its keyed hash is what is compared.
CREATE TABLE payout_destination (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id      bigint NOT NULL REFERENCES account,
  method          text NOT NULL CHECK (method IN ('bank', 'stripe')),
  contract_id     bigint REFERENCES contract,
  fingerprint     bytea NOT NULL,
  usable_from     timestamptz NOT NULL,
  needs_approval  boolean NOT NULL,
  approved_by     bigint REFERENCES actor,
  approved_at     timestamptz,
  recorded_at     timestamptz NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor,
  retired_at      timestamptz,
  CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CHECK (approved_by IS NULL OR approved_by <> actor_id)
);
COMMENT ON COLUMN payout_destination.usable_from IS 'The first destination at once; a changed one after its waiting time, and only once another person approved it.';
COMMENT ON COLUMN payout_destination.contract_id IS 'The contract that names this destination; null for one that the member gave.';
CREATE UNIQUE INDEX payout_destination_current ON payout_destination (account_id, method, contract_id) NULLS NOT DISTINCT WHERE retired_at IS NULL;
CREATE INDEX payout_destination_fingerprint ON payout_destination (fingerprint);
CREATE TRIGGER payout_destination_person BEFORE INSERT OR UPDATE OF approved_by ON payout_destination
  FOR EACH ROW EXECUTE FUNCTION refuse_other_than_persons('approved_by');
CREATE TABLE payout_destination_body (
  destination_id  bigint PRIMARY KEY REFERENCES payout_destination,
  shown_as        text NOT NULL,
  sealed          bytea NOT NULL,
  sealed_key_id   integer NOT NULL
);

-- What the processor says of a destination of its own: whether it pays out to it. The row with the newest effective time counts.
CREATE TABLE payout_destination_state (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  destination_id  bigint NOT NULL REFERENCES payout_destination,
  payouts_enabled boolean NOT NULL,
  effective_from  timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor
);
CREATE INDEX payout_destination_state_destination ON payout_destination_state (destination_id, effective_from, id);
CREATE TRIGGER payout_destination_state_append_only BEFORE UPDATE OR DELETE ON payout_destination_state FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One file or one run of an adapter; made by one person, released by another.
CREATE TABLE payout_batch (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint NOT NULL REFERENCES program,
  method        text NOT NULL CHECK (method IN ('bank', 'stripe')),
  state         text NOT NULL CHECK (state IN ('made', 'released')),
  file_digest   bytea,
  made_by       bigint NOT NULL REFERENCES actor,
  made_at       timestamptz NOT NULL,
  released_by   bigint REFERENCES actor,
  released_at   timestamptz,
  CHECK (released_by IS NULL OR released_by <> made_by),
  CHECK ((state = 'released') = (released_by IS NOT NULL) AND (released_by IS NULL) = (released_at IS NULL)),
  CHECK (state = 'made' OR method <> 'bank' OR file_digest IS NOT NULL)
);
CREATE INDEX payout_batch_program ON payout_batch (program_id, id);
CREATE TRIGGER payout_batch_person BEFORE INSERT OR UPDATE OF released_by ON payout_batch
  FOR EACH ROW EXECUTE FUNCTION refuse_other_than_persons('made_by', 'released_by');

CREATE TABLE payout (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  natural_key     bytea NOT NULL UNIQUE,
  request_digest  bytea NOT NULL,
  program_id      bigint NOT NULL REFERENCES program,
  account_id      bigint NOT NULL REFERENCES account,
  destination_id  bigint NOT NULL REFERENCES payout_destination,
  method          text NOT NULL CHECK (method IN ('bank', 'stripe')),
  asset           text NOT NULL REFERENCES asset,
  gross           bigint NOT NULL CHECK (gross > 0),
  withheld        bigint NOT NULL DEFAULT 0 CHECK (withheld >= 0),
  fee             bigint NOT NULL DEFAULT 0 CHECK (fee >= 0),
  state           text NOT NULL CHECK (state IN ('requested', 'approved', 'in_transit', 'paid', 'failed', 'returned', 'cancelled')),
  needs_approval  boolean NOT NULL,
  hold_id         bigint REFERENCES hold,
  check_id        text,
  reason          text,
  batch_id        bigint REFERENCES payout_batch,
  requested_by    bigint NOT NULL REFERENCES actor,
  requested_at    timestamptz NOT NULL,
  approved_by     bigint REFERENCES actor,
  approved_at     timestamptz,
  sent_at         timestamptz,
  told_at         timestamptz,
  told_rank       smallint,
  ended_at        timestamptz,
  version         integer NOT NULL DEFAULT 1,
  CHECK (gross >= withheld + fee),
  CHECK (approved_by IS NULL OR approved_by <> requested_by),
  CHECK ((approved_by IS NULL) OR (approved_at IS NOT NULL)),
  CHECK (NOT needs_approval OR approved_by IS NOT NULL OR state IN ('requested', 'cancelled')),
  CHECK ((sent_at IS NULL) = (state IN ('requested', 'approved', 'cancelled'))),
  CHECK ((ended_at IS NULL) = (state IN ('requested', 'approved', 'in_transit'))),
  CHECK ((told_at IS NULL) = (told_rank IS NULL))
);
COMMENT ON COLUMN payout.needs_approval IS 'Above the limit of its programme: another person than the requester approves.';
COMMENT ON COLUMN payout.hold_id IS 'The check held or denied it: it goes on only once this hold ended, by a person who approves or by the check''s real answer.';
COMMENT ON COLUMN payout.reason IS 'Why it waits for review, failed or came back, as a stable word.';
COMMENT ON COLUMN payout.told_at IS 'The time, with its rank within it, of the newest word of the bank or processor that counted: an older one changes nothing any more.';
CREATE INDEX payout_account ON payout (account_id, id);
CREATE INDEX payout_program ON payout (program_id, id);
CREATE INDEX payout_of_destination ON payout (destination_id, requested_at);
CREATE INDEX payout_open ON payout (state, id) WHERE state IN ('requested', 'approved', 'in_transit');
CREATE INDEX payout_batch_payouts ON payout (batch_id) WHERE batch_id IS NOT NULL;
CREATE TRIGGER payout_person BEFORE INSERT OR UPDATE OF approved_by ON payout FOR EACH ROW EXECUTE FUNCTION refuse_other_than_persons('approved_by');

-- The closed table of steps, enforced here too: a payout is paid or given back once each way, whoever writes.
CREATE FUNCTION check_payout_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.natural_key, NEW.program_id, NEW.account_id, NEW.destination_id, NEW.method, NEW.asset, NEW.gross, NEW.needs_approval, NEW.hold_id, NEW.requested_by, NEW.requested_at)
     IS DISTINCT FROM (OLD.natural_key, OLD.program_id, OLD.account_id, OLD.destination_id, OLD.method, OLD.asset, OLD.gross, OLD.needs_approval, OLD.hold_id, OLD.requested_by, OLD.requested_at) THEN
    RAISE EXCEPTION 'what payout % is about does not change', OLD.id USING ERRCODE = 'RF900';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
    ('requested', 'approved'), ('requested', 'cancelled'), ('approved', 'in_transit'), ('approved', 'cancelled'),
    ('in_transit', 'paid'), ('in_transit', 'failed'), ('in_transit', 'returned'),
    ('failed', 'paid'), ('paid', 'failed'), ('paid', 'returned'), ('returned', 'paid')) THEN
    RAISE EXCEPTION 'payout % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'RF900';
  END IF;
  IF NEW.state = 'approved' AND OLD.state <> 'approved' AND EXISTS (SELECT 1 FROM hold WHERE id = NEW.hold_id AND ended_at IS NULL) THEN
    RAISE EXCEPTION 'payout % is held', OLD.id USING ERRCODE = 'RF900';
  END IF;
  IF NEW.version <> OLD.version + 1 THEN
    RAISE EXCEPTION 'payout % was changed meanwhile', OLD.id USING ERRCODE = 'RF900';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER payout_step BEFORE UPDATE ON payout FOR EACH ROW EXECUTE FUNCTION check_payout_step();

-- What happened to a payout, in order; also the memory of what the bank and the processor said, so that each counts once.
CREATE TABLE payout_event (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payout_id     bigint REFERENCES payout,
  external_id   text UNIQUE,
  kind          text NOT NULL,
  state         text,
  is_applied    boolean NOT NULL,
  transfer_id   bigint REFERENCES transfer,
  occurred_at   timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor
);
COMMENT ON COLUMN payout_event.is_applied IS 'False: it said nothing new, or came after something newer, and changed nothing.';
CREATE INDEX payout_event_payout ON payout_event (payout_id, id);
CREATE UNIQUE INDEX payout_event_transfer ON payout_event (transfer_id) WHERE transfer_id IS NOT NULL;
CREATE TRIGGER payout_event_append_only BEFORE UPDATE OR DELETE ON payout_event FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Calls of a processor, written before they are made: whoever finds one without an end asks and repeats it under the same key.
CREATE TABLE payout_call (
  payout_id     bigint NOT NULL REFERENCES payout,
  step          text NOT NULL CHECK (step IN ('transfer', 'payout', 'reversal')),
  attempt       integer NOT NULL CHECK (attempt > 0),
  intended_at   timestamptz NOT NULL,
  outcome       text CHECK (outcome IN ('done', 'refused')),
  reference     text,
  failure       text,
  ended_at      timestamptz,
  PRIMARY KEY (payout_id, step, attempt),
  CHECK ((outcome IS NULL) = (ended_at IS NULL) AND (outcome IS NOT DISTINCT FROM 'done') = (reference IS NOT NULL))
);
CREATE UNIQUE INDEX payout_call_done ON payout_call (payout_id, step) WHERE outcome = 'done';
CREATE UNIQUE INDEX payout_call_reference ON payout_call (reference) WHERE reference IS NOT NULL;

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
  CHECK (approved_by IS NULL OR approved_by <> proposed_by),
  CHECK (num_nulls(approved_by, approved_at, transfer_id) IN (0, 3)),
  CHECK (restored_by IS NULL OR transfer_id IS NOT NULL)
);
CREATE UNIQUE INDEX write_off_open ON write_off (rebate_id) WHERE approved_by IS NULL;
CREATE INDEX write_off_rebate ON write_off (rebate_id);
CREATE TRIGGER write_off_person BEFORE INSERT OR UPDATE OF approved_by ON write_off
  FOR EACH ROW EXECUTE FUNCTION refuse_other_than_persons('proposed_by', 'approved_by');

GRANT SELECT, INSERT ON payee, payout_destination, payout_destination_body, payout_destination_state, payout_batch, payout, payout_event, payout_call, write_off TO ringfence_app;
GRANT UPDATE (retired_at, approved_by, approved_at) ON payout_destination TO ringfence_app;
GRANT UPDATE (state, file_digest, released_by, released_at) ON payout_batch TO ringfence_app;
GRANT UPDATE (withheld, fee, state, reason, batch_id, approved_by, approved_at, sent_at, told_at, told_rank, ended_at, version) ON payout TO ringfence_app;
GRANT UPDATE (outcome, reference, failure, ended_at) ON payout_call TO ringfence_app;
GRANT UPDATE (approved_by, approved_at, transfer_id, restored_by) ON write_off TO ringfence_app;
GRANT DELETE ON payout_destination_body TO ringfence_app;
