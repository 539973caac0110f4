-- What accrual needs beyond one track, one currency and one event at a time: the track of a rebate, converted amounts, what must be
-- asked before it is earned, sequences of sources, and the functions by which many facts are read, posted and written at once.

ALTER TABLE rebate ADD COLUMN track text NOT NULL DEFAULT 'default';
COMMENT ON COLUMN rebate.track IS 'The track that the inviter was on when the event occurred; it never changes afterwards.';

ALTER TABLE event DROP CONSTRAINT event_type_check;
ALTER TABLE event ADD CONSTRAINT event_type_check CHECK (type IN ('signup', 'verified', 'recharge', 'payment', 'spend', 'refund', 'dispute_opened',
  'dispute_won', 'chargeback', 'login', 'track_change', 'account_closed', 'payout_destination_changed'));

-- Another currency carries its amount in the programme's asset, the rate and where the rate is from.
ALTER TABLE event ADD COLUMN converted_amount bigint CHECK (converted_amount >= 0);
ALTER TABLE event ADD COLUMN converted_asset text REFERENCES asset;
ALTER TABLE event ADD COLUMN conversion_rate text;
ALTER TABLE event ADD COLUMN conversion_source text;
ALTER TABLE event ADD CONSTRAINT event_conversion CHECK (num_nulls(converted_amount, converted_asset, conversion_rate, conversion_source) IN (0, 4));

ALTER TABLE event ADD COLUMN is_history boolean;
COMMENT ON COLUMN event.is_history IS 'Imported as a fact that never earns; null in rows of older releases, where all that was imported is history.';

-- What an event would earn but cannot be said yet: it is held for a person's answer, never guessed.
CREATE TABLE accrual_question (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id      bigint NOT NULL REFERENCES event,
  program_id    bigint NOT NULL REFERENCES program,
  referral_id   bigint NOT NULL REFERENCES referral,
  reason        text NOT NULL CHECK (reason IN ('period_missing', 'period_not_in_months', 'conversion_missing')),
  owner_id      bigint NOT NULL REFERENCES actor,
  due_at        timestamptz NOT NULL,
  recorded_at   timestamptz NOT NULL,
  answer        jsonb,
  answered_at   timestamptz,
  answered_by   bigint REFERENCES actor,
  UNIQUE (event_id, program_id),
  CHECK (num_nulls(answer, answered_at, answered_by) IN (0, 3))
);
COMMENT ON COLUMN accrual_question.answer IS 'The period or the conversion that was missing, or that nothing is earned.';
CREATE INDEX accrual_question_open ON accrual_question (due_at, id) WHERE answered_at IS NULL;

-- Numbers that a source gives its events, one after another: what is missing between them was lost on the way.
CREATE TABLE source_sequence (
  source_id   bigint PRIMARY KEY REFERENCES source,
  first       bigint NOT NULL CHECK (first >= 0),
  newest      bigint NOT NULL CHECK (newest >= first),
  changed_at  timestamptz NOT NULL
);
CREATE TABLE source_gap (
  source_id     bigint NOT NULL REFERENCES source,
  from_sequence bigint NOT NULL,
  to_sequence   bigint NOT NULL CHECK (to_sequence >= from_sequence),
  noticed_at    timestamptz NOT NULL,
  PRIMARY KEY (source_id, from_sequence)
);
COMMENT ON TABLE source_gap IS 'Both ends are missing themselves. A gap shrinks, splits or goes when its events come.';

-- Facts of one account are recorded one after another: an original and its refund, a sign-up and its first recharge must see each other.
-- Sorted, before any member is locked. Accounts share 4096 locks, so that a thousand of them do not fill the server's table of locks.
CREATE FUNCTION lock_facts(p_account_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_lock integer;
BEGIN
  FOR v_lock IN SELECT DISTINCT hashint8(id) & 4095 FROM unnest(p_account_ids) AS given(id) ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(724611, v_lock);
  END LOOP;
END $$;

CREATE FUNCTION event_as_json(e event) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('id', e.id::text, 'key', encode(e.natural_key, 'hex'), 'digest', encode(e.content_digest, 'hex'), 'type', e.type,
    'account', e.account_id::text, 'original', encode(e.original_key, 'hex'), 'amount', e.amount::text, 'asset', e.asset, 'excluded', e.excluded::text,
    'funded_by', e.funded_by, 'unit', e.period_unit, 'count', e.period_count, 'converted', e.converted_amount::text, 'converted_asset', e.converted_asset,
    'occurred_at', e.occurred_at, 'recorded_at', e.recorded_at, 'imported', coalesce(e.is_history, (SELECT b.kind = 'import' FROM batch b WHERE b.id = e.batch_id)))
$$;

-- Locks the accounts' facts, then finds the events of the given natural keys.
CREATE FUNCTION read_facts(p_account_ids bigint[], p_keys bytea[]) RETURNS jsonb LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  PERFORM lock_facts(p_account_ids);
  RETURN (SELECT coalesce(jsonb_agg(event_as_json(e)), '[]') FROM unnest(p_keys) AS given(key) JOIN event e ON e.natural_key = given.key);
END $$;

-- Locks the accounts and those who invited them, then reads all that their facts may need. `p_event_ids`: events whose rebates count;
-- `p_keys`: natural keys of events that refunds and disputes may be about; `p_since`: per account, from when on its earlier payments count, or null.
CREATE FUNCTION read_books(p_account_ids bigint[], p_since timestamptz[], p_event_ids bigint[], p_keys bytea[]) RETURNS jsonb LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_members bigint[];
  v_referrals jsonb;
  v_referral_ids bigint[];
  v_waiting bigint[];
  v_events bigint[];
  v_keys bytea[];
  v_about bigint[];
  v_rebates bigint[];
  v_spent bigint[];
  v_books bigint[];
BEGIN
  SELECT array_agg(DISTINCT m.id) INTO v_members FROM (
    SELECT unnest(p_account_ids) AS id
    UNION ALL SELECT r.inviter_id FROM unnest(p_account_ids) AS a(id) JOIN referral r ON r.invitee_id = a.id
    UNION ALL SELECT r.account_id FROM unnest(p_event_ids) AS e(id) JOIN rebate r ON r.event_id = e.id) AS m;
  PERFORM lock_members(v_members);
  -- Read again under the lock: a decision may have changed a relation's state meanwhile.
  SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id::text, 'program', r.program_id::text, 'inviter', r.inviter_id::text, 'invitee', r.invitee_id::text,
           'state', r.state, 'occurred_at', r.occurred_at, 'effective_at', r.effective_at,
           'click', (SELECT jsonb_build_object('ad_parameters', c.ad_parameters, 'referer_host', c.referer_host) FROM click c WHERE c.id = r.click_id)) ORDER BY r.program_id, r.id), '[]'), array_agg(r.id)
    INTO v_referrals, v_referral_ids FROM unnest(p_account_ids) AS a(id) JOIN referral r ON r.invitee_id = a.id;

  SELECT array_agg(w.event_id) INTO v_waiting FROM unnest(p_account_ids) AS a(id) JOIN waiting_event w ON w.account_id = a.id;
  SELECT array_agg(e.id) INTO v_events FROM (
    SELECT unnest(p_event_ids) AS id
    UNION SELECT unnest(v_waiting)
    UNION SELECT e.id FROM unnest(p_account_ids, p_since) AS a(id, since) JOIN event e ON e.account_id = a.id AND e.occurred_at >= a.since
            WHERE a.since IS NOT NULL AND e.type IN ('recharge', 'payment', 'spend', 'verified')) AS e;
  IF v_waiting IS NOT NULL THEN
    SELECT array_agg(DISTINCT o.id) || v_events INTO v_events
      FROM unnest(v_waiting) AS w(id) JOIN event e ON e.id = w.id JOIN event o ON o.natural_key = e.original_key;
  END IF;
  SELECT array_agg(DISTINCT k.key) INTO v_keys FROM (
    SELECT unnest(p_keys) AS key UNION ALL SELECT e.natural_key FROM unnest(v_events) AS v(id) JOIN event e ON e.id = v.id) AS k;
  SELECT array_agg(e.id) INTO v_about FROM unnest(v_keys) AS k(key) JOIN event e ON e.original_key = k.key;
  SELECT array_agg(DISTINCT id) INTO v_events FROM unnest(v_events || v_about) AS v(id);
  SELECT array_agg(r.id) INTO v_rebates FROM unnest(v_events) AS v(id) JOIN rebate r ON r.event_id = v.id AND r.kind IN ('rebate', 'opening');
  -- What spending took, and what was given back of it, may be given back to where it came from.
  SELECT array_agg(DISTINCT e.rebate_id) INTO v_spent FROM unnest(v_events) AS v(id) JOIN transfer t ON t.event_id = v.id AND t.kind IN ('spend', 'refund')
    JOIN entry e ON e.transfer_id = t.id WHERE e.rebate_id IS NOT NULL;

  SELECT array_agg(b.id) INTO v_books FROM unnest(v_members) AS m(id) JOIN book_account b ON b.account_id = m.id AND b.kind IN ('debt', 'main_bonus', 'main_reward');
  RETURN jsonb_build_object(
    'referrals', v_referrals,
    'events', (SELECT jsonb_agg(event_as_json(e)) FROM unnest(v_events) AS v(id) JOIN event e ON e.id = v.id),
    'waiting', (SELECT jsonb_agg(jsonb_build_object('event', w.event_id::text, 'account', w.account_id::text, 'for', w.waits_for))
      FROM unnest(v_waiting) AS v(id) JOIN waiting_event w ON w.event_id = v.id),
    'names', (SELECT jsonb_agg(jsonb_build_array(i.account_id::text, i.external_id)) FROM unnest(v_members) AS m(id) JOIN account_identity i ON i.account_id = m.id),
    'held_referrals', (SELECT jsonb_agg(DISTINCT h.referral_id::text) FROM unnest(v_referral_ids) AS r(id) JOIN hold h ON h.referral_id = r.id AND h.ended_at IS NULL),
    'held_accounts', (SELECT jsonb_agg(DISTINCT h.account_id::text) FROM unnest(v_members) AS m(id)
      JOIN hold h ON h.account_id = m.id AND h.ended_at IS NULL AND h.subject_kind = 'account'),
    'rebates', (SELECT jsonb_agg(jsonb_build_object('id', r.id::text, 'key', encode(r.natural_key, 'hex'), 'kind', r.kind, 'program', r.program_id::text,
        'version', r.program_version_id::text, 'event', r.event_id::text, 'account', r.account_id::text, 'amount', r.amount::text, 'asset', r.asset,
        'occurred_at', r.occurred_at, 'matures_at', r.matures_at, 'expires_at', r.expires_at))
      FROM unnest(v_rebates) AS v(id) JOIN rebate r ON r.id = v.id),
    'sums', (SELECT jsonb_agg(jsonb_build_array(s.rebate_id::text, s.kind, s.total::text)) FROM (
        SELECT e.rebate_id, b.kind, sum(e.amount) AS total FROM unnest(v_rebates) AS v(id) JOIN entry e ON e.rebate_id = v.id
          JOIN book_account b ON b.id = e.book_account_id AND b.kind IN ('reversed', 'reclaimed', 'breakage', 'opening_balance') GROUP BY 1, 2) AS s),
    'holds', (SELECT jsonb_agg(jsonb_build_object('id', h.id::text, 'rebate', h.rebate_id::text, 'reason', h.reason) ORDER BY h.id)
      FROM (SELECT unnest(v_rebates) AS id UNION SELECT unnest(v_spent)) AS v JOIN hold h ON h.rebate_id = v.id AND h.ended_at IS NULL),
    'positions', position_lines(v_books, v_rebates || v_spent),
    'paid', (SELECT jsonb_agg(jsonb_build_array(b.account_id::text, b.asset, b.balance::text)) FROM unnest(p_account_ids) AS a(id)
      JOIN book_account b ON b.account_id = a.id AND b.kind = 'main_paid'),
    'moves', (SELECT jsonb_agg(jsonb_build_object('transfer', t.id::text, 'kind', t.kind, 'event', t.event_id::text, 'reverses', t.reverses_id::text,
        'book', b.kind, 'rebate', e.rebate_id::text, 'asset', e.asset, 'amount', e.amount::text, 'at', t.recorded_at) ORDER BY e.id)
      FROM unnest(v_events) AS v(id) JOIN transfer t ON t.event_id = v.id AND t.kind IN ('recharge', 'spend', 'refund')
      JOIN entry e ON e.transfer_id = t.id JOIN book_account b ON b.id = e.book_account_id),
    'questions', (SELECT jsonb_agg(jsonb_build_object('event', q.event_id::text, 'program', q.program_id::text, 'answer', q.answer))
      FROM unnest(v_events) AS v(id) JOIN accrual_question q ON q.event_id = v.id),
    'versions', (SELECT jsonb_build_array((SELECT count(*) FROM program_version), (SELECT max(id)::text FROM program_version),
      (SELECT count(*) FROM policy_version), (SELECT max(id)::text FROM policy_version), (SELECT count(*) FROM program), (SELECT count(*) FROM asset))),
    'has_listeners', EXISTS (SELECT 1 FROM webhook_endpoint w WHERE w.retired_at IS NULL AND w.topics && ARRAY['rebate.accrued', 'rebate.held', 'rebate.reversed']),
    'has_standing', EXISTS (SELECT 1 FROM unnest(v_members) AS m(id) JOIN enrolment_change c ON c.account_id = m.id)
      OR EXISTS (SELECT 1 FROM unnest(v_members) AS m(id) JOIN track_change c ON c.account_id = m.id)
      OR EXISTS (SELECT 1 FROM unnest(v_members) AS m(id) JOIN excluded_account x ON x.account_id = m.id));
END $$;

-- What lies in the given book accounts, and where the given rebates lie or lay.
CREATE FUNCTION position_lines(p_book_ids bigint[], p_rebate_ids bigint[]) RETURNS jsonb LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
  SELECT jsonb_agg(jsonb_build_object('account', b.account_id::text, 'book', b.kind, 'asset', b.asset, 'rebate', r.id::text, 'amount', p.amount::text,
      'program', r.program_id::text, 'kind', r.kind, 'occurred_at', r.occurred_at, 'matures_at', r.matures_at,
      'expires_at', CASE WHEN r.expires_at IS NOT NULL THEN credit_expires_at(r.id, r.expires_at, r.expires_at) END))
    FROM (SELECT p.book_account_id, p.rebate_id, p.amount FROM unnest(p_book_ids) AS v(id) JOIN position p ON p.book_account_id = v.id AND p.amount <> 0
          UNION SELECT p.book_account_id, p.rebate_id, p.amount FROM unnest(p_rebate_ids) AS v(id) JOIN position p ON p.rebate_id = v.id) AS p
    JOIN book_account b ON b.id = p.book_account_id JOIN rebate r ON r.id = p.rebate_id
$$;

-- As the first one, in one reading of the entries.
CREATE OR REPLACE FUNCTION check_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_entries bigint;
  v_wrong text;
BEGIN
  SELECT sum(entries), string_agg(asset || ' ' || total, ', ') FILTER (WHERE total <> 0) INTO v_entries, v_wrong
    FROM (SELECT asset, sum(amount) AS total, count(*) AS entries FROM entry WHERE transfer_id = NEW.id GROUP BY asset) AS sums;
  IF v_wrong IS NOT NULL THEN
    RAISE EXCEPTION 'transfer % does not sum to zero: %', NEW.id, v_wrong USING ERRCODE = 'RF002';
  END IF;
  IF v_entries IS NULL OR v_entries < 2 THEN
    RAISE EXCEPTION 'transfer % has fewer than two entries', NEW.id USING ERRCODE = 'RF002';
  END IF;
  RETURN NULL;
END $$;

-- Posts balanced transfers in their order, as if one after another, or returns those already posted under the same natural keys.
-- One element per transfer in the first arrays; one per entry in the last ones, with the place of its transfer (from 1).
-- A reversed id below zero is a place: an earlier transfer of the same call. Every bound holds after every transfer, not only at the end.
-- Refusals: 23514 a balance would pass its bound (book_account_floor or position_floor), RF002 not balanced or malformed,
-- RF003 a key was used for another content.
CREATE FUNCTION post_transfers(
  p_keys bytea[], p_transfer_kinds text[], p_program_ids bigint[], p_event_ids bigint[], p_decision_ids bigint[], p_reverses_ids bigint[],
  p_occurred_at timestamptz[], p_recorded_at timestamptz[], p_effective_at timestamptz[], p_actor_ids bigint[],
  p_places integer[], p_account_ids bigint[], p_kinds text[], p_assets text[], p_rebate_ids bigint[], p_amounts bigint[]
) RETURNS TABLE (transfer_id bigint, replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_count integer := cardinality(p_keys);
  v_entries integer := cardinality(p_places);
  v_ids bigint[];
  v_reverses bigint[];
  v_digests bytea[];
  v_inserted bigint[];
  v_stripe smallint := 0;
  v_book_ids bigint[];
  v_wrong text;
BEGIN
  IF v_count = 0 THEN
    RETURN;
  END IF;
  IF v_entries IS NULL OR cardinality(p_account_ids) <> v_entries OR cardinality(p_kinds) <> v_entries OR cardinality(p_assets) <> v_entries
     OR cardinality(p_rebate_ids) <> v_entries OR cardinality(p_amounts) <> v_entries
     OR (SELECT count(*) FROM (SELECT 1 FROM unnest(p_places) AS e(place) WHERE e.place BETWEEN 1 AND v_count GROUP BY e.place HAVING count(*) >= 2) AS enough) < v_count THEN
    RAISE EXCEPTION 'a transfer needs two entries or more, described by arrays of one length' USING ERRCODE = 'RF002';
  END IF;
  SELECT string_agg(e.kind || ' ' || e.asset, ', ') INTO v_wrong
    FROM unnest(p_account_ids, p_kinds, p_assets, p_rebate_ids) AS e(account_id, kind, asset, rebate_id)
    LEFT JOIN book_account_kind k ON k.kind = e.kind
    WHERE k.kind IS NULL OR (k.owner = 'member') <> (e.account_id IS NOT NULL) OR (k.names_rebate AND e.rebate_id IS NULL);
  IF v_wrong IS NOT NULL THEN
    RAISE EXCEPTION 'entries with an unknown kind, a wrong owner or without their rebate: %', v_wrong USING ERRCODE = 'RF002';
  END IF;

  -- Before an id is taken: the sealing of postings waits for whoever holds this lock, so that no lower id can come after a seal.
  LOCK TABLE transfer IN ROW EXCLUSIVE MODE;
  SELECT array_agg(coalesce(k.id, nextval('transfer_id_seq')) ORDER BY t.place) INTO v_ids
    FROM unnest(p_keys) WITH ORDINALITY AS t(key, place) LEFT JOIN transfer k ON k.natural_key = t.key;
  SELECT array_agg(CASE WHEN t.reverses_id < 0 THEN v_ids[-t.reverses_id] ELSE t.reverses_id END ORDER BY t.place) INTO v_reverses
    FROM unnest(p_reverses_ids) WITH ORDINALITY AS t(reverses_id, place);
  SELECT array_agg(sha256(convert_to(concat_ws('|', t.kind, t.program_id, t.event_id, t.decision_id, t.reverses_id,
           l.account_ids::text, l.kinds::text, l.assets::text, l.rebate_ids::text, l.amounts::text), 'UTF8')) ORDER BY t.place) INTO v_digests
    FROM (SELECT e.transfer_place, array_agg(e.account_id ORDER BY e.place) AS account_ids, array_agg(e.kind ORDER BY e.place) AS kinds,
                 array_agg(e.asset ORDER BY e.place) AS assets, array_agg(e.rebate_id ORDER BY e.place) AS rebate_ids, array_agg(e.amount ORDER BY e.place) AS amounts
            FROM unnest(p_places, p_account_ids, p_kinds, p_assets, p_rebate_ids, p_amounts) WITH ORDINALITY
              AS e(transfer_place, account_id, kind, asset, rebate_id, amount, place) GROUP BY 1) AS l
    JOIN LATERAL (SELECT l.transfer_place AS place, p_transfer_kinds[l.transfer_place] AS kind, p_program_ids[l.transfer_place] AS program_id,
                         p_event_ids[l.transfer_place] AS event_id, p_decision_ids[l.transfer_place] AS decision_id, v_reverses[l.transfer_place] AS reverses_id) AS t ON true;

  WITH made AS (
    INSERT INTO transfer (id, natural_key, content_digest, kind, program_id, event_id, decision_id, reverses_id, occurred_at, recorded_at, effective_at, actor_id)
      OVERRIDING SYSTEM VALUE
      SELECT t.id, t.key, t.digest, t.kind, t.program_id, t.event_id, t.decision_id, t.reverses_id, t.occurred_at, t.recorded_at, t.effective_at, t.actor_id
        FROM unnest(v_ids, p_keys, v_digests, p_transfer_kinds, p_program_ids, p_event_ids, p_decision_ids, v_reverses, p_occurred_at, p_recorded_at, p_effective_at, p_actor_ids)
          WITH ORDINALITY AS t(id, key, digest, kind, program_id, event_id, decision_id, reverses_id, occurred_at, recorded_at, effective_at, actor_id, place)
        ORDER BY t.place
      ON CONFLICT (natural_key) DO NOTHING RETURNING id
  ) SELECT coalesce(array_agg(id), '{}') INTO v_inserted FROM made;
  IF cardinality(v_inserted) < v_count THEN
    SELECT k.id::text INTO v_wrong FROM unnest(p_keys, v_digests) AS t(key, digest) JOIN transfer k ON k.natural_key = t.key WHERE k.content_digest <> t.digest LIMIT 1;
    IF v_wrong IS NOT NULL THEN
      RAISE EXCEPTION 'the key of transfer % was used for another content', v_wrong USING ERRCODE = 'RF003';
    END IF;
    -- Entries of what was posted before are left out below.
    SELECT coalesce(array_agg(e.place), '{}'), coalesce(array_agg(e.account_id), '{}'), coalesce(array_agg(e.kind), '{}'), coalesce(array_agg(e.asset), '{}'),
           coalesce(array_agg(e.rebate_id), '{}'), coalesce(array_agg(e.amount), '{}')
      INTO p_places, p_account_ids, p_kinds, p_assets, p_rebate_ids, p_amounts
      FROM (SELECT * FROM unnest(p_places, p_account_ids, p_kinds, p_assets, p_rebate_ids, p_amounts) WITH ORDINALITY AS e(place, account_id, kind, asset, rebate_id, amount, line)
              WHERE v_ids[e.place] = ANY (v_inserted) ORDER BY e.line) AS e;
  END IF;

  IF cardinality(v_inserted) > 0 THEN
    PERFORM lock_members(p_account_ids);
    IF array_position(p_account_ids, NULL) IS NOT NULL THEN
      v_stripe := take_stripe();
    END IF;
    INSERT INTO book_account (account_id, kind, sign, asset, stripe)
      SELECT e.account_id, e.kind, k.sign, e.asset, CASE WHEN e.account_id IS NULL THEN v_stripe ELSE 0 END
        FROM (SELECT DISTINCT e.account_id, e.kind, e.asset FROM unnest(p_account_ids, p_kinds, p_assets) AS e(account_id, kind, asset)) AS e
        JOIN book_account_kind k ON k.kind = e.kind
        WHERE CASE WHEN e.account_id IS NULL
          THEN NOT EXISTS (SELECT 1 FROM book_account b WHERE b.account_id IS NULL AND b.kind = e.kind AND b.asset = e.asset AND b.stripe = v_stripe)
          ELSE NOT EXISTS (SELECT 1 FROM book_account b WHERE b.account_id = e.account_id AND b.kind = e.kind AND b.asset = e.asset AND b.stripe = 0) END
        ORDER BY 1 NULLS LAST, 2, 4
      ON CONFLICT (account_id, kind, asset, stripe) DO NOTHING;
    SELECT array_agg(CASE WHEN e.account_id IS NULL
        THEN (SELECT b.id FROM book_account b WHERE b.account_id IS NULL AND b.kind = e.kind AND b.asset = e.asset AND b.stripe = v_stripe)
        ELSE (SELECT b.id FROM book_account b WHERE b.account_id = e.account_id AND b.kind = e.kind AND b.asset = e.asset AND b.stripe = 0) END ORDER BY e.line)
      INTO v_book_ids FROM unnest(p_account_ids, p_kinds, p_assets) WITH ORDINALITY AS e(account_id, kind, asset, line);
    -- Sorted locks, members before stripes: two transfers can wait for each other but never in a circle.
    PERFORM 1 FROM book_account b WHERE b.id = ANY (v_book_ids) ORDER BY (b.account_id IS NULL), b.id FOR UPDATE;

    INSERT INTO entry (transfer_id, book_account_id, rebate_id, asset, amount, balance_before, balance_after, account_version)
      SELECT v_ids[e.place], b.id, e.rebate_id, e.asset, e.amount, (b.balance + sum(e.amount) OVER running - e.amount)::bigint,
             (b.balance + sum(e.amount) OVER running)::bigint, b.version + row_number() OVER running
        FROM unnest(p_places, v_book_ids, p_rebate_ids, p_assets, p_amounts) WITH ORDINALITY AS e(place, book_account_id, rebate_id, asset, amount, line)
        CROSS JOIN LATERAL (SELECT b.id, b.balance, b.version FROM book_account b WHERE b.id = e.book_account_id OFFSET 0) AS b
        WINDOW running AS (PARTITION BY e.book_account_id ORDER BY e.line) ORDER BY e.line;
    IF v_count > 1 THEN
      PERFORM check_bounds_between(p_places, v_book_ids, p_rebate_ids, p_amounts);
    END IF;
    UPDATE book_account b SET balance = b.balance + change.total, version = b.version + change.entries
      FROM (SELECT e.book_account_id, sum(e.amount)::bigint AS total, count(*) AS entries FROM unnest(v_book_ids, p_amounts) AS e(book_account_id, amount) GROUP BY 1) AS change
      WHERE b.id = change.book_account_id;
    -- Those that are there first: an amount below zero is never a new line, whose bound would be checked before the sum.
    UPDATE position p SET amount = p.amount + change.total
      FROM (SELECT e.book_account_id, e.rebate_id, sum(e.amount)::bigint AS total FROM unnest(v_book_ids, p_rebate_ids, p_amounts) AS e(book_account_id, rebate_id, amount)
              WHERE e.rebate_id IS NOT NULL GROUP BY 1, 2) AS change
      WHERE p.book_account_id = change.book_account_id AND p.rebate_id = change.rebate_id;
    INSERT INTO position (book_account_id, rebate_id, sign, amount)
      SELECT e.book_account_id, e.rebate_id, b.sign, e.total
        FROM (SELECT e.book_account_id, e.rebate_id, sum(e.amount)::bigint AS total FROM unnest(v_book_ids, p_rebate_ids, p_amounts) AS e(book_account_id, rebate_id, amount)
                WHERE e.rebate_id IS NOT NULL GROUP BY 1, 2) AS e
        CROSS JOIN LATERAL (SELECT b.sign FROM book_account b WHERE b.id = e.book_account_id AND b.account_id IS NOT NULL OFFSET 0) AS b
        WHERE NOT EXISTS (SELECT 1 FROM position p WHERE p.book_account_id = e.book_account_id AND p.rebate_id = e.rebate_id);
  END IF;
  IF cardinality(v_inserted) = v_count THEN
    RETURN QUERY SELECT t.id, false FROM unnest(v_ids) WITH ORDINALITY AS t(id, place) ORDER BY t.place;
    RETURN;
  END IF;
  RETURN QUERY SELECT k.id, NOT (v_ids[t.place] = ANY (v_inserted))
    FROM unnest(p_keys) WITH ORDINALITY AS t(key, place) JOIN transfer k ON k.natural_key = t.key ORDER BY t.place;
END $$;

-- Refuses entries after one of whose transfers a balance or a position would lie beyond its bound, as posting them one by one would.
CREATE FUNCTION check_bounds_between(p_places integer[], p_book_ids bigint[], p_rebate_ids bigint[], p_amounts bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_bound text;
BEGIN
  WITH line AS (
    SELECT e.place, e.line, b.id, b.sign, e.rebate_id,
           b.balance + sum(e.amount) OVER (PARTITION BY b.id ORDER BY e.line) AS balance,
           lead(e.place) OVER (PARTITION BY b.id ORDER BY e.line) IS DISTINCT FROM e.place AS is_last,
           coalesce(p.amount, 0) + sum(e.amount) OVER (PARTITION BY b.id, e.rebate_id ORDER BY e.line) AS held,
           lead(e.place) OVER (PARTITION BY b.id, e.rebate_id ORDER BY e.line) IS DISTINCT FROM e.place AS is_last_of_rebate
      FROM unnest(p_places, p_book_ids, p_rebate_ids, p_amounts) WITH ORDINALITY AS e(place, book_account_id, rebate_id, amount, line)
      CROSS JOIN LATERAL (SELECT b.id, b.sign, b.balance FROM book_account b WHERE b.id = e.book_account_id OFFSET 0) AS b
      LEFT JOIN LATERAL (SELECT p.amount FROM position p WHERE p.book_account_id = e.book_account_id AND p.rebate_id = e.rebate_id OFFSET 0) AS p ON true
      WHERE b.sign <> 0
  )
  SELECT CASE WHEN is_last AND balance * sign < 0 THEN 'book_account_floor' ELSE 'position_floor' END INTO v_bound
    FROM line WHERE (is_last AND balance * sign < 0) OR (is_last_of_rebate AND rebate_id IS NOT NULL AND held * sign < 0) LIMIT 1;
  IF v_bound IS NOT NULL THEN
    RAISE EXCEPTION 'a balance would pass its bound: %', v_bound USING ERRCODE = '23514', CONSTRAINT = v_bound;
  END IF;
END $$;

-- One transfer: a call of one.
CREATE OR REPLACE FUNCTION post_transfer(
  p_natural_key bytea, p_kind text, p_program_id bigint, p_event_id bigint, p_decision_id bigint, p_reverses_id bigint,
  p_occurred_at timestamptz, p_recorded_at timestamptz, p_effective_at timestamptz, p_actor_id bigint,
  p_account_ids bigint[], p_kinds text[], p_assets text[], p_rebate_ids bigint[], p_amounts bigint[]
) RETURNS TABLE (transfer_id bigint, replayed boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM post_transfers(ARRAY[p_natural_key], ARRAY[p_kind], ARRAY[p_program_id], ARRAY[p_event_id], ARRAY[p_decision_id], ARRAY[p_reverses_id],
    ARRAY[p_occurred_at], ARRAY[p_recorded_at], ARRAY[p_effective_at], ARRAY[p_actor_id],
    array_fill(1, ARRAY[cardinality(p_amounts)]), p_account_ids, p_kinds, p_assets, p_rebate_ids, p_amounts)
$$;

-- Answers of the check with their side rows; returns the ids written. A request key that another process used meanwhile stays with the first.
CREATE FUNCTION record_checks(p_rows jsonb) RETURNS SETOF text LANGUAGE sql SET enable_hashjoin = on AS $$
  WITH given AS (
    SELECT * FROM jsonb_to_recordset(p_rows) AS r(
      id text, request_key text, program_id bigint, subject_kind text, subject_digest text, inviter_id bigint, invitee_id bigint, amount bigint, asset text,
      request_digest text, decision text, would text, probability double precision, reasons jsonb, ring_id bigint, policy_version_id bigint, model_version text,
      is_degraded boolean, awaits text, supersedes text, "position" text, body_digest text, actor_id bigint, evaluated_at timestamptz, expires_at timestamptz,
      salt text, answer text, request jsonb)
  ), made AS (
    INSERT INTO check_record (id, request_key, program_id, subject_kind, subject_digest, inviter_id, invitee_id, amount, asset, request_digest, decision, would,
        probability, reasons, ring_id, policy_version_id, model_version, is_degraded, awaits, supersedes, "position", body_digest, actor_id, evaluated_at, expires_at)
      SELECT id, decode(request_key, 'hex'), program_id, subject_kind, decode(subject_digest, 'hex'), inviter_id, invitee_id, amount, asset,
             decode(request_digest, 'hex'), decision, would, probability, reasons, ring_id, policy_version_id, model_version, is_degraded, awaits, supersedes,
             "position", decode(body_digest, 'hex'), actor_id, evaluated_at, expires_at FROM given
      ON CONFLICT DO NOTHING RETURNING id
  ), bodies AS (
    INSERT INTO check_body (check_id, salt, answer, request) SELECT id, decode(salt, 'hex'), answer, request FROM given JOIN made USING (id)
  )
  SELECT id FROM made
$$;

-- Writes what a batch of facts means. Ids below zero are places (from 1) in the same document: of its events, rebates and transfers.
-- Returns the ids of the new events and rebates in their order. A natural key that exists already is an error: the batch is then read again.
CREATE FUNCTION write_facts(p jsonb) RETURNS jsonb LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_events bigint[];
  v_rebates bigint[];
  v_transfers bigint[];
BEGIN
  WITH made AS (
    INSERT INTO event (natural_key, content_digest, type, account_id, original_key, amount, asset, excluded, funded_by, period_unit, period_count, item_hash,
        converted_amount, converted_asset, conversion_rate, conversion_source, is_history, occurred_at, recorded_at, effective_at, batch_id)
      SELECT decode(e.key, 'hex'), decode(e.digest, 'hex'), e.type, e.account, decode(e.original, 'hex'), e.amount, e.asset, e.excluded, e.funded_by, e.unit, e.count,
             decode(e.item, 'hex'), e.converted, e.converted_asset, e.rate, e.rate_source, false, e.occurred_at, e.recorded_at, e.occurred_at, e.batch
        FROM ROWS FROM (jsonb_to_recordset(p->'events') AS (key text, digest text, type text, account bigint, original text, amount bigint, asset text, excluded bigint,
          funded_by text, unit text, count integer, item text, converted bigint, converted_asset text, rate text, rate_source text, occurred_at timestamptz,
          recorded_at timestamptz, batch bigint)) WITH ORDINALITY
          AS e(key, digest, type, account, original, amount, asset, excluded, funded_by, unit, count, item, converted, converted_asset, rate, rate_source, occurred_at, recorded_at, batch, place)
        ORDER BY e.place
      RETURNING id
  ) SELECT coalesce(array_agg(id ORDER BY id), '{}') INTO v_events FROM made;
  INSERT INTO event_body (event_id, salt, body)
    SELECT v_events[e.place], decode(e.value->>'salt', 'hex'), e.value->'body' FROM jsonb_array_elements(p->'events') WITH ORDINALITY AS e(value, place);

  WITH made AS (
    INSERT INTO rebate (natural_key, kind, program_id, program_version_id, referral_id, event_id, account_id, base, rate_ppm, amount, asset, track, check_id,
        occurred_at, recorded_at, effective_at, matures_at, expires_at, actor_id)
      SELECT decode(r.key, 'hex'), r.kind, r.program, r.version, r.referral, CASE WHEN r.event < 0 THEN v_events[-r.event] ELSE r.event END, r.account, r.base, r.rate_ppm,
             r.amount, r.asset, r.track, r.check_id, r.occurred_at, r.recorded_at, r.recorded_at, r.matures_at, r.expires_at, r.actor
        FROM ROWS FROM (jsonb_to_recordset(p->'rebates') AS (key text, kind text, program bigint, version bigint, referral bigint, event bigint, account bigint, base bigint,
          rate_ppm integer, amount bigint, asset text, track text, check_id text, occurred_at timestamptz, recorded_at timestamptz, matures_at timestamptz,
          expires_at timestamptz, actor bigint)) WITH ORDINALITY
          AS r(key, kind, program, version, referral, event, account, base, rate_ppm, amount, asset, track, check_id, occurred_at, recorded_at, matures_at, expires_at, actor, place)
        ORDER BY r.place
      RETURNING id
  ) SELECT coalesce(array_agg(id ORDER BY id), '{}') INTO v_rebates FROM made;

  SELECT coalesce(array_agg(posted.transfer_id ORDER BY posted.place), '{}') INTO v_transfers FROM (
    SELECT t.*, e.* FROM
      (SELECT coalesce(array_agg(decode(t.key, 'hex') ORDER BY t.place), '{}') AS keys, coalesce(array_agg(t.kind ORDER BY t.place), '{}') AS transfer_kinds,
              array_agg(t.program ORDER BY t.place) AS programs, array_agg(CASE WHEN t.event < 0 THEN v_events[-t.event] ELSE t.event END ORDER BY t.place) AS events,
              array_agg(NULL::bigint ORDER BY t.place) AS decisions, array_agg(t.reverses ORDER BY t.place) AS reverses,
              array_agg(t.occurred_at ORDER BY t.place) AS occurred, array_agg(t.recorded_at ORDER BY t.place) AS recorded, array_agg(t.actor ORDER BY t.place) AS actors
         FROM ROWS FROM (jsonb_to_recordset(p->'transfers') AS (key text, kind text, program bigint, event bigint, reverses bigint, occurred_at timestamptz,
           recorded_at timestamptz, actor bigint)) WITH ORDINALITY AS t(key, kind, program, event, reverses, occurred_at, recorded_at, actor, place)) AS t,
      (SELECT array_agg(e.transfer ORDER BY e.place) AS places, array_agg(e.account ORDER BY e.place) AS accounts, array_agg(e.book ORDER BY e.place) AS books,
              array_agg(e.asset ORDER BY e.place) AS assets, array_agg(CASE WHEN e.rebate < 0 THEN v_rebates[-e.rebate] ELSE e.rebate END ORDER BY e.place) AS rebates,
              array_agg(e.amount ORDER BY e.place) AS amounts
         FROM ROWS FROM (jsonb_to_recordset(p->'entries') AS (transfer integer, account bigint, book text, asset text, rebate bigint, amount bigint)) WITH ORDINALITY
           AS e(transfer, account, book, asset, rebate, amount, place)) AS e) AS given
    CROSS JOIN LATERAL post_transfers(given.keys, given.transfer_kinds, given.programs, given.events, given.decisions, given.reverses, given.occurred, given.recorded,
      given.recorded, given.actors, given.places, given.accounts, given.books, given.assets, given.rebates, given.amounts)
      WITH ORDINALITY AS posted(transfer_id, replayed, place);

  UPDATE hold h SET ended_at = e.at, ended_as = e.ended_as, ended_by = v_transfers[e.transfer], ended_actor_id = e.actor
    FROM jsonb_to_recordset(p->'ended_holds') AS e(id bigint, at timestamptz, ended_as text, transfer integer, actor bigint)
    WHERE h.id = e.id AND h.ended_at IS NULL;
  INSERT INTO hold (subject_kind, rebate_id, owner_id, reason, check_id, is_degraded, placed_at, due_at, on_silence, placed_by, ended_at, ended_as, ended_by, ended_actor_id)
    SELECT 'rebate', CASE WHEN h.rebate < 0 THEN v_rebates[-h.rebate] ELSE h.rebate END, h.owner, h.reason, h.check_id, h.is_degraded, h.placed_at, h.due_at, h.on_silence,
           v_transfers[h.transfer], h.ended_at, h.ended_as, v_transfers[h.ended_transfer], h.ended_actor
      FROM jsonb_to_recordset(p->'holds') AS h(rebate bigint, owner bigint, reason text, check_id text, is_degraded boolean, placed_at timestamptz, due_at timestamptz,
        on_silence text, transfer integer, ended_at timestamptz, ended_as text, ended_transfer integer, ended_actor bigint);
  DELETE FROM waiting_event w USING jsonb_array_elements_text(p->'ended_waits') AS e(id) WHERE w.event_id = e.id::bigint;
  INSERT INTO waiting_event (event_id, account_id, waits_for, original_key, recorded_at)
    SELECT CASE WHEN w.event < 0 THEN v_events[-w.event] ELSE w.event END, w.account, w.waits_for, decode(w.original, 'hex'), w.recorded_at
      FROM jsonb_to_recordset(p->'waits') AS w(event bigint, account bigint, waits_for text, original text, recorded_at timestamptz)
    ON CONFLICT (event_id) DO NOTHING;
  INSERT INTO accrual_question (event_id, program_id, referral_id, reason, owner_id, due_at, recorded_at)
    SELECT CASE WHEN q.event < 0 THEN v_events[-q.event] ELSE q.event END, q.program, q.referral, q.reason, q.owner, q.due_at, q.recorded_at
      FROM jsonb_to_recordset(p->'questions') AS q(event bigint, program bigint, referral bigint, reason text, owner bigint, due_at timestamptz, recorded_at timestamptz)
    ON CONFLICT (event_id, program_id) DO NOTHING;
  IF jsonb_array_length(p->'checks') > 0 THEN
    PERFORM record_checks(p->'checks');
  END IF;
  RETURN jsonb_build_object('events', v_events::text[], 'rebates', v_rebates::text[]);
END $$;

GRANT SELECT, INSERT ON accrual_question, source_sequence, source_gap TO ringfence_app;
GRANT UPDATE (owner_id, due_at, answer, answered_at, answered_by) ON accrual_question TO ringfence_app;
GRANT UPDATE (newest, first, changed_at) ON source_sequence TO ringfence_app;
GRANT DELETE ON source_gap TO ringfence_app;
REVOKE ALL ON FUNCTION lock_facts, event_as_json, read_facts, read_books, position_lines, post_transfers, check_bounds_between, record_checks, write_facts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_facts, event_as_json, read_facts, read_books, position_lines, post_transfers, record_checks, write_facts TO ringfence_app;
