-- Closing a period: what was posted into it stays as it was read; later corrections are posted in the open period.

CREATE TABLE period_lock (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint NOT NULL REFERENCES program,
  -- Start inclusive, end exclusive, on transfer.effective_at.
  starts_at     timestamptz NOT NULL,
  ends_at       timestamptz NOT NULL,
  statement     jsonb NOT NULL,
  digest        bytea NOT NULL,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor,
  UNIQUE (program_id, starts_at),
  CHECK (ends_at > starts_at)
);
CREATE TRIGGER period_lock_append_only BEFORE UPDATE OR DELETE ON period_lock FOR EACH ROW EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON period_lock TO ringfence_app;
