-- What goes out to hosts: messages written in the transaction of their cause, delivered signed and at least once;
-- and instructions about money that a host keeps, which stay in transit until the host confirms them.

CREATE TABLE webhook_endpoint (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint REFERENCES program,
  url           text NOT NULL,
  topics        text[] NOT NULL CHECK (cardinality(topics) > 0),
  sealed_secret bytea NOT NULL,
  sealed_key_id integer NOT NULL,
  -- After a rotation, messages carry a signature by this one too until its time ends.
  previous_sealed_secret bytea,
  previous_sealed_key_id integer,
  previous_until timestamptz,
  -- Set by a restore: nothing is sent until the host's own list was compared.
  waits_for_reconciliation boolean NOT NULL DEFAULT false,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor,
  retired_at    timestamptz,
  CHECK (num_nulls(previous_sealed_secret, previous_sealed_key_id, previous_until) IN (0, 3))
);
COMMENT ON COLUMN webhook_endpoint.program_id IS 'Null: messages of every programme.';

CREATE TABLE outbox (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  endpoint_id     bigint NOT NULL REFERENCES webhook_endpoint,
  message_id      uuid NOT NULL UNIQUE,
  topic           text NOT NULL,
  object_kind     text NOT NULL,
  object_id       bigint NOT NULL,
  body            jsonb NOT NULL,
  recorded_at     timestamptz NOT NULL,
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL,
  last_failure    text,
  delivered_at    timestamptz,
  given_up_at     timestamptz,
  CHECK (delivered_at IS NULL OR given_up_at IS NULL)
);
COMMENT ON COLUMN outbox.object_id IS 'Messages about one object reach an endpoint in the order of their ids.';
CREATE INDEX outbox_due ON outbox (endpoint_id, next_attempt_at, id) WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_object ON outbox (endpoint_id, object_kind, object_id, id) WHERE delivered_at IS NULL AND given_up_at IS NULL;
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;

-- Every time a message was sent, and what came of it; bodies of answers are not read.
CREATE TABLE outbox_attempt (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  outbox_id     bigint NOT NULL REFERENCES outbox ON DELETE CASCADE,
  attempted_at  timestamptz NOT NULL,
  -- The HTTP status, null where there was none.
  status        integer,
  failure       text
);
CREATE INDEX outbox_attempt_outbox ON outbox_attempt (outbox_id, id);

-- Which account, instance or project of a member is to receive what the host grants, where the member chose one. The newest row counts.
CREATE TABLE reward_receiver (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint NOT NULL REFERENCES program,
  account_id    bigint NOT NULL REFERENCES account,
  resource      text NOT NULL,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor
);
CREATE INDEX reward_receiver_member ON reward_receiver (account_id, program_id, id);

CREATE TABLE host_instruction (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- What the host knows it by: never given twice, also not after a restore, when ids start again.
  public_id       uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  natural_key     bytea NOT NULL UNIQUE,
  program_id      bigint NOT NULL REFERENCES program,
  account_id      bigint NOT NULL REFERENCES account,
  kind            text NOT NULL CHECK (kind IN ('credit', 'grant_days', 'freeze', 'release', 'reclaim')),
  asset           text NOT NULL REFERENCES asset,
  amount          bigint NOT NULL CHECK (amount > 0),
  -- The posting that put the money in transit (of a reclaim: that made the debt), and the one that ended it.
  transfer_id     bigint REFERENCES transfer,
  ended_transfer_id bigint REFERENCES transfer,
  decision_id     bigint REFERENCES decision,
  -- The instruction that this one answers: a refused one given again, or one that it takes back.
  follows_id      bigint REFERENCES host_instruction,
  state           text NOT NULL CHECK (state IN ('in_transit', 'confirmed', 'partly', 'refused')),
  confirmed_amount bigint,
  host_reference  text,
  refusal         text,
  recorded_at     timestamptz NOT NULL,
  -- The host was told that it need not be done any more; it may have been done already, so its answer still counts.
  withdrawn_at    timestamptz,
  ended_at        timestamptz,
  ended_actor_id  bigint REFERENCES actor,
  CHECK (num_nulls(confirmed_amount, ended_at, ended_actor_id) = CASE WHEN state = 'in_transit' THEN 3 ELSE 0 END),
  CHECK (CASE state WHEN 'confirmed' THEN confirmed_amount = amount WHEN 'partly' THEN confirmed_amount > 0 AND confirmed_amount < amount
                    WHEN 'refused' THEN confirmed_amount = 0 ELSE true END),
  CHECK ((kind IN ('freeze', 'release')) = (transfer_id IS NULL))
);
COMMENT ON COLUMN host_instruction.amount IS 'In the smallest unit of the asset.';
CREATE INDEX host_instruction_account ON host_instruction (account_id, id);
CREATE INDEX host_instruction_open ON host_instruction (program_id, id) WHERE state = 'in_transit';
CREATE INDEX host_instruction_decision ON host_instruction (decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX host_instruction_reference ON host_instruction (host_reference) WHERE host_reference IS NOT NULL;
CREATE INDEX host_instruction_follows ON host_instruction (follows_id) WHERE follows_id IS NOT NULL;
-- How an instruction ended is a fact.
CREATE TRIGGER host_instruction_ended BEFORE UPDATE ON host_instruction FOR EACH ROW WHEN (OLD.state <> 'in_transit') EXECUTE FUNCTION refuse_change();

-- Which rebates the amount is made of, and how much of each the host confirmed, the oldest first.
CREATE TABLE host_instruction_line (
  instruction_id  bigint NOT NULL REFERENCES host_instruction,
  rebate_id       bigint NOT NULL REFERENCES rebate,
  place           integer NOT NULL,
  amount          bigint NOT NULL CHECK (amount > 0),
  confirmed_amount bigint CHECK (confirmed_amount BETWEEN 0 AND amount),
  PRIMARY KEY (instruction_id, rebate_id)
);
CREATE INDEX host_instruction_line_rebate ON host_instruction_line (rebate_id);

-- Each comparison of the host's own list with ours, as it was found.
CREATE TABLE reconciliation (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Null: of all programmes.
  program_id    bigint REFERENCES program,
  list_digest   bytea NOT NULL,
  counts        jsonb NOT NULL,
  differences   integer NOT NULL CHECK (differences >= 0),
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor
);
CREATE INDEX reconciliation_program ON reconciliation (program_id, id);

GRANT SELECT, INSERT ON webhook_endpoint, outbox, outbox_attempt, reward_receiver, host_instruction, host_instruction_line, reconciliation TO ringfence_app;
GRANT UPDATE (retired_at, waits_for_reconciliation, topics, sealed_secret, sealed_key_id, previous_sealed_secret, previous_sealed_key_id, previous_until)
  ON webhook_endpoint TO ringfence_app;
GRANT UPDATE (attempts, next_attempt_at, last_failure, delivered_at, given_up_at) ON outbox TO ringfence_app;
GRANT UPDATE (state, confirmed_amount, host_reference, refusal, withdrawn_at, ended_transfer_id, ended_at, ended_actor_id) ON host_instruction TO ringfence_app;
GRANT UPDATE (confirmed_amount) ON host_instruction_line TO ringfence_app;
-- Messages hold external ids: what was delivered goes after its time; so does the resource of a member who is erased.
GRANT DELETE ON outbox, outbox_attempt, reward_receiver TO ringfence_app;
