-- Statements and closed periods: what was posted before the end of a closed period stays as it was read; later corrections are
-- posted in the open period. Also the indexes that keep a member's pages quick with a hundred thousand rebates.

-- The end of a period is closed first, and its statement is written once every transaction that was running then has ended.
CREATE TABLE period_lock (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  program_id    bigint REFERENCES program,
  -- Start inclusive, end exclusive, on transfer.effective_at.
  starts_at     timestamptz NOT NULL,
  ends_at       timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor,
  UNIQUE NULLS NOT DISTINCT (program_id, starts_at),
  CHECK (ends_at > starts_at),
  CHECK (recorded_at >= ends_at)
);
COMMENT ON COLUMN period_lock.program_id IS 'Null: the whole platform, with the money that belongs to no programme.';
CREATE INDEX period_lock_end ON period_lock (ends_at);
CREATE TRIGGER period_lock_append_only BEFORE UPDATE OR DELETE ON period_lock FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER period_lock_no_truncate BEFORE TRUNCATE ON period_lock FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE period_statement (
  lock_id       bigint PRIMARY KEY REFERENCES period_lock,
  statement     jsonb NOT NULL,
  digest        bytea NOT NULL,
  recorded_at   timestamptz NOT NULL,
  actor_id      bigint NOT NULL REFERENCES actor
);
CREATE TRIGGER period_statement_append_only BEFORE UPDATE OR DELETE ON period_statement FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER period_statement_no_truncate BEFORE TRUNCATE ON period_statement FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Periods follow each other without a gap, so that one statement's closing is the next one's opening.
CREATE FUNCTION check_period_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_last timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('period ' || coalesce(NEW.program_id::text, 'platform'), 0));
  SELECT max(ends_at) INTO v_last FROM period_lock WHERE program_id IS NOT DISTINCT FROM NEW.program_id;
  IF v_last IS NOT NULL AND v_last <> NEW.starts_at THEN
    RAISE EXCEPTION 'the period must start where the last closed one ended, at %', v_last USING ERRCODE = 'RF005';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER period_lock_follows BEFORE INSERT ON period_lock FOR EACH ROW EXECUTE FUNCTION check_period_follows();

-- Nothing is posted into what is closed. Postings take effect now, so this only meets one that began before the end and came after the
-- closing: it is asked to begin again (40001), and then takes effect in the open period.
CREATE FUNCTION check_period_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_closed_until timestamptz;
  v_wrong record;
BEGIN
  SELECT max(ends_at) INTO v_closed_until FROM period_lock;
  IF v_closed_until IS NULL OR NOT EXISTS (
    SELECT 1 FROM added JOIN transfer ON transfer.id = added.transfer_id WHERE transfer.effective_at < v_closed_until) THEN
    RETURN NULL;
  END IF;
  SELECT transfer.id, transfer.effective_at, period_lock.ends_at INTO v_wrong
    FROM added JOIN transfer ON transfer.id = added.transfer_id LEFT JOIN rebate ON rebate.id = added.rebate_id
    JOIN period_lock ON period_lock.ends_at > transfer.effective_at AND (period_lock.program_id IS NULL OR period_lock.program_id = rebate.program_id)
    ORDER BY transfer.id LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'transfer % takes effect at %, and everything before % is closed', v_wrong.id, v_wrong.effective_at, v_wrong.ends_at USING ERRCODE = '40001';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_period_is_open AFTER INSERT ON entry
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_period_is_open();

-- When a fact of the past takes effect in the books: at its own time, or now where that time is closed.
CREATE FUNCTION open_time(p_program_id bigint, p_wanted timestamptz, p_now timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN EXISTS (SELECT 1 FROM period_lock WHERE ends_at > p_wanted AND (program_id IS NULL OR program_id = p_program_id)) THEN p_now ELSE p_wanted END
$$;

-- A period of the books is a narrow range of the table, because postings take effect as they come.
CREATE INDEX transfer_effective ON transfer USING brin (effective_at) WITH (pages_per_range = 16, autosummarize = on);

-- The same indexes as before with what sums need beside them, so that they are answered from the index alone.
DROP INDEX entry_rebate;
CREATE INDEX entry_rebate ON entry (rebate_id) INCLUDE (book_account_id, amount) WHERE rebate_id IS NOT NULL;
DROP INDEX rebate_account;
CREATE INDEX rebate_account ON rebate (account_id, program_id, occurred_at, id) INCLUDE (kind, referral_id, asset, amount);
DROP INDEX referral_inviter;
CREATE INDEX referral_inviter ON referral (inviter_id, program_id, occurred_at, id);
CREATE INDEX click_counted ON click (code_id) WHERE NOT is_bot;

GRANT SELECT, INSERT ON period_lock, period_statement TO ringfence_app;
GRANT EXECUTE ON FUNCTION open_time TO ringfence_app;
