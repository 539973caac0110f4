-- Claims: a later request to be attributed, with the facts that prove it, where a programme allows that.
-- And what followed links leave behind: what was seen with a click, and the counts of clicks that are no longer kept one by one.

-- waiting_for_client: the client is to confirm; waiting_for_review: a person is to decide; waiting_for_approval: a second one.
CREATE TABLE claim (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint NOT NULL REFERENCES program,
  inviter_id    bigint NOT NULL REFERENCES account,
  -- Null where the facts name nobody: such a claim waits like any other, so that nothing can be learnt from its answer.
  invitee_id    bigint REFERENCES account,
  state         text NOT NULL CHECK (state IN ('waiting_for_client', 'waiting_for_review', 'waiting_for_approval', 'accepted', 'refused')),
  reason        text CHECK (reason IN ('own_resource_unknown', 'own_email_unknown', 'referral_link_unknown', 'not_confirmed', 'declined_by_client',
                  'has_inviter', 'self_referral', 'cycle', 'not_eligible', 'signup_unknown', 'signed_up_before_code', 'inviter_restricted', 'enrolment_closed',
                  'evidence_insufficient', 'self_invitation', 'claim_theft', 'terms_other')),
  facts_digest  bytea NOT NULL,
  probability   double precision CHECK (probability BETWEEN 0 AND 1),
  check_id      text,
  referral_id   bigint UNIQUE REFERENCES referral,
  accrues_from  timestamptz,
  needs_second_person boolean NOT NULL DEFAULT false,
  entered_by    bigint NOT NULL REFERENCES actor,
  confirmed_at  timestamptz,
  decided_by    bigint REFERENCES actor,
  decided_at    timestamptz,
  approved_by   bigint REFERENCES actor,
  approved_at   timestamptz,
  due_at        timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  CHECK (due_at > recorded_at),
  CHECK (num_nulls(decided_by, decided_at) IN (0, 2) AND num_nulls(approved_by, approved_at) IN (0, 2) AND num_nulls(referral_id, accrues_from) IN (0, 2)),
  CHECK ((state = 'refused') = (reason IS NOT NULL)),
  CHECK ((state IN ('waiting_for_approval', 'accepted', 'refused')) = (decided_at IS NOT NULL)),
  CHECK ((state = 'accepted') = (referral_id IS NOT NULL)),
  CHECK (state IN ('waiting_for_client', 'refused') OR (confirmed_at IS NOT NULL AND invitee_id IS NOT NULL AND inviter_id <> invitee_id)),
  -- Nobody accepts what they entered themselves, and the second person is neither of the others.
  CHECK (state = 'refused' OR decided_by IS NULL OR decided_by <> entered_by),
  CHECK (approved_by IS NULL OR (approved_by <> entered_by AND approved_by <> decided_by)),
  CHECK (state <> 'accepted' OR NOT needs_second_person OR approved_by IS NOT NULL)
);
COMMENT ON COLUMN claim.facts_digest IS 'Salted hash of claim_body.';
-- Several members may claim one client; the client confirms one of them at a time.
CREATE UNIQUE INDEX claim_confirmed ON claim (program_id, invitee_id) WHERE state IN ('waiting_for_review', 'waiting_for_approval');
CREATE INDEX claim_inviter ON claim (program_id, inviter_id, recorded_at);
CREATE INDEX claim_client ON claim (invitee_id) WHERE state = 'waiting_for_client';
CREATE INDEX claim_open ON claim (program_id, due_at, id) WHERE state NOT IN ('accepted', 'refused');

CREATE FUNCTION refuse_ended_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'claim % has ended', OLD.id USING ERRCODE = 'RF900';
END $$;
CREATE TRIGGER claim_ended BEFORE UPDATE ON claim FOR EACH ROW WHEN (OLD.state IN ('accepted', 'refused')) EXECUTE FUNCTION refuse_ended_claim();

-- The facts as they were given; resources and e-mail addresses as keyed hashes with a mask.
CREATE TABLE claim_body (
  claim_id  bigint PRIMARY KEY REFERENCES claim,
  salt      bytea NOT NULL,
  body      jsonb NOT NULL
);

-- What was seen with a click; it becomes the account's own when a sign-up names the click, and goes with the click when none does.
CREATE TABLE click_observation (
  click_id      bigint NOT NULL REFERENCES click ON DELETE CASCADE,
  identifier_id bigint NOT NULL REFERENCES identifier,
  PRIMARY KEY (click_id, identifier_id)
);
CREATE INDEX click_observation_identifier ON click_observation (identifier_id);

-- Clicks that led to no sign-up are kept for a while one by one, and then as counts per code and day (UTC).
CREATE TABLE click_day (
  code_id     bigint NOT NULL REFERENCES invite_code,
  day         date NOT NULL,
  clicks      bigint NOT NULL CHECK (clicks >= 0),
  bots        bigint NOT NULL CHECK (bots >= 0),
  PRIMARY KEY (code_id, day)
);
COMMENT ON COLUMN click_day.clicks IS 'By people; bots are counted beside them.';
CREATE INDEX click_recorded ON click (code_id, recorded_at);
CREATE INDEX click_age ON click (recorded_at);
CREATE INDEX referral_click ON referral (click_id) WHERE click_id IS NOT NULL;
CREATE INDEX referral_fact_click ON referral_fact (click_id) WHERE click_id IS NOT NULL;

GRANT SELECT, INSERT ON claim, claim_body, click_observation, click_day TO ringfence_app;
GRANT UPDATE (state, reason, probability, check_id, referral_id, accrues_from, needs_second_person, confirmed_at, decided_by, decided_at, approved_by, approved_at, due_at)
  ON claim TO ringfence_app;
GRANT UPDATE (clicks, bots) ON click_day TO ringfence_app;
-- A relation that was kept as a mere fact may be made to pay later, by a claim.
GRANT UPDATE (referral_id, not_payable) ON referral_fact TO ringfence_app;
GRANT DELETE ON claim_body, click, click_observation TO ringfence_app;
