-- What goes out to hosts: messages written in the transaction of their cause, delivered signed and at least once;
-- and instructions about money that a host keeps, which stay in transit until the host confirms them.

CREATE TABLE webhook_endpoint (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint REFERENCES program,
  url           text NOT NULL,
  topics        text[] NOT NULL,
  sealed_secret bytea NOT NULL,
  sealed_key_id integer NOT NULL,
  -- Set by a restore: nothing is sent until the host's own list was compared.
  waits_for_reconciliation boolean NOT NULL DEFAULT false,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor,
  retired_at    timestamptz
);

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
  given_up_at     timestamptz
);
CREATE INDEX outbox_due ON outbox (endpoint_id, next_attempt_at, id) WHERE delivered_at IS NULL AND given_up_at IS NULL;

CREATE TABLE host_instruction (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  natural_key     bytea NOT NULL UNIQUE,
  program_id      bigint NOT NULL REFERENCES program,
  account_id      bigint NOT NULL REFERENCES account,
  kind            text NOT NULL CHECK (kind IN ('credit', 'grant_days', 'freeze', 'release', 'reclaim')),
  asset           text NOT NULL REFERENCES asset,
  amount          bigint NOT NULL CHECK (amount > 0),
  -- The posting that put the money in transit, and the one that ended it.
  transfer_id     bigint REFERENCES transfer,
  ended_transfer_id bigint REFERENCES transfer,
  decision_id     bigint,
  state           text NOT NULL CHECK (state IN ('in_transit', 'confirmed', 'partly', 'refused')),
  confirmed_amount bigint CHECK (confirmed_amount BETWEEN 0 AND amount),
  host_reference  text,
  recorded_at     timestamptz NOT NULL,
  ended_at        timestamptz,
  CHECK ((state = 'in_transit') = (ended_at IS NULL))
);
COMMENT ON COLUMN host_instruction.amount IS 'In the smallest unit of the asset.';
CREATE INDEX host_instruction_account ON host_instruction (account_id, id);
CREATE INDEX host_instruction_open ON host_instruction (program_id, id) WHERE state = 'in_transit';
-- Which rebates the amount is made of.
CREATE TABLE host_instruction_line (
  instruction_id  bigint NOT NULL REFERENCES host_instruction,
  rebate_id       bigint NOT NULL REFERENCES rebate,
  amount          bigint NOT NULL CHECK (amount > 0),
  PRIMARY KEY (instruction_id, rebate_id)
);

GRANT SELECT, INSERT ON webhook_endpoint, outbox, host_instruction, host_instruction_line TO ringfence_app;
GRANT UPDATE (retired_at, waits_for_reconciliation, topics) ON webhook_endpoint TO ringfence_app;
GRANT UPDATE (attempts, next_attempt_at, last_failure, delivered_at, given_up_at) ON outbox TO ringfence_app;
GRANT UPDATE (state, confirmed_amount, host_reference, ended_transfer_id, ended_at) ON host_instruction TO ringfence_app;
