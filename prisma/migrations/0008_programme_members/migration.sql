-- Members of a programme beyond its default: standing, tracks, contracts, accepted terms, and who never counts.
-- All by time: what was in force when an event occurred decides, so changes are added and never altered.

ALTER TABLE transfer DROP CONSTRAINT transfer_kind_check;
ALTER TABLE transfer ADD CONSTRAINT transfer_kind_check CHECK (kind IN (
  'accrual', 'maturity', 'reversal', 'reward_transfer', 'recharge', 'spend', 'refund', 'hold', 'freeze', 'release', 'reclaim', 'undo',
  'payout', 'payout_paid', 'payout_failed', 'payout_returned', 'host_confirmed', 'host_refused', 'recovery',
  'expiry', 'credit_restored', 'opening', 'write_off', 'write_off_restored'));

-- suspended: no accrual, the link still binds, what was earned stays payable. closed: the code binds no longer either.
CREATE TABLE enrolment_change (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id      bigint NOT NULL REFERENCES program,
  account_id      bigint NOT NULL REFERENCES account,
  state           text NOT NULL CHECK (state IN ('active', 'suspended', 'closed')),
  reason          text NOT NULL CHECK (reason IN ('joined', 'idle', 'new_client', 'member', 'staff')),
  effective_from  timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor
);
CREATE INDEX enrolment_change_member ON enrolment_change (account_id, program_id, effective_from, id);
CREATE TRIGGER enrolment_change_append_only BEFORE UPDATE OR DELETE ON enrolment_change FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE contract (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id      bigint NOT NULL REFERENCES program,
  account_id      bigint NOT NULL REFERENCES account,
  track           text NOT NULL,
  signed_at       timestamptz NOT NULL,
  document_digest bytea NOT NULL,
  entered_by      bigint NOT NULL REFERENCES actor,
  entered_at      timestamptz NOT NULL,
  approved_by     bigint REFERENCES actor,
  approved_at     timestamptz,
  ended_at        timestamptz,
  ended_by        bigint REFERENCES actor,
  CHECK (approved_by IS DISTINCT FROM entered_by),
  CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
  CHECK ((ended_by IS NULL) = (ended_at IS NULL))
);
COMMENT ON COLUMN contract.document_digest IS 'Salted hash of the document reference in contract_body.';
COMMENT ON COLUMN contract.ended_at IS 'Of a contract that was never approved: when it was withdrawn.';
CREATE INDEX contract_member ON contract (account_id, program_id);
-- One contract waits, and one is in force, at a time.
CREATE UNIQUE INDEX contract_waiting ON contract (program_id, account_id) WHERE approved_at IS NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX contract_in_force ON contract (program_id, account_id) WHERE approved_at IS NOT NULL AND ended_at IS NULL;
CREATE FUNCTION check_contract_approver() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM actor WHERE id = NEW.approved_by AND kind = 'person') THEN
    RAISE EXCEPTION 'a contract is approved by a person' USING ERRCODE = 'RF004';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER contract_approver BEFORE INSERT OR UPDATE OF approved_by ON contract
  FOR EACH ROW WHEN (NEW.approved_by IS NOT NULL) EXECUTE FUNCTION check_contract_approver();
CREATE TABLE contract_body (
  contract_id bigint PRIMARY KEY REFERENCES contract,
  salt        bytea NOT NULL,
  document_reference text NOT NULL
);

CREATE TABLE track_change (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id      bigint NOT NULL REFERENCES program,
  account_id      bigint NOT NULL REFERENCES account,
  track           text NOT NULL,
  contract_id     bigint REFERENCES contract,
  effective_from  timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor
);
CREATE INDEX track_change_member ON track_change (account_id, program_id, effective_from, id);
CREATE TRIGGER track_change_append_only BEFORE UPDATE OR DELETE ON track_change FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE terms_acceptance (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint NOT NULL REFERENCES program,
  account_id    bigint NOT NULL REFERENCES account,
  terms_version text NOT NULL,
  accepted_at   timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor,
  UNIQUE (program_id, account_id, terms_version)
);
CREATE TRIGGER terms_acceptance_append_only BEFORE UPDATE OR DELETE ON terms_acceptance FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Staff, tests, sales-owned leads: they neither earn nor are earned from. A null programme means all of them.
CREATE TABLE excluded_account (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id  bigint REFERENCES program,
  account_id  bigint NOT NULL REFERENCES account,
  reason      text NOT NULL CHECK (reason IN ('staff', 'test', 'sales_owned')),
  starts_at   timestamptz NOT NULL,
  ends_at     timestamptz,
  recorded_at timestamptz NOT NULL,
  actor_id    bigint NOT NULL REFERENCES actor
);
CREATE INDEX excluded_account_account ON excluded_account (account_id);

-- Instances, projects and the like that an account owns, as keyed hashes: the same one under two accounts is not a separate customer.
CREATE TABLE account_resource (
  account_id    bigint NOT NULL REFERENCES account,
  resource_hash bytea NOT NULL,
  recorded_at   timestamptz NOT NULL,
  PRIMARY KEY (account_id, resource_hash)
);
CREATE INDEX account_resource_hash ON account_resource (resource_hash);

-- Payments that qualified where members are suspended for bringing no client, also those that earned nothing: of an invitee whose
-- inviter was suspended, or beyond a cap. The first one that is not wholly given back makes the invitee a client.
CREATE TABLE client_payment (
  referral_id bigint NOT NULL REFERENCES referral,
  event_id    bigint NOT NULL REFERENCES event,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (referral_id, event_id)
);
CREATE TRIGGER client_payment_append_only BEFORE UPDATE OR DELETE ON client_payment FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A notice that was given to a member, so that it is given once: idle suspension ahead, credit about to expire.
CREATE TABLE member_notice (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id  bigint NOT NULL REFERENCES program,
  account_id  bigint NOT NULL REFERENCES account,
  kind        text NOT NULL CHECK (kind IN ('idle_ahead', 'suspended', 'reactivated', 'credit_expires')),
  subject     text NOT NULL,
  recorded_at timestamptz NOT NULL,
  UNIQUE (program_id, account_id, kind, subject)
);
COMMENT ON COLUMN member_notice.subject IS 'What it is about, e.g. the time of suspension with the days ahead of it, or the rebate with its end: one notice per subject.';
CREATE TRIGGER member_notice_append_only BEFORE UPDATE OR DELETE ON member_notice FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Time given to a credit beyond its own: it was restored by a refund after its end, with what was left of it when it was spent.
CREATE TABLE credit_extension (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rebate_id   bigint NOT NULL REFERENCES rebate,
  event_id    bigint NOT NULL REFERENCES event,
  seconds     bigint NOT NULL CHECK (seconds > 0),
  recorded_at timestamptz NOT NULL,
  actor_id    bigint NOT NULL REFERENCES actor,
  UNIQUE (rebate_id, event_id)
);
COMMENT ON COLUMN credit_extension.event_id IS 'The refund.';
CREATE TRIGGER credit_extension_append_only BEFORE UPDATE OR DELETE ON credit_extension FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- When a credit ends, as seen at p_at: its own end, moved by the time in which it was held, or reclaimed and given back by an undo
-- (once, also where several of these overlap), and by what a refund gave. While a hold is open its end moves on with p_at, so that a
-- held credit never ends.
CREATE INDEX rebate_expiring ON rebate (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX hold_rebate ON hold (rebate_id) WHERE rebate_id IS NOT NULL;
CREATE INDEX transfer_reverses ON transfer (reverses_id) WHERE reverses_id IS NOT NULL;
CREATE FUNCTION credit_expires_at(p_rebate_id bigint, p_expires_at timestamptz, p_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  WITH span AS (
    SELECT tstzrange(h.placed_at, greatest(h.placed_at, coalesce(h.ended_at, p_at))) AS away FROM hold h WHERE h.rebate_id = p_rebate_id
    UNION ALL
    SELECT tstzrange(t.recorded_at, greatest(t.recorded_at, u.recorded_at))
      FROM entry e JOIN transfer t ON t.id = e.transfer_id AND t.kind = 'reclaim' JOIN transfer u ON u.reverses_id = t.id
      WHERE e.rebate_id = p_rebate_id
  )
  SELECT p_expires_at + make_interval(secs => (
    coalesce((SELECT sum(extract(epoch FROM upper(part) - lower(part))) FROM unnest((SELECT range_agg(away) FROM span)) AS part), 0)
      + coalesce((SELECT sum(seconds) FROM credit_extension WHERE rebate_id = p_rebate_id), 0))::double precision)
$$;

GRANT SELECT, INSERT ON enrolment_change, contract, contract_body, track_change, terms_acceptance, excluded_account, account_resource,
  client_payment, member_notice, credit_extension TO ringfence_app;
GRANT UPDATE (approved_by, approved_at, ended_at, ended_by) ON contract TO ringfence_app;
GRANT UPDATE (ends_at) ON excluded_account TO ringfence_app;
GRANT DELETE ON contract_body, account_resource TO ringfence_app;
REVOKE ALL ON FUNCTION credit_expires_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION credit_expires_at TO ringfence_app;
