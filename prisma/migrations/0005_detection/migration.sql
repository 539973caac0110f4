-- What scans found, and what checks answered. Probabilities are double precision: stored and computed ones are equal to the bit.

CREATE TABLE scan (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  state         text NOT NULL CHECK (state IN ('running', 'finished', 'failed')),
  as_of         timestamptz NOT NULL,
  -- Everything committed by transactions below this one was seen.
  position      xid8 NOT NULL,
  -- Exactly which transactions were seen, as pg_current_snapshot() writes it: some at or above position were, too.
  snapshot      text,
  model_version text NOT NULL,
  options       jsonb NOT NULL,
  previous_id   bigint REFERENCES scan,
  actor_id      bigint NOT NULL REFERENCES actor,
  started_at    timestamptz NOT NULL,
  finished_at   timestamptz,
  summary       jsonb NOT NULL DEFAULT '{}'
);

-- Verdicts are derived, rewritten by every scan in bulk and gone two scans later: they carry no foreign keys, whose checks
-- cost more than half of the writing. Those of a scan that is not finished count for nothing.
CREATE TABLE account_verdict (
  scan_id     bigint NOT NULL,
  account_id  bigint NOT NULL,
  score       double precision NOT NULL,
  PRIMARY KEY (scan_id, account_id)
);

CREATE TABLE referral_verdict (
  scan_id     bigint NOT NULL,
  fact_id     bigint NOT NULL,
  probability double precision NOT NULL,
  bits        double precision NOT NULL,
  -- The part of the bits that a decision may rest on: neither an address alone nor what others do through an inviter's link.
  deciding_probability double precision,
  decision    text NOT NULL CHECK (decision IN ('allow', 'hold', 'deny')),
  ring_id     bigint,
  top_reason  text NOT NULL,
  explanation jsonb,
  PRIMARY KEY (scan_id, fact_id)
);

-- The strength of every shared identifier as of the last finished scan.
CREATE TABLE identifier_strength (
  identifier_id bigint PRIMARY KEY REFERENCES identifier ON DELETE CASCADE,
  scan_id       bigint NOT NULL REFERENCES scan,
  strength      double precision NOT NULL,
  accounts      integer NOT NULL
);

-- What a running scan measured, exchanged for the table above in the transaction that finishes it.
CREATE UNLOGGED TABLE strength_stage (
  scan_id       bigint NOT NULL,
  identifier_id bigint NOT NULL,
  strength      double precision NOT NULL,
  accounts      integer NOT NULL,
  PRIMARY KEY (scan_id, identifier_id)
);

CREATE TABLE alert (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  scan_id       bigint NOT NULL REFERENCES scan ON DELETE CASCADE,
  code          text NOT NULL,
  identifier_id bigint NOT NULL REFERENCES identifier ON DELETE CASCADE,
  accounts      integer NOT NULL
);

-- A ring keeps its id from scan to scan; its membership is a version per scan.
CREATE TABLE ring (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  first_scan_id   bigint NOT NULL REFERENCES scan,
  last_scan_id    bigint NOT NULL REFERENCES scan,
  state           text NOT NULL CHECK (state IN ('current', 'gone', 'merged', 'split'))
);

CREATE TABLE ring_version (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ring_id         bigint NOT NULL REFERENCES ring,
  scan_id         bigint NOT NULL REFERENCES scan,
  program_id      bigint REFERENCES program,
  probability     double precision NOT NULL,
  expected_loss   bigint NOT NULL,
  asset           text NOT NULL REFERENCES asset,
  accounts        integer NOT NULL,
  referrals       integer NOT NULL,
  reasons         jsonb NOT NULL,
  members_digest  bytea NOT NULL,
  UNIQUE (ring_id, scan_id)
);
CREATE INDEX ring_version_scan ON ring_version (scan_id, expected_loss DESC);

CREATE TABLE ring_member (
  ring_version_id bigint NOT NULL REFERENCES ring_version ON DELETE CASCADE,
  account_id      bigint NOT NULL REFERENCES account,
  score           double precision NOT NULL,
  tied_to_id      bigint REFERENCES account,
  identifier_id   bigint,
  bits            double precision NOT NULL,
  PRIMARY KEY (ring_version_id, account_id)
);
CREATE INDEX ring_member_account ON ring_member (account_id);

CREATE TABLE ring_referral (
  ring_version_id bigint NOT NULL REFERENCES ring_version ON DELETE CASCADE,
  fact_id         bigint NOT NULL REFERENCES referral_fact,
  PRIMARY KEY (ring_version_id, fact_id)
);

CREATE TABLE ring_lineage (
  scan_id       bigint NOT NULL REFERENCES scan,
  from_ring_id  bigint NOT NULL REFERENCES ring,
  to_ring_id    bigint NOT NULL REFERENCES ring,
  kind          text NOT NULL CHECK (kind IN ('continues', 'split', 'merged')),
  shared        integer NOT NULL,
  PRIMARY KEY (scan_id, from_ring_id, to_ring_id)
);

-- One row per answer. A degraded or not-yet-seen answer awaits a real one, which names it in supersedes.
CREATE TABLE check_record (
  id                text PRIMARY KEY,
  request_key       bytea UNIQUE,
  program_id        bigint NOT NULL REFERENCES program,
  subject_kind      text NOT NULL CHECK (subject_kind IN ('rebate', 'signup_credit', 'transfer', 'payout', 'claim')),
  subject_digest    bytea NOT NULL,
  inviter_id        bigint REFERENCES account,
  invitee_id        bigint REFERENCES account,
  amount            bigint NOT NULL,
  asset             text NOT NULL REFERENCES asset,
  request_digest    bytea NOT NULL,
  decision          text NOT NULL CHECK (decision IN ('allow', 'hold', 'deny')),
  would             text CHECK (would IN ('allow', 'hold', 'deny')),
  probability       double precision,
  reasons           jsonb NOT NULL,
  ring_id           bigint REFERENCES ring,
  policy_version_id bigint REFERENCES policy_version,
  model_version     text NOT NULL,
  is_degraded       boolean NOT NULL,
  awaits            text CHECK (awaits IN ('degraded', 'not_yet_seen')),
  supersedes        text UNIQUE REFERENCES check_record,
  position          text NOT NULL,
  body_digest       bytea NOT NULL,
  actor_id          bigint NOT NULL REFERENCES actor,
  evaluated_at      timestamptz NOT NULL,
  expires_at        timestamptz NOT NULL
);
CREATE INDEX check_record_subject ON check_record (program_id, subject_kind, subject_digest);
CREATE INDEX check_record_open ON check_record (evaluated_at) WHERE awaits IS NOT NULL;
CREATE INDEX check_record_expiry ON check_record (expires_at) WHERE request_key IS NOT NULL;
CREATE INDEX check_record_resolved ON check_record (evaluated_at, id) WHERE supersedes IS NOT NULL;
CREATE TRIGGER check_record_append_only BEFORE UPDATE OR DELETE ON check_record FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The answer as it was given, and the request while it awaits a real answer; erasable, bound to its record by a salted digest.
CREATE TABLE check_body (
  check_id  text PRIMARY KEY REFERENCES check_record,
  salt      bytea NOT NULL,
  answer    text NOT NULL,
  request   jsonb
);
