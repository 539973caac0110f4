-- The books: double entry, append-only, zero-sum per asset and floors enforced here. Money is written only by post_transfer.
-- Signs: an amount above zero raises a book account. Member accounts are what the platform owes the member; debt is at or below zero.

CREATE TABLE rebate (
  id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  natural_key         bytea NOT NULL UNIQUE,
  kind                text NOT NULL CHECK (kind IN ('rebate', 'signup_credit', 'grant', 'opening')),
  program_id          bigint NOT NULL REFERENCES program,
  program_version_id  bigint NOT NULL REFERENCES program_version,
  referral_id         bigint REFERENCES referral,
  event_id            bigint REFERENCES event,
  account_id          bigint NOT NULL REFERENCES account,
  base                bigint NOT NULL CHECK (base >= 0),
  rate_ppm            integer NOT NULL CHECK (rate_ppm >= 0),
  amount              bigint NOT NULL CHECK (amount >= 0),
  asset               text NOT NULL REFERENCES asset,
  check_id            text,
  occurred_at         timestamptz NOT NULL,
  recorded_at         timestamptz NOT NULL,
  effective_at        timestamptz NOT NULL,
  matures_at          timestamptz NOT NULL,
  expires_at          timestamptz,
  actor_id            bigint NOT NULL REFERENCES actor,
  xid                 xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CHECK (kind = 'opening' OR event_id IS NOT NULL)
);
COMMENT ON COLUMN rebate.account_id IS 'The beneficiary.';
COMMENT ON COLUMN rebate.kind IS 'grant: spendable credit that nobody paid for, e.g. a redeemed code; it earned nobody anything.';
CREATE INDEX rebate_account ON rebate (account_id, occurred_at, id);
CREATE INDEX rebate_referral ON rebate (referral_id);
CREATE INDEX rebate_event ON rebate (event_id);
CREATE INDEX rebate_log ON rebate (xid, id);
CREATE TRIGGER rebate_append_only BEFORE UPDATE OR DELETE ON rebate FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rebate_no_truncate BEFORE TRUNCATE ON rebate FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE book_account_kind (
  kind          text PRIMARY KEY,
  owner         text NOT NULL CHECK (owner IN ('member', 'platform')),
  -- +1: never below zero. -1: never above zero. 0: no bound.
  sign          smallint NOT NULL CHECK (sign IN (-1, 0, 1)),
  names_rebate  boolean NOT NULL
);
COMMENT ON COLUMN book_account_kind.names_rebate IS 'Whether every entry must name the rebate it belongs to.';
INSERT INTO book_account_kind (kind, owner, sign, names_rebate) VALUES
  ('reward_pending', 'member', 1, true), ('reward_held', 'member', 1, true), ('reward_available', 'member', 1, true),
  ('main_paid', 'member', 1, false), ('main_reward', 'member', 1, true), ('main_bonus', 'member', 1, true),
  ('main_held', 'member', 1, true), ('payout_in_transit', 'member', 1, true), ('debt', 'member', -1, true),
  ('rebate_expense', 'platform', 0, false), ('reclaimed', 'platform', 0, false), ('reversed', 'platform', 0, false),
  ('breakage', 'platform', 0, false), ('host_clearing', 'platform', 0, false), ('cash_clearing', 'platform', 0, false),
  ('withholding_payable', 'platform', 0, false), ('payout_fees', 'platform', 0, false), ('bad_debt', 'platform', 0, false),
  ('opening_balance', 'platform', 0, false);

-- A member's account of one kind and asset, or one stripe of a platform account (so that accrual is not serialised on a row).
CREATE TABLE book_account (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id  bigint REFERENCES account,
  kind        text NOT NULL REFERENCES book_account_kind,
  sign        smallint NOT NULL,
  asset       text NOT NULL REFERENCES asset,
  stripe      smallint NOT NULL DEFAULT 0,
  balance     bigint NOT NULL DEFAULT 0,
  version     bigint NOT NULL DEFAULT 0,
  UNIQUE NULLS NOT DISTINCT (account_id, kind, asset, stripe),
  CONSTRAINT book_account_floor CHECK (balance * sign >= 0)
);

CREATE TABLE transfer (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  natural_key     bytea NOT NULL UNIQUE,
  content_digest  bytea NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('accrual', 'maturity', 'reversal', 'reward_transfer', 'recharge', 'spend', 'refund',
                    'hold', 'freeze', 'release', 'reclaim', 'undo', 'payout', 'expiry', 'opening', 'write_off')),
  program_id      bigint REFERENCES program,
  event_id        bigint REFERENCES event,
  decision_id     bigint,
  reverses_id     bigint REFERENCES transfer,
  occurred_at     timestamptz NOT NULL,
  recorded_at     timestamptz NOT NULL,
  effective_at    timestamptz NOT NULL,
  actor_id        bigint NOT NULL REFERENCES actor,
  xid             xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX transfer_event ON transfer (event_id) WHERE event_id IS NOT NULL;
CREATE INDEX transfer_decision ON transfer (decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX transfer_log ON transfer (xid, id);

CREATE TABLE entry (
  id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transfer_id     bigint NOT NULL REFERENCES transfer,
  book_account_id bigint NOT NULL REFERENCES book_account,
  rebate_id       bigint REFERENCES rebate,
  asset           text NOT NULL,
  amount          bigint NOT NULL CHECK (amount <> 0),
  balance_before  bigint NOT NULL,
  balance_after   bigint NOT NULL,
  account_version bigint NOT NULL,
  CHECK (balance_after = balance_before + amount),
  UNIQUE (book_account_id, account_version)
);
CREATE INDEX entry_transfer ON entry (transfer_id);
CREATE INDEX entry_rebate ON entry (rebate_id) WHERE rebate_id IS NOT NULL;
CREATE TRIGGER transfer_append_only BEFORE UPDATE OR DELETE ON transfer FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_no_truncate BEFORE TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How much of each rebate lies in each member book account: a projection of the entries kept under the account's lock,
-- so that moving money can take rebates oldest first without reading a history.
CREATE TABLE position (
  book_account_id bigint NOT NULL REFERENCES book_account,
  rebate_id       bigint NOT NULL REFERENCES rebate,
  sign            smallint NOT NULL,
  amount          bigint NOT NULL,
  PRIMARY KEY (book_account_id, rebate_id),
  CONSTRAINT position_floor CHECK (amount * sign >= 0)
);
CREATE INDEX position_rebate ON position (rebate_id);
CREATE INDEX position_open ON position (book_account_id, rebate_id) WHERE amount <> 0;

CREATE FUNCTION check_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wrong text;
BEGIN
  SELECT string_agg(asset || ' ' || total, ', ') INTO wrong
    FROM (SELECT asset, sum(amount) AS total FROM entry WHERE transfer_id = NEW.id GROUP BY asset HAVING sum(amount) <> 0) AS sums;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'transfer % does not sum to zero: %', NEW.id, wrong USING ERRCODE = 'RF002';
  END IF;
  IF (SELECT count(*) FROM entry WHERE transfer_id = NEW.id) < 2 THEN
    RAISE EXCEPTION 'transfer % has fewer than two entries', NEW.id USING ERRCODE = 'RF002';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfer_balances AFTER INSERT ON transfer
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_transfer_balances();

-- An entry belongs to a transfer of its own transaction: nothing is added to a transfer afterwards.
CREATE FUNCTION check_entry_is_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM added JOIN transfer ON transfer.id = added.transfer_id WHERE transfer.xid <> pg_current_xact_id()) THEN
    RAISE EXCEPTION 'entries can only be written with their transfer' USING ERRCODE = 'RF900';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_is_new AFTER INSERT ON entry
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_entry_is_new();

-- Locks members in the one order everybody uses; call it once, for all members of the transaction, before reading what to allocate from.
-- The lock is on the account's row, so that it also holds before the member has any book account.
CREATE FUNCTION lock_members(p_account_ids bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM account WHERE id = ANY (p_account_ids) ORDER BY id FOR NO KEY UPDATE;
END $$;

-- A stripe of the platform's accounts that no other transaction writes to now; the same one again within a transaction.
-- A transaction that has to wait for a stripe holds none, so that stripes alone can never form a circle.
CREATE FUNCTION take_stripe() RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
  c_stripes CONSTANT integer := 16;
  c_lock CONSTANT integer := 724610;
  v_first integer := pg_backend_pid() % c_stripes;
BEGIN
  FOR v_step IN 0 .. c_stripes - 1 LOOP
    IF pg_try_advisory_xact_lock(c_lock, (v_first + v_step) % c_stripes) THEN
      RETURN (v_first + v_step) % c_stripes;
    END IF;
  END LOOP;
  PERFORM pg_advisory_xact_lock(c_lock, v_first);
  RETURN v_first;
END $$;

-- Posts one balanced transfer, or returns the one already posted under the same natural key.
-- Parallel arrays, one element per entry; a null account id means the platform's account of that kind.
-- Refusals: RF001 a balance would pass its bound (constraint book_account_floor or position_floor, SQLSTATE 23514),
-- RF002 not balanced or malformed, RF003 the key was used for another content.
CREATE FUNCTION post_transfer(
  p_natural_key bytea, p_kind text, p_program_id bigint, p_event_id bigint, p_decision_id bigint, p_reverses_id bigint,
  p_occurred_at timestamptz, p_recorded_at timestamptz, p_effective_at timestamptz, p_actor_id bigint,
  p_account_ids bigint[], p_kinds text[], p_assets text[], p_rebate_ids bigint[], p_amounts bigint[]
) RETURNS TABLE (transfer_id bigint, replayed boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  v_transfer bigint;
  v_known bytea;
  v_stripe smallint := 0;
  v_count integer := cardinality(p_amounts);
  v_book_ids bigint[];
  v_wrong text;
  v_digest bytea := sha256(convert_to(concat_ws('|', p_kind, p_program_id, p_event_id, p_decision_id, p_reverses_id,
    p_account_ids::text, p_kinds::text, p_assets::text, p_rebate_ids::text, p_amounts::text), 'UTF8'));
BEGIN
  INSERT INTO transfer (natural_key, content_digest, kind, program_id, event_id, decision_id, reverses_id,
                        occurred_at, recorded_at, effective_at, actor_id)
    VALUES (p_natural_key, v_digest, p_kind, p_program_id, p_event_id, p_decision_id, p_reverses_id,
            p_occurred_at, p_recorded_at, p_effective_at, p_actor_id)
    ON CONFLICT (natural_key) DO NOTHING RETURNING id INTO v_transfer;
  IF v_transfer IS NULL THEN
    SELECT t.id, t.content_digest INTO v_transfer, v_known FROM transfer t WHERE t.natural_key = p_natural_key;
    IF v_known <> v_digest THEN
      RAISE EXCEPTION 'the key of transfer % was used for another content', v_transfer USING ERRCODE = 'RF003';
    END IF;
    RETURN QUERY SELECT v_transfer, true;
    RETURN;
  END IF;

  IF v_count < 2 OR cardinality(p_account_ids) <> v_count OR cardinality(p_kinds) <> v_count
     OR cardinality(p_assets) <> v_count OR cardinality(p_rebate_ids) <> v_count THEN
    RAISE EXCEPTION 'a transfer needs two entries or more, described by arrays of one length' USING ERRCODE = 'RF002';
  END IF;
  SELECT string_agg(e.kind || ' ' || e.asset, ', ') INTO v_wrong
    FROM unnest(p_account_ids, p_kinds, p_assets, p_rebate_ids) AS e(account_id, kind, asset, rebate_id)
    LEFT JOIN book_account_kind k ON k.kind = e.kind
    WHERE k.kind IS NULL OR (k.owner = 'member') <> (e.account_id IS NOT NULL) OR (k.names_rebate AND e.rebate_id IS NULL);
  IF v_wrong IS NOT NULL THEN
    RAISE EXCEPTION 'entries with an unknown kind, a wrong owner or without their rebate: %', v_wrong USING ERRCODE = 'RF002';
  END IF;

  PERFORM lock_members(p_account_ids);
  IF array_position(p_account_ids, NULL) IS NOT NULL THEN
    v_stripe := take_stripe();
  END IF;

  INSERT INTO book_account (account_id, kind, sign, asset, stripe)
    SELECT DISTINCT e.account_id, e.kind, k.sign, e.asset, CASE WHEN e.account_id IS NULL THEN v_stripe ELSE 0 END
      FROM unnest(p_account_ids, p_kinds, p_assets) AS e(account_id, kind, asset)
      JOIN book_account_kind k ON k.kind = e.kind
      WHERE CASE WHEN e.account_id IS NULL
        THEN NOT EXISTS (SELECT 1 FROM book_account b WHERE b.account_id IS NULL AND b.kind = e.kind AND b.asset = e.asset AND b.stripe = v_stripe)
        ELSE NOT EXISTS (SELECT 1 FROM book_account b WHERE b.account_id = e.account_id AND b.kind = e.kind AND b.asset = e.asset AND b.stripe = 0) END
      ORDER BY 1 NULLS LAST, 2, 4
    ON CONFLICT (account_id, kind, asset, stripe) DO NOTHING;

  SELECT array_agg(CASE WHEN e.account_id IS NULL
      THEN (SELECT b.id FROM book_account b WHERE b.account_id IS NULL AND b.kind = e.kind AND b.asset = e.asset AND b.stripe = v_stripe)
      ELSE (SELECT b.id FROM book_account b WHERE b.account_id = e.account_id AND b.kind = e.kind AND b.asset = e.asset AND b.stripe = 0) END
      ORDER BY e.place)
    INTO v_book_ids
    FROM unnest(p_account_ids, p_kinds, p_assets) WITH ORDINALITY AS e(account_id, kind, asset, place);

  -- Sorted locks, members before stripes: two transfers can wait for each other but never in a circle.
  PERFORM 1 FROM book_account b WHERE b.id = ANY (v_book_ids) ORDER BY (b.account_id IS NULL), b.id FOR UPDATE;

  INSERT INTO entry (transfer_id, book_account_id, rebate_id, asset, amount, balance_before, balance_after, account_version)
    SELECT v_transfer, b.id, e.rebate_id, e.asset, e.amount,
           (b.balance + sum(e.amount) OVER running - e.amount)::bigint,
           (b.balance + sum(e.amount) OVER running)::bigint,
           b.version + row_number() OVER running
      FROM unnest(v_book_ids, p_rebate_ids, p_assets, p_amounts) WITH ORDINALITY AS e(book_account_id, rebate_id, asset, amount, place)
      JOIN book_account b ON b.id = e.book_account_id
      WINDOW running AS (PARTITION BY e.book_account_id ORDER BY e.place)
      ORDER BY e.place;

  UPDATE book_account b SET balance = b.balance + change.total, version = b.version + change.entries
    FROM (SELECT e.book_account_id, sum(e.amount)::bigint AS total, count(*) AS entries
            FROM unnest(v_book_ids, p_amounts) AS e(book_account_id, amount) GROUP BY 1) AS change
    WHERE b.id = change.book_account_id;

  WITH change AS (
    SELECT e.book_account_id, e.rebate_id, b.sign, sum(e.amount)::bigint AS total
      FROM unnest(v_book_ids, p_rebate_ids, p_amounts) AS e(book_account_id, rebate_id, amount)
      JOIN book_account b ON b.id = e.book_account_id
      WHERE e.rebate_id IS NOT NULL AND b.account_id IS NOT NULL
      GROUP BY 1, 2, 3
  ), moved AS (
    UPDATE position p SET amount = p.amount + change.total FROM change
      WHERE p.book_account_id = change.book_account_id AND p.rebate_id = change.rebate_id
      RETURNING p.book_account_id, p.rebate_id
  )
  INSERT INTO position (book_account_id, rebate_id, sign, amount)
    SELECT change.book_account_id, change.rebate_id, change.sign, change.total FROM change
      WHERE NOT EXISTS (SELECT 1 FROM moved WHERE moved.book_account_id = change.book_account_id AND moved.rebate_id = change.rebate_id);

  RETURN QUERY SELECT v_transfer, false;
END $$;

-- A hold is a row written in the transaction of its posting; it always has an owner, a due date and a policy on silence.
CREATE TABLE hold (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject_kind      text NOT NULL CHECK (subject_kind IN ('rebate', 'referral', 'account', 'payout')),
  rebate_id         bigint REFERENCES rebate,
  referral_id       bigint REFERENCES referral,
  account_id        bigint REFERENCES account,
  case_id           bigint,
  owner_id          bigint NOT NULL REFERENCES actor,
  reason            text NOT NULL,
  check_id          text,
  is_degraded       boolean NOT NULL DEFAULT false,
  placed_at         timestamptz NOT NULL,
  due_at            timestamptz NOT NULL,
  on_silence        text NOT NULL CHECK (on_silence IN ('escalate', 'release_recorded')),
  placed_by         bigint REFERENCES transfer,
  decision_id       bigint,
  ended_at          timestamptz,
  ended_as          text CHECK (ended_as IN ('released', 'reclaimed', 'reversed', 'superseded')),
  ended_by          bigint REFERENCES transfer,
  ended_actor_id    bigint REFERENCES actor,
  CHECK (due_at > placed_at),
  CHECK ((ended_at IS NULL) = (ended_as IS NULL) AND (ended_at IS NULL) = (ended_actor_id IS NULL)),
  CHECK ((subject_kind = 'rebate') = (rebate_id IS NOT NULL AND referral_id IS NULL AND account_id IS NULL))
);
-- Several reasons may hold one rebate; its money is released when the last of them ends.
CREATE UNIQUE INDEX hold_open_rebate ON hold (rebate_id, reason) WHERE ended_at IS NULL AND rebate_id IS NOT NULL;
CREATE INDEX hold_open_referral ON hold (referral_id) WHERE ended_at IS NULL AND referral_id IS NOT NULL;
CREATE INDEX hold_open_account ON hold (account_id) WHERE ended_at IS NULL AND account_id IS NOT NULL;
CREATE INDEX hold_due ON hold (due_at) WHERE ended_at IS NULL;
CREATE INDEX hold_case ON hold (case_id);

-- A fact that cannot be applied yet: a refund or dispute whose original has not come, spending or a refund that the balance does not cover.
-- It is applied, and goes from here, when the original or the money arrives.
CREATE TABLE waiting_event (
  event_id      bigint PRIMARY KEY REFERENCES event,
  account_id    bigint NOT NULL REFERENCES account,
  waits_for     text NOT NULL CHECK (waits_for IN ('original', 'money')),
  original_key  bytea,
  recorded_at   timestamptz NOT NULL,
  CHECK ((waits_for = 'original') = (original_key IS NOT NULL))
);
CREATE INDEX waiting_event_account ON waiting_event (account_id);
