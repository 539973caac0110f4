-- Keeping the books provable: postings are sealed into the chain of acts in batches, and every verification leaves its result.

CREATE TABLE posting_seal (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- All transfers from the first to the last id, both inclusive; the first is the one after the last of the seal before.
  first_transfer_id bigint NOT NULL,
  last_transfer_id  bigint NOT NULL UNIQUE,
  transfers       bigint NOT NULL,
  -- SHA-256 over the digests of the transfers in the order of their ids.
  digest          bytea NOT NULL CHECK (octet_length(digest) = 32),
  -- Per transfer its id and the first 8 bytes of its digest, so that a wrong one can be named.
  marks           bytea NOT NULL CHECK (octet_length(marks) = 16 * transfers),
  act_sequence    bigint NOT NULL REFERENCES act,
  recorded_at     timestamptz NOT NULL,
  CHECK (last_transfer_id >= first_transfer_id)
);
CREATE TRIGGER posting_seal_append_only BEFORE UPDATE OR DELETE ON posting_seal FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER posting_seal_no_truncate BEFORE TRUNCATE ON posting_seal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The highest id below which no transfer can come any more. Whoever writes transfers holds their table's writing lock from before the id
-- is taken to the end of the transaction; this lock waits for all of them, shortly, and is gone with its own small transaction.
CREATE FUNCTION settled_transfer_id() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '300ms' AS $$
BEGIN
  LOCK TABLE transfer IN SHARE MODE;
  RETURN (SELECT coalesce(max(id), 0) FROM transfer);
END $$;

-- What a seal says of every transfer of a range: all its columns and entries but the transaction's number, which a restore rewrites.
CREATE FUNCTION transfer_digests(p_first bigint, p_last bigint) RETURNS TABLE (id bigint, digest bytea) LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT t.id, sha256(convert_to(concat_ws('|', t.id, encode(t.natural_key, 'hex'), encode(t.content_digest, 'hex'), t.kind,
      coalesce(t.program_id::text, '-'), coalesce(t.event_id::text, '-'), coalesce(t.decision_id::text, '-'), coalesce(t.reverses_id::text, '-'),
      (extract(epoch FROM t.occurred_at) * 1000000)::bigint, (extract(epoch FROM t.recorded_at) * 1000000)::bigint,
      (extract(epoch FROM t.effective_at) * 1000000)::bigint, t.actor_id, coalesce(l.lines, '-')), 'UTF8'))
    FROM transfer t LEFT JOIN (
      SELECT e.transfer_id, string_agg(concat_ws(',', e.id, e.book_account_id, coalesce(e.rebate_id::text, '-'), e.asset, e.amount, e.balance_before,
          e.balance_after, e.account_version), ';' ORDER BY e.id) AS lines
        FROM entry e WHERE e.transfer_id BETWEEN p_first AND p_last GROUP BY e.transfer_id
    ) AS l ON l.transfer_id = t.id
    WHERE t.id BETWEEN p_first AND p_last
$$;

CREATE TABLE verification (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  is_ok       boolean NOT NULL,
  faults      jsonb NOT NULL,
  counted     jsonb NOT NULL
);
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

REVOKE ALL ON FUNCTION settled_transfer_id, transfer_digests FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settled_transfer_id, transfer_digests TO ringfence_app;
GRANT SELECT, INSERT ON posting_seal, verification, job_run TO ringfence_app;
GRANT UPDATE (runs, failures, last_started_at, last_succeeded_at, last_failed_at, last_failure) ON job_run TO ringfence_app;
-- A backup reads where the sequences stand, and which migrations were applied.
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ringfence_app;
DO $$
BEGIN
  -- Prisma's own tools apply migrations to databases that have no such table yet.
  IF to_regclass('_prisma_migrations') IS NOT NULL THEN
    GRANT SELECT ON _prisma_migrations TO ringfence_app;
  END IF;
END $$;
