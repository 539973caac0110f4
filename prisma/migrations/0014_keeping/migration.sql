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
GRANT SELECT, INSERT ON posting_seal, verification TO ringfence_app;
