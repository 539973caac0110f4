// The posting function as the database offers it: balance, bounds, keys and append-only, with nothing of the application between.
import { describe, expect, test } from 'vitest'
import { useDatabase } from '../database.ts'

const { database, owner } = await useDatabase()
const NOW = '2026-06-01T12:00:00Z'

const member = await makeMember('m1')
const rebate = await makeRebate(member)

async function makeMember(name: string): Promise<bigint> {
  const { rows } = await owner.pool.query(
    `with s as (insert into source (name) values ($1) on conflict (name) do update set name = excluded.name returning id),
     b as (insert into batch (source_id, actor_id, kind, recorded_at) select id, 1, 'api', $2 from s returning id)
     insert into account (identity_digest, recorded_at, batch_id) select '\\x00', $2, id from b returning id`, [name, NOW])
  return BigInt(rows[0].id)
}

async function makeRebate(account: bigint): Promise<bigint> {
  const { rows } = await owner.pool.query(
    `with p as (insert into program (key, name, actor_id, recorded_at) values ('p', 'P', 1, $1) returning id),
     v as (insert into program_version (program_id, number, effective_from, rules, digest, actor_id, recorded_at) select id, 1, $1, '{}', '\\x00', 1, $1 from p returning id, program_id)
     insert into rebate (natural_key, kind, program_id, program_version_id, account_id, base, rate_ppm, amount, asset, occurred_at, recorded_at, effective_at, matures_at, actor_id)
     select '\\x01', 'opening', program_id, id, $2, 0, 0, 100, 'USD', $1, $1, $1, $1, 1 from v returning id`, [NOW, account])
  return BigInt(rows[0].id)
}

interface Line {
  account: bigint | null
  kind: string
  rebate?: bigint
  amount: bigint
  asset?: string
}

async function post(key: string, lines: Line[], client = database): Promise<{ transfer_id: string; replayed: boolean }> {
  const { rows } = await client.pool.query(
    `select * from post_transfer($1, 'accrual', null, null, null, null, $2, $2, $2, 1, $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])`,
    [Buffer.from(key), NOW, lines.map((l) => l.account), lines.map((l) => l.kind), lines.map((l) => l.asset ?? 'USD'), lines.map((l) => l.rebate ?? null), lines.map((l) => l.amount)])
  return rows[0]
}

const accrue = (amount: bigint): Line[] => [
  { account: null, kind: 'rebate_expense', amount: -amount },
  { account: member, kind: 'reward_available', rebate, amount },
]

const balanceOf = async (kind: string): Promise<bigint> => {
  const { rows } = await owner.pool.query('select coalesce(sum(balance), 0)::text as sum from book_account where kind = $1', [kind])
  return BigInt(rows[0].sum)
}

describe('post_transfer', () => {
  test('writes both sides, the balances before and after, and the position of the rebate', async () => {
    const { transfer_id } = await post('first', accrue(100n))
    const { rows } = await owner.pool.query('select amount, balance_before, balance_after, account_version from entry where transfer_id = $1 order by id', [transfer_id])
    expect(rows).toEqual([
      { amount: '-100', balance_before: '0', balance_after: '-100', account_version: '1' },
      { amount: '100', balance_before: '0', balance_after: '100', account_version: '1' },
    ])
    const position = await owner.pool.query('select amount from position where rebate_id = $1', [rebate])
    expect(position.rows).toEqual([{ amount: '100' }])
  })

  test('gives the first answer again for the same key and content, and posts once', async () => {
    const first = await post('twice', accrue(7n))
    const again = await post('twice', accrue(7n))
    expect(again).toEqual({ transfer_id: first.transfer_id, replayed: true })
    expect(await balanceOf('reward_available')).toBe(107n)
  })

  test('refuses a known key with another content', async () => {
    await expect(post('twice', accrue(8n))).rejects.toMatchObject({ code: 'RF003' })
  })

  test('refuses what does not sum to zero per asset', async () => {
    await expect(post('lopsided', [{ account: null, kind: 'rebate_expense', amount: -5n }, { account: member, kind: 'reward_available', rebate, amount: 4n }]))
      .rejects.toMatchObject({ code: 'RF002' })
    await expect(post('two assets', [{ account: null, kind: 'rebate_expense', amount: -5n, asset: 'EUR' }, { account: member, kind: 'reward_available', rebate, amount: 5n }]))
      .rejects.toMatchObject({ code: 'RF002' })
  })

  test('refuses to take a member account below zero or debt above zero, and leaves no trace', async () => {
    await expect(post('overdraw', accrue(-108n))).rejects.toMatchObject({ code: '23514' })
    await expect(post('credit', [{ account: null, kind: 'reclaimed', amount: -1n }, { account: member, kind: 'debt', rebate, amount: 1n }])).rejects.toMatchObject({ code: '23514' })
    expect(await balanceOf('reward_available')).toBe(107n)
  })

  test('refuses a member kind without its rebate, an unknown kind and a wrong owner', async () => {
    const expense: Line = { account: null, kind: 'rebate_expense', amount: -1n }
    for (const wrong of [{ account: member, kind: 'reward_available', amount: 1n }, { account: member, kind: 'gold', rebate, amount: 1n }, { account: null, kind: 'main_paid', amount: 1n }]) {
      await expect(post(`wrong ${wrong.kind}`, [expense, wrong])).rejects.toMatchObject({ code: 'RF002' })
    }
  })

  test('the serving role cannot write entries, transfers or balances around the function', async () => {
    for (const statement of ['update book_account set balance = 0', 'delete from entry', 'insert into transfer (natural_key) values (\'\\x05\')', 'update position set amount = 0', 'truncate entry']) {
      await expect(database.pool.query(statement)).rejects.toMatchObject({ code: '42501' })
    }
  })

  test('even the owner cannot change or add to what was posted', async () => {
    for (const statement of ['update entry set amount = 1', 'delete from transfer', 'truncate entry cascade', 'update rebate set amount = 1', 'delete from event where true; update act set reason = null; truncate event cascade']) {
      await expect(owner.pool.query(statement), statement).rejects.toMatchObject({ code: 'RF900' })
    }
    await expect(owner.pool.query(
      `insert into entry (transfer_id, book_account_id, asset, amount, balance_before, balance_after, account_version)
       select transfer_id, book_account_id, asset, 1, 0, 1, 99 from entry limit 1`)).rejects.toMatchObject({ code: 'RF900' })
  })
})
