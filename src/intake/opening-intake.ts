// Rebates and balances of an export folder: what the platform's own books held becomes opening entries of ours.
// Promises: nothing here is earned anew; each row has one effect however often it is imported.

import type pg from 'pg'
import { naturalKey } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import type { BalanceFact, RebateFact } from '../folders/facts.ts'
import type { MemberKind } from '../ledger/index.ts'
import { type Opening, postOpenings } from '../ledger/post-openings.ts'
import { BinaryRows, type OpenBatch, copyIn, eventKey } from '../population/index.ts'

export interface OpeningOrigin {
  readonly keys: KeyRing
  readonly source: string
  readonly programId: bigint
  readonly actorId: bigint
  readonly batch: OpenBatch
}

/** A rebate or a balance with the accounts it names. */
export interface RebateRow {
  readonly fact: RebateFact
  readonly inviter: number
  readonly invitee: number
}

export interface RebatesStored {
  /** Places of rows whose id is known with another amount. */
  readonly differing: readonly number[]
  /** Rebates of pairs without a paying referral. */
  readonly withoutReferral: number
  readonly posted: number
}

/** Where an amount lies that the platform reports as such; null where it has left the books. */
const placeOf: Readonly<Record<NonNullable<RebateFact['status']>, MemberKind | null>> = {
  pending: 'reward_pending', available: 'reward_available', transferred: 'main_reward', paid: null, reversed: null,
}

/** Must run in the caller's transaction. */
export async function storeRebates(client: pg.PoolClient, origin: OpeningOrigin, rebates: readonly RebateRow[]): Promise<RebatesStored> {
  await client.query(`CREATE TEMP TABLE IF NOT EXISTS stage_rebate (place integer, natural_key bytea, inviter_id bigint, invitee_id bigint,
    amount bigint, asset text, event_key bytea, occurred_at timestamptz) ON COMMIT DELETE ROWS`)
  const rows = new BinaryRows()
  for (const [place, { fact, inviter, invitee }] of rebates.entries()) {
    const event = fact.transactionId === null ? null : eventKey(origin.keys, origin.source, fact.transactionId)
    rows.row(8).int4(place).bytes(naturalKey(origin.keys, 'rebate', origin.source, fact.rebateId)).int8(inviter).int8(invitee)
      .int8(fact.amountUnits).text(fact.currency).bytes(event).time(fact.occurredAt)
  }
  await copyIn(client, 'stage_rebate', rows)
  await addAssets(client, rebates.map(({ fact }) => fact.currency))
  const made = await client.query<{ place: number; id: string; program_id: string; is_linked: boolean }>(insertRebates,
    [origin.programId, origin.batch.recordedAt, origin.actorId])
  const differing = await client.query<{ place: number }>(
    `SELECT s.place FROM stage_rebate s JOIN rebate r USING (natural_key)
       WHERE (r.amount, r.asset, r.account_id) <> (s.amount, s.asset, s.inviter_id) ORDER BY s.place`)
  const openings = made.rows.flatMap(({ place, id, program_id: programId }): Opening[] => {
    const fact = rebates[place]?.fact
    const kind = placeOf[fact?.status ?? 'available']
    if (fact === undefined || kind === null || fact.amountUnits === 0n) return []
    return [{
      naturalKey: naturalKey(origin.keys, 'opening', origin.source, fact.rebateId), programId: BigInt(programId),
      accountId: rebates[place]?.inviter ?? 0, kind, asset: fact.currency, rebateId: id, amount: fact.amountUnits,
      occurredAt: new Date(fact.occurredAt * 1000),
    }]
  })
  const posted = await postOpenings(client, { actorId: origin.actorId, recordedAt: origin.batch.recordedAt }, openings)
  return {
    differing: differing.rows.map((row) => row.place),
    withoutReferral: made.rows.filter((row) => !row.is_linked).length,
    posted,
  }
}

/** A rebate belongs to the paying referral of its pair, in the programme given or else in any. */
const insertRebates = `
  WITH made AS (
    INSERT INTO rebate (natural_key, kind, program_id, program_version_id, referral_id, event_id, account_id, base, rate_ppm, amount, asset,
        occurred_at, recorded_at, effective_at, matures_at, actor_id)
      SELECT s.natural_key, 'opening', coalesce(r.program_id, $1), v.id, r.id, e.id, s.inviter_id,
          CASE WHEN e.asset = s.asset THEN e.amount ELSE 0 END,
          CASE WHEN e.asset = s.asset AND e.amount > 0 THEN least(round(s.amount::numeric * 1000000 / e.amount), 1000000)::integer ELSE 0 END,
          s.amount, s.asset, s.occurred_at, $2, s.occurred_at,
          s.occurred_at + make_interval(secs => coalesce((v.rules ->> 'maturitySeconds')::double precision, 0)), $3
        FROM stage_rebate s
        LEFT JOIN LATERAL (SELECT id, program_id FROM referral
          WHERE inviter_id = s.inviter_id AND invitee_id = s.invitee_id ORDER BY program_id <> $1, id LIMIT 1) AS r ON true
        JOIN LATERAL (SELECT id, rules FROM program_version WHERE program_id = coalesce(r.program_id, $1)
          ORDER BY effective_from <= s.occurred_at DESC,
            CASE WHEN effective_from <= s.occurred_at THEN effective_from END DESC, effective_from LIMIT 1) AS v ON true
        LEFT JOIN event e ON e.natural_key = s.event_key
      ON CONFLICT (natural_key) DO NOTHING RETURNING id, natural_key, program_id, referral_id
  )
  SELECT s.place, made.id, made.program_id, made.referral_id IS NOT NULL AS is_linked
    FROM made JOIN stage_rebate s USING (natural_key) ORDER BY s.place`

export interface BalanceRow {
  readonly fact: BalanceFact
  readonly accountId: number
  readonly kind: MemberKind
}

/**
 * Must run in the caller's transaction, after the folder's rebates: a balance that names rebates opens only what they do
 * not account for. Returns how many were posted now.
 */
export async function storeBalances(client: pg.PoolClient, origin: OpeningOrigin, balances: readonly BalanceRow[]): Promise<number> {
  await addAssets(client, balances.map(({ fact }) => fact.asset))
  const openings: Opening[] = []
  for (const { fact, accountId, kind } of balances) {
    const key = naturalKey(origin.keys, 'balance', origin.source, fact.accountId, kind, fact.asset)
    const known = await client.query('SELECT 1 FROM transfer WHERE natural_key = $1', [key])
    if (known.rowCount !== 0) continue
    const amount = kind === 'main_paid' ? fact.amountUnits : fact.amountUnits - (await heldBefore(client, { accountId, kind, asset: fact.asset }))
    if (amount <= 0n) continue
    const occurredAt = new Date(fact.asOf * 1000)
    const rebateId = kind === 'main_paid' ? null : await openingRebate(client, origin, { key, accountId, amount, asset: fact.asset, occurredAt })
    const signed = kind === 'debt' ? -amount : amount
    openings.push({ naturalKey: key, programId: origin.programId, accountId, kind, asset: fact.asset, rebateId, amount: signed, occurredAt })
  }
  return postOpenings(client, { actorId: origin.actorId, recordedAt: origin.batch.recordedAt }, openings)
}

async function heldBefore(client: pg.PoolClient, of: { accountId: number; kind: MemberKind; asset: string }): Promise<bigint> {
  const result = await client.query<{ balance: string }>(
    'SELECT abs(balance)::text AS balance FROM book_account WHERE account_id = $1 AND kind = $2 AND asset = $3', [of.accountId, of.kind, of.asset])
  return BigInt(result.rows[0]?.balance ?? '0')
}

async function openingRebate(
  client: pg.PoolClient, origin: OpeningOrigin, of: { key: Buffer; accountId: number; amount: bigint; asset: string; occurredAt: Date },
): Promise<string> {
  const made = await client.query<{ id: string }>(
    `INSERT INTO rebate (natural_key, kind, program_id, program_version_id, account_id, base, rate_ppm, amount, asset, occurred_at, recorded_at,
         effective_at, matures_at, actor_id)
       SELECT $1, 'opening', $2, id, $3, 0, 0, $4, $5, $6, $7, $6, $6, $8 FROM program_version WHERE program_id = $2
         ORDER BY effective_from <= $6 DESC, effective_from DESC LIMIT 1
       RETURNING id`,
    [of.key, origin.programId, of.accountId, of.amount, of.asset, of.occurredAt, origin.batch.recordedAt, origin.actorId])
  const id = made.rows[0]?.id
  if (id === undefined) throw new Error('The programme of the import has no version.')
  return id
}

async function addAssets(client: pg.PoolClient, codes: readonly string[]): Promise<void> {
  await client.query(
    `INSERT INTO asset (code, kind, exponent, name)
       SELECT DISTINCT named.code, 'money', 6, named.code FROM unnest($1::text[]) AS named(code)
       WHERE NOT EXISTS (SELECT 1 FROM asset a WHERE a.code = named.code) ON CONFLICT (code) DO NOTHING`,
    [codes])
}
