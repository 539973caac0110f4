-- Programs as versioned records, invite codes, clicks and referrals.

CREATE TABLE asset (
  code      text PRIMARY KEY,
  kind      text NOT NULL CHECK (kind IN ('money', 'days')),
  exponent  smallint NOT NULL,
  name      text NOT NULL
);
INSERT INTO asset (code, kind, exponent, name) VALUES
  ('USD', 'money', 6, 'US dollar'), ('EUR', 'money', 6, 'Euro'), ('CNY', 'money', 6, 'Renminbi'), ('GBP', 'money', 6, 'Pound sterling'),
  ('JPY', 'money', 6, 'Yen'), ('INR', 'money', 6, 'Indian rupee'), ('DAY', 'days', 0, 'Day of service');
ALTER TABLE event ADD FOREIGN KEY (asset) REFERENCES asset;

CREATE TABLE program (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key         text NOT NULL UNIQUE CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name        text NOT NULL,
  actor_id    bigint NOT NULL REFERENCES actor,
  recorded_at timestamptz NOT NULL
);
ALTER TABLE api_key ADD FOREIGN KEY (program_id) REFERENCES program;

-- The rules in force from effective_from until the next version; chosen by the occurred_at of the qualifying event.
CREATE TABLE program_version (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id      bigint NOT NULL REFERENCES program,
  number          integer NOT NULL CHECK (number > 0),
  effective_from  timestamptz NOT NULL,
  rules           jsonb NOT NULL,
  digest          bytea NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor,
  recorded_at     timestamptz NOT NULL,
  UNIQUE (program_id, number),
  UNIQUE (program_id, effective_from)
);
CREATE TRIGGER program_version_append_only BEFORE UPDATE OR DELETE ON program_version FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Thresholds, mode and limits of checks and review, versioned likewise; chosen by the time of the check.
CREATE TABLE policy_version (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id      bigint NOT NULL REFERENCES program,
  number          integer NOT NULL CHECK (number > 0),
  effective_from  timestamptz NOT NULL,
  policy          jsonb NOT NULL,
  digest          bytea NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor,
  recorded_at     timestamptz NOT NULL,
  UNIQUE (program_id, number),
  UNIQUE (program_id, effective_from)
);
CREATE TRIGGER policy_version_append_only BEFORE UPDATE OR DELETE ON policy_version FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Codes are case-insensitive: stored in upper case. A retired code keeps its trail.
CREATE TABLE invite_code (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id  bigint NOT NULL REFERENCES program,
  account_id  bigint NOT NULL REFERENCES account,
  code        text NOT NULL CHECK (code = upper(code)),
  actor_id    bigint NOT NULL REFERENCES actor,
  recorded_at timestamptz NOT NULL,
  retired_at  timestamptz,
  UNIQUE (program_id, code)
);
CREATE UNIQUE INDEX invite_code_current ON invite_code (program_id, account_id) WHERE retired_at IS NULL;

CREATE TABLE click (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  public_id     uuid NOT NULL UNIQUE,
  code_id       bigint NOT NULL REFERENCES invite_code,
  occurred_at   timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  landing_page  text,
  referer_host  text,
  ad_parameters text[] NOT NULL DEFAULT '{}',
  is_bot        boolean NOT NULL DEFAULT false
);
CREATE INDEX click_code ON click (code_id, occurred_at);

-- The paying relation: one inviter per program and invitee over all its states.
CREATE TABLE referral (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint NOT NULL REFERENCES program,
  inviter_id    bigint NOT NULL REFERENCES account,
  invitee_id    bigint NOT NULL REFERENCES account,
  state         text NOT NULL CHECK (state IN ('active', 'suspended', 'cancelled')),
  source        text NOT NULL CHECK (source IN ('link', 'code', 'claim', 'import')),
  code_id       bigint REFERENCES invite_code,
  click_id      bigint REFERENCES click,
  occurred_at   timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  effective_at  timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor,
  version       integer NOT NULL DEFAULT 1,
  UNIQUE (program_id, invitee_id),
  CHECK (inviter_id <> invitee_id)
);
CREATE INDEX referral_inviter ON referral (inviter_id);

-- Every relation that was reported, paying or not: what the detector reads.
CREATE TABLE referral_fact (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint NOT NULL REFERENCES program,
  inviter_id    bigint NOT NULL REFERENCES account,
  invitee_id    bigint NOT NULL REFERENCES account,
  channel       text NOT NULL DEFAULT '' CHECK (channel IN ('', 'link', 'code', 'claim')),
  click_id      bigint REFERENCES click,
  clicked_at    timestamptz,
  referral_id   bigint REFERENCES referral,
  not_payable   text CHECK (not_payable IN ('self_referral', 'cycle', 'second_inviter', 'not_eligible', 'after_signup')),
  occurred_at   timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  batch_id      bigint NOT NULL REFERENCES batch,
  xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
  UNIQUE (program_id, inviter_id, invitee_id),
  CHECK ((referral_id IS NULL) = (not_payable IS NOT NULL))
);
CREATE INDEX referral_fact_invitee ON referral_fact (invitee_id);
CREATE INDEX referral_fact_log ON referral_fact (xid, id);
