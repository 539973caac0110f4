-- Cases, plans and decisions: what reviewers saw, what an action would do, what was done and how to undo it.

CREATE TABLE review_case (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ring_id         bigint REFERENCES ring,
  fact_id         bigint REFERENCES referral_fact,
  program_id      bigint REFERENCES program,
  state           text NOT NULL CHECK (state IN ('open', 'closed')),
  owner_id        bigint REFERENCES actor,
  due_at          timestamptz NOT NULL,
  probability     double precision NOT NULL,
  expected_loss   bigint NOT NULL,
  asset           text NOT NULL REFERENCES asset,
  outcome         text CHECK (outcome IN ('self_invitation', 'farm', 'signup_credit_farming', 'stolen_payment', 'claim_theft', 'paid_traffic',
                    'terms_other', 'household', 'office_campus', 'reseller', 'shared_server', 'device_collision', 'inconclusive', 'evidence_gone', 'merged')),
  merged_into_id  bigint REFERENCES review_case,
  -- Who the members were when a scan last saw the case: a verdict is asked for again only when they change.
  members_digest  bytea NOT NULL,
  opened_scan_id  bigint REFERENCES scan,
  seen_scan_id    bigint REFERENCES scan,
  opened_at       timestamptz NOT NULL,
  closed_at       timestamptz,
  -- Counts what people did to the case, and closing by a scan; scans that only refresh its figures leave it.
  version         integer NOT NULL DEFAULT 1,
  acted_by        bigint REFERENCES actor,
  acted_at        timestamptz,
  CHECK ((ring_id IS NULL) <> (fact_id IS NULL)),
  CHECK ((state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (outcome IS NOT NULL)),
  CHECK ((outcome IS NOT DISTINCT FROM 'merged') = (merged_into_id IS NOT NULL))
);
CREATE UNIQUE INDEX review_case_ring ON review_case (ring_id) WHERE state = 'open' AND ring_id IS NOT NULL;
CREATE UNIQUE INDEX review_case_fact ON review_case (fact_id) WHERE state = 'open' AND fact_id IS NOT NULL;
CREATE INDEX review_case_queue ON review_case (state, expected_loss DESC);
ALTER TABLE hold ADD FOREIGN KEY (case_id) REFERENCES review_case;

-- The exact list of effects that an action would have. The hash is over the effects alone; the preview (balances, scores,
-- who was left out) is what the reviewer saw beside them.
CREATE TABLE plan (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  case_id       bigint REFERENCES review_case,
  case_version  integer,
  action        jsonb NOT NULL,
  effects       jsonb NOT NULL,
  preview       jsonb NOT NULL DEFAULT '{}',
  effects_hash  bytea NOT NULL CHECK (octet_length(effects_hash) = 32),
  actor_id      bigint NOT NULL REFERENCES actor,
  recorded_at   timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  CHECK ((case_id IS NULL) = (case_version IS NULL))
);
CREATE TRIGGER plan_append_only BEFORE UPDATE OR DELETE ON plan FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE INDEX plan_case ON plan (case_id);

CREATE TABLE decision (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  plan_id       bigint NOT NULL UNIQUE REFERENCES plan,
  case_id       bigint REFERENCES review_case,
  effects_hash  bytea NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor,
  reason        text NOT NULL,
  undoes_id     bigint UNIQUE REFERENCES decision,
  recorded_at   timestamptz NOT NULL,
  xid           xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX decision_case ON decision (case_id, id);
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON decision FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE transfer ADD FOREIGN KEY (decision_id) REFERENCES decision;
ALTER TABLE hold ADD FOREIGN KEY (decision_id) REFERENCES decision;

CREATE TABLE decision_note (
  decision_id bigint PRIMARY KEY REFERENCES decision,
  salt        bytea NOT NULL,
  note        text NOT NULL
);

-- One row per object that a decision touched, with its state before and after: what undo inverts and what later decisions depend on.
CREATE TABLE decision_effect (
  decision_id bigint NOT NULL REFERENCES decision,
  place       integer NOT NULL,
  kind        text NOT NULL,
  referral_id bigint REFERENCES referral,
  rebate_id   bigint REFERENCES rebate,
  account_id  bigint REFERENCES account,
  hold_id     bigint REFERENCES hold,
  transfer_id bigint REFERENCES transfer,
  before      jsonb NOT NULL,
  after       jsonb NOT NULL,
  PRIMARY KEY (decision_id, place)
);
CREATE INDEX decision_effect_rebate ON decision_effect (rebate_id) WHERE rebate_id IS NOT NULL;
CREATE INDEX decision_effect_referral ON decision_effect (referral_id) WHERE referral_id IS NOT NULL;
CREATE INDEX decision_effect_account ON decision_effect (account_id) WHERE account_id IS NOT NULL;
CREATE TRIGGER decision_effect_append_only BEFORE UPDATE OR DELETE ON decision_effect FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE account_restriction (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id    bigint NOT NULL REFERENCES account,
  kind          text NOT NULL CHECK (kind IN ('no_new_referrals', 'no_transfer', 'no_payout', 'host_review')),
  starts_at     timestamptz NOT NULL,
  ends_at       timestamptz NOT NULL,
  decision_id   bigint NOT NULL REFERENCES decision,
  ended_at      timestamptz,
  CHECK (ends_at > starts_at)
);
CREATE INDEX account_restriction_account ON account_restriction (account_id) WHERE ended_at IS NULL;
