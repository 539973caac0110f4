-- Claims: a later request to be attributed, with the facts that prove it, where a programme allows that.

CREATE TABLE claim (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint NOT NULL REFERENCES program,
  inviter_id    bigint NOT NULL REFERENCES account,
  invitee_id    bigint NOT NULL REFERENCES account,
  state         text NOT NULL CHECK (state IN ('waiting_for_client', 'waiting_for_review', 'waiting_for_approval', 'accepted', 'refused')),
  reason        text,
  probability   double precision,
  check_id      text,
  referral_id   bigint REFERENCES referral,
  accrues_from  timestamptz,
  entered_by    bigint NOT NULL REFERENCES actor,
  confirmed_at  timestamptz,
  decided_by    bigint REFERENCES actor,
  decided_at    timestamptz,
  approved_by   bigint REFERENCES actor,
  due_at        timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  CHECK (inviter_id <> invitee_id),
  CHECK (approved_by IS DISTINCT FROM decided_by OR approved_by IS NULL),
  CHECK ((state IN ('accepted', 'refused')) = (decided_at IS NOT NULL) OR state = 'waiting_for_approval'),
  CHECK ((state = 'accepted') = (referral_id IS NOT NULL))
);
CREATE UNIQUE INDEX claim_open ON claim (program_id, invitee_id) WHERE state NOT IN ('accepted', 'refused');
CREATE INDEX claim_inviter ON claim (inviter_id, recorded_at);

-- The facts as they were given; resources and e-mail addresses as keyed hashes with a mask.
CREATE TABLE claim_body (
  claim_id  bigint PRIMARY KEY REFERENCES claim,
  salt      bytea NOT NULL,
  body      jsonb NOT NULL
);

GRANT SELECT, INSERT ON claim, claim_body TO ringfence_app;
GRANT UPDATE (state, reason, probability, check_id, referral_id, accrues_from, confirmed_at, decided_by, decided_at, approved_by, due_at) ON claim TO ringfence_app;
GRANT DELETE ON claim_body TO ringfence_app;
