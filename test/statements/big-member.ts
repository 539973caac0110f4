// A member with as many rebates as wanted, written through the posting function alone, quickly enough for a bench and a test.

import { randomUUID } from 'node:crypto'
import type { Database } from '../../src/base/database.ts'

export interface BigMember {
  readonly accountId: bigint
  readonly rebates: number
}

export interface BigMemberOptions {
  readonly programId: bigint
  /** Which version the rebates are of. */
  readonly versionId: bigint
  readonly batchId: bigint
  readonly rebates: number
  readonly invitees: number
  /** Rebates of one posting; 1 is what the product does, more is quicker. */
  readonly rebatesPerTransfer: number
  /** Others whose rebates lie between the member's own, as they do on a platform. */
  readonly others?: number
}

/** `owner` has the rights of the tables' owner. One rebate an hour from 2025 on, 5 units each, every tenth moved on, every fiftieth reversed. */
export async function makeBigMember(owner: Database, options: BigMemberOptions): Promise<BigMember> {
  const { programId, versionId, batchId, rebates, invitees, rebatesPerTransfer, others = 0 } = options
  const { rows } = await owner.pool.query<{ ids: string[] }>(
    `with made as (insert into account (identity_digest, recorded_at, batch_id) select '\\x00', '2025-01-01', $1 from generate_series(1, $2::int) returning id)
     select array_agg(id::text order by id) as ids from made`, [batchId, 1 + others + invitees])
  const [member = '0', ...rest] = rows[0]?.ids ?? []
  const inviters = [member, ...rest.slice(0, others)]
  const invited = rest.slice(others)
  const run = randomUUID()
  await owner.pool.query(
    `insert into account_identity (account_id, salt, external_id) select id, '\\x00', 'user-' || $2 || '-' || id from unnest($1::bigint[]) as id`, [[...inviters, ...invited], run])
  // Invitee i belongs to the member when i is even or there is nobody else.
  await owner.pool.query(
    `insert into referral (program_id, inviter_id, invitee_id, state, source, occurred_at, recorded_at, effective_at, actor_id)
       select $1, ($3::bigint[])[1 + case when $4 = 0 or place % 2 = 0 then 0 else 1 + (place / 2) % $4 end], invitee, 'active', 'link',
              timestamptz '2025-01-01' + place * interval '1 minute', timestamptz '2025-01-01', timestamptz '2025-01-01', 1
         from unnest($2::bigint[]) with ordinality as i(invitee, place)`, [programId, invited, inviters, others])
  await owner.pool.query(
    `with fact as (
       select f.id as referral_id, f.inviter_id, f.invitee_id, n, timestamptz '2025-01-01' + n * interval '5 minutes' as at
         from generate_series(1, $3::int * case when $5 = 0 then 1 else 2 end) as n
         join lateral (select ($6::bigint[])[1 + n % cardinality($6::bigint[])] as id) as chosen on true join referral f on f.invitee_id = chosen.id and f.program_id = $1
     ), event as (
       insert into event (natural_key, content_digest, type, account_id, amount, asset, occurred_at, recorded_at, effective_at, batch_id)
         select sha256(convert_to('event ' || $7 || n, 'UTF8')), '\\x00', 'recharge', invitee_id, 100000000, 'USD', at, at, at, $4 from fact order by n returning id, natural_key
     )
     insert into rebate (natural_key, kind, program_id, program_version_id, referral_id, event_id, account_id, base, rate_ppm, amount, asset, occurred_at, recorded_at, effective_at, matures_at, actor_id)
       select sha256(convert_to('rebate ' || $7 || n, 'UTF8')), 'rebate', $1, $2, referral_id, event.id, inviter_id, 100000000, 50000, 5000000, 'USD', at, at, at, at, 1
         from fact join event on event.natural_key = sha256(convert_to('event ' || $7 || n, 'UTF8')) order by n`,
    [programId, versionId, rebates, batchId, others, invited, run])
  await post(owner, { programId, inviters, perTransfer: rebatesPerTransfer, of: 'accrual', from: 'rebate_expense', to: 'reward_available', every: 1 })
  await post(owner, { programId, inviters, perTransfer: rebatesPerTransfer, of: 'reward_transfer', from: 'reward_available', to: 'main_reward', every: 10 })
  await post(owner, { programId, inviters, perTransfer: rebatesPerTransfer, of: 'reversal', from: 'main_reward', to: 'reversed', every: 50 })
  await owner.pool.query('vacuum analyze')
  const { rows: [count] } = await owner.pool.query<{ count: string }>('select count(*) from rebate where account_id = $1', [member])
  return { accountId: BigInt(member), rebates: Number(count?.count) }
}

interface Postings {
  readonly programId: bigint
  readonly inviters: readonly string[]
  readonly perTransfer: number
  readonly of: string
  readonly from: string
  readonly to: string
  readonly every: number
}

/** Why in parts: one book account changed often within one transaction gets slower with every change. */
const TRANSFERS_PER_STATEMENT = 500

async function post(owner: Database, { programId, inviters, perTransfer, of, from, to, every }: Postings): Promise<void> {
  await owner.pool.query('drop table if exists part')
  await owner.pool.query(
    `create unlogged table part as
       select row_number() over (order by min(id)) as number, account_id, min(occurred_at) as at, min(id) as first, array_agg(id order by id) as ids, count(*)::int as n
         from (select *, row_number() over (partition by account_id order by id) as place from rebate where program_id = $1 and account_id = any ($2::bigint[])) as r
         where place % $3 = 0 group by account_id, (place - 1) / $4`, [programId, inviters, every, every * perTransfer])
  await owner.pool.query('create index on part (number)')
  for (let first = 1; ; first += TRANSFERS_PER_STATEMENT) {
    const { rows: [posted] } = await owner.pool.query<{ count: string }>(
      `select count(posting.transfer_id) from part cross join lateral post_transfer(
         sha256(convert_to($1 || first, 'UTF8')), $1, $2, null, null, null, at, at, at, 1,
         array_fill(case when $3 = 'rebate_expense' then null else account_id end, array[n]) || array_fill(case when $4 = 'reversed' then null else account_id end, array[n]),
         array_fill($3::text, array[n]) || array_fill($4::text, array[n]), array_fill('USD'::text, array[2 * n]), ids || ids,
         array_fill(-5000000::bigint, array[n]) || array_fill(5000000::bigint, array[n])) as posting
         where number >= $5 and number < $6`,
      [of, programId, from, to, first, first + TRANSFERS_PER_STATEMENT])
    if (posted?.count === '0') break
  }
  await owner.pool.query('drop table part')
}
