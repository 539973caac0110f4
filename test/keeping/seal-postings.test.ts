// Goal: what was posted cannot be changed, added to or taken away unseen after it was sealed, and no posting falls between two seals.
// Method: real postings on a real database, also while other transactions write; the owner corrupts, the rule must name the row.

import { describe, expect, test } from 'vitest'
import { sealPostings } from '../../src/keeping/index.ts'
import { verifyBooks } from '../../src/ledger/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme } from '../programs/programme.ts'

const given = await useDatabase()
const { database, owner, keys, clock } = given
const { account, recharge, signUp } = await makeProgramme(given, apiyi)
const parts = { database, keys, clock }
const [inviter, invitee] = [await account('inviter'), await account('invitee')]
await signUp(invitee, inviter)
let paid = 0

async function pay(): Promise<void> {
  paid += 1
  await recharge(`pay-${paid}`, invitee, '10')
}

const seals = () => database.prisma.postingSeal.findMany({ orderBy: { id: 'asc' } })
const newest = async (): Promise<bigint> => (await database.prisma.transfer.aggregate({ _max: { id: true } }))._max.id ?? 0n
const faults = async (): Promise<string[]> => (await verifyBooks(database, keys)).faults.map(({ rule, place, found }) => `${rule}: ${place}: ${found}`)

/** Runs the statements with no trigger and no constraint in their way, looks, and takes everything back. */
async function corrupted(...statements: string[]): Promise<string[]> {
  const client = await owner.pool.connect()
  try {
    const table = (name: string): string => `create temp table kept_${name} as select * from ${name}`
    await client.query(`set session_replication_role = replica; ${['transfer', 'entry', 'posting_seal'].map(table).join(';')}`)
    for (const statement of statements) await client.query(statement)
    return (await faults()).filter((fault) => fault.startsWith('seals:'))
  } finally {
    for (const name of ['entry', 'transfer', 'posting_seal']) {
      await client.query(`delete from ${name}; insert into ${name} overriding system value select * from kept_${name}; drop table kept_${name}`)
    }
    await client.query('set session_replication_role = origin')
    client.release()
  }
}

describe('sealing', () => {
  test('covers every transfer once, in ranges that follow each other, each named by an act', async () => {
    await pay()
    await pay()
    expect(await sealPostings(parts, 3n)).toMatchObject({ ok: true })
    await pay()
    expect(await sealPostings(parts)).toMatchObject({ ok: true, transfers: 2, seals: 1 })
    const ranges = (await seals()).map(({ firstTransferId, lastTransferId }) => [firstTransferId, lastTransferId])
    expect(ranges[0]?.[0]).toBe(1n)
    for (let place = 1; place < ranges.length; place += 1) expect(ranges[place]?.[0]).toBe((ranges[place - 1]?.[1] ?? 0n) + 1n)
    expect(ranges.at(-1)?.[1]).toBe(await newest())
    expect(await database.prisma.act.count({ where: { kind: 'postings_sealed' } })).toBe(ranges.length)
    expect(await faults()).toEqual([])
  })

  test('adds nothing when there is nothing new', async () => {
    expect(await sealPostings(parts)).toEqual({ ok: true, transfers: 0, seals: 0 })
  })

  test('by two processes at once seals everything once', async () => {
    await pay()
    await pay()
    const before = (await seals()).length
    await Promise.all([sealPostings(parts, 2n), sealPostings(parts, 2n)])
    const after = (await seals()).slice(before)
    expect(after.at(-1)?.lastTransferId).toBe(await newest())
    expect(await faults()).toEqual([])
  })

  test('waits for a transaction that may still bring a lower id, and gives way to it', async () => {
    const client = await owner.pool.connect()
    await client.query('begin')
    const posted = await client.query<{ id: string }>(
      `select transfer_id as id from post_transfer('\\x01', 'opening', null, null, null, null, now(), now(), now(), 1, array[null, null]::bigint[], array['opening_balance', 'rebate_expense'], array['USD', 'USD'], array[null, null]::bigint[], array[5, -5])`).catch((error: unknown) => error)
    await pay()
    const count = (await seals()).length
    expect(await sealPostings(parts)).toEqual({ ok: false, why: 'writers_busy' })
    expect(await seals()).toHaveLength(count)
    await client.query('rollback')
    client.release()
    expect(posted).toBeDefined()
    expect(await sealPostings(parts)).toMatchObject({ ok: true, transfers: 2 })
  })

  test('every function that takes ids of transfers holds the table before it does', async () => {
    const { rows } = await owner.pool.query<{ name: string; source: string }>(`select proname as name, prosrc as source from pg_proc where prosrc like '%nextval(''transfer_id_seq'')%'`)
    for (const { name, source } of rows) {
      const locked = source.indexOf('LOCK TABLE transfer IN ROW EXCLUSIVE MODE')
      expect(locked >= 0 && locked < source.indexOf(`nextval('transfer_id_seq')`), name).toBe(true)
    }
  })
})

describe('after the sealing', () => {
  test('a changed time of a transfer is found at its row', async () => {
    expect(await corrupted(`update transfer set effective_at = effective_at + interval '1 day' where id = 3`)).toEqual([expect.stringContaining('transfer 3: it or its entries are not as seal')])
  })

  test('a changed entry is found at its transfer', async () => {
    expect(await corrupted('update entry set account_version = account_version + 1000 where transfer_id = 2')).toEqual([expect.stringContaining('transfer 2: it or its entries')])
  })

  test('a deleted transfer is found by its id', async () => {
    expect(await corrupted('delete from entry where transfer_id = 4', 'delete from transfer where id = 4')).toEqual([expect.stringMatching(/transfer 4: it was sealed by \d+ and is missing/)])
  })

  test('a transfer put into a gap is found', async () => {
    const client = await owner.pool.connect()
    await client.query(`select setval('transfer_id_seq', (select max(id) + 1 from transfer))`)
    client.release()
    await pay()
    await sealPostings(parts)
    const { rows: [gap] } = await owner.pool.query<{ id: string }>(`select min(n)::text as id from generate_series(1, (select max(id) from transfer)) as n where not exists (select 1 from transfer where id = n)`)
    const columns = 'content_digest, kind, occurred_at, recorded_at, effective_at, actor_id'
    const found = await corrupted(`insert into transfer (id, natural_key, ${columns}) overriding system value select ${gap?.id}, '\\xff', ${columns} from transfer where id = 2`)
    expect(found).toEqual([expect.stringContaining(`transfer ${gap?.id}: it was added after seal`)])
  })

  test('a seal that is changed, deleted or of which the act is gone is found', async () => {
    const [first, second] = await seals()
    expect(await corrupted(`update posting_seal set digest = sha256('x') where id = ${first?.id}`)).toEqual([expect.stringContaining(`posting_seal ${first?.id}: act ${first?.actSequence} does not name it`)])
    expect(await corrupted(`delete from posting_seal where id = ${first?.id}`)).toEqual([expect.stringContaining(`posting_seal ${second?.id}: it begins at`)])
    const last = (await seals()).at(-1)
    expect(await corrupted(`delete from posting_seal where id = ${last?.id}`)).toEqual([expect.stringContaining(`act ${last?.actSequence}: the seal that it names is missing`)])
  })

  test('a seal rewritten together with what it covers is found by its act', async () => {
    const last = (await seals()).at(-1)
    const found = await corrupted(
      `update transfer set effective_at = effective_at + interval '1 day' where id = ${last?.lastTransferId}`,
      `update posting_seal set digest = (select sha256(string_agg(d.digest, ''::bytea order by d.id)) from transfer_digests(first_transfer_id, last_transfer_id) as d) where id = ${last?.id}`)
    expect(found).toEqual([expect.stringContaining(`posting_seal ${last?.id}: act`)])
  })
})
