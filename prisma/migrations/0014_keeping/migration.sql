-- Keeping the books provable: postings are sealed into the chain of acts in batches, and every verification leaves its result.

CREATE TABLE posting_seal (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- All transfers from the first to the last id, both inclusive; ids are only sealed once no writer can still bring a lower one.
  first_transfer_id bigint NOT NULL,
  last_transfer_id  bigint NOT NULL UNIQUE,
  transfers       bigint NOT NULL,
  digest          bytea NOT NULL,
  act_sequence    bigint NOT NULL,
  recorded_at     timestamptz NOT NULL,
  CHECK (last_transfer_id >= first_transfer_id)
);
CREATE TRIGGER posting_seal_append_only BEFORE UPDATE OR DELETE ON posting_seal FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE verification (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  is_ok       boolean NOT NULL,
  faults      jsonb NOT NULL,
  counted     jsonb NOT NULL
);
CREATE TRIGGER posting_seal_no_truncate BEFORE TRUNCATE ON posting_seal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER verification_append_only BEFORE UPDATE OR DELETE ON verification FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- How each job of the service last went, whichever process ran it; what alerts watch. Failures by their kind only, never by a message.
CREATE TABLE job_run (
  name              text PRIMARY KEY,
  runs              bigint NOT NULL,
  failures          bigint NOT NULL,
  last_started_at   timestamptz NOT NULL,
  last_succeeded_at timestamptz,
  last_failed_at    timestamptz,
  last_failure      text
);

GRANT SELECT, INSERT ON posting_seal, verification, job_run TO ringfence_app;
GRANT UPDATE (runs, failures, last_started_at, last_succeeded_at, last_failed_at, last_failure) ON job_run TO ringfence_app;
