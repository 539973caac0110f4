// `verify` on a small programme with every kind of movement: it holds when nothing was touched, and each kind of corruption,
// made behind the database's back with triggers and foreign keys off, is found at its row.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type pg from 'pg'
import { applyEnforcement, verifyBooks } from '../../src/ledger/index.ts'
import { apiyi } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from '../programs/programme.ts'

const database = await useDatabase()
const { clock, keys, owner } = database
const programme = await makeProgramme(database, apiyi)
const { account, recharge, record, refund, signUp, transfer, read } = programme

beforeAll(async () => {
  const members: bigint[] = []
  for (let place = 0; place < 5; place++) members.push(await account(`v-${place}`))
  const [first = 0n, second = 0n, third = 0n, fourth = 0n, fifth = 0n] = members
  await signUp(second, first)
  await signUp(third, second)
  await signUp(fourth, first)
  await signUp(fifth, fifth)
  for (const [place, member] of [second, third, fourth, second].entries()) await recharge(`v${place}`, member, `${100 + place}`)
  await transfer(first, 'all')
  await record({ type: 'spend', accountId: first, amount: units('9'), asset: 'USD' })
  await refund('v0-back', 'v0', second, '60')
  await recharge('v9', fourth, '20')
  await refund('v-waiting', 'v-unknown', second, '1')
  await record({ type: 'dispute_opened', accountId: third, originalEventId: 'v1' })
  const rebate = await database.database.prisma.rebate.findFirstOrThrow({ where: { accountId: first }, orderBy: { id: 'desc' } })
  await read((transaction) => applyEnforcement(transaction, { kind: 'freeze', rebateIds: [rebate.id] }, {
    naturalKey: Buffer.from('freeze'), actorId: 1n, at: clock.now(), hold: { reason: 'freeze', ownerId: 1n, dueAt: new Date('2026-07-01T00:00:00Z'), onSilence: 'escalate' },
  }))
})

const faults = async (): Promise<string[]> => (await verifyBooks(database.database, keys)).faults.map((fault) => `${fault.rule} ${fault.place}`)

/** Runs the statements as a hostile owner would, looks, and puts everything back from a copy. */
let client: pg.PoolClient
beforeAll(async () => {
  client = await owner.pool.connect()
  await client.query('create schema copy')
  const { rows } = await client.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public' and tablename not like '\\_%'`)
  for (const { name } of rows) await client.query(`create table copy.${name} as table public.${name}`)
})
afterAll(() => client.release())

async function corrupted(tables: readonly string[], statements: readonly string[]): Promise<string[]> {
  await client.query('set session_replication_role = replica')
  try {
    for (const statement of statements) await client.query(statement)
    return await faults()
  } finally {
    for (const table of tables) {
      await client.query(`delete from ${table}`)
      await client.query(`insert into ${table} overriding system value select * from copy.${table}`)
    }
    await client.query('set session_replication_role = origin')
  }
}

test('untouched books hold, by every rule', async () => {
  const report = await verifyBooks(database.database, keys)
  expect(report).toMatchObject({ ok: true, faults: [], acts: { ok: true } })
  expect(report.counted.entries).toBeGreaterThan(20)
})

interface Corruption {
  readonly what: string
  readonly tables: readonly string[]
  readonly sql: readonly string[]
  /** The rule that must name the row, and the query for the row's place. */
  readonly rule: string
  readonly row: string
}

const firstEntry = `select min(id) from entry`
const CORRUPTIONS: readonly Corruption[] = [
  { what: 'an amount changed on one side', tables: ['entry'], sql: [`update entry set amount = amount + 1, balance_after = balance_after + 1 where id = (${firstEntry})`],
    rule: 'zero_sum', row: `'transfer ' || (select min(transfer_id) from entry)` },
  { what: 'an amount changed on both sides, with every balance mended', tables: ['entry', 'book_account'],
    sql: [`update entry set amount = amount + sign(amount)::int, balance_after = balance_after + sign(amount)::int where transfer_id = 1`,
      `update book_account b set balance = (select coalesce(sum(amount), 0) from entry e where e.book_account_id = b.id)`],
    rule: 'content', row: `'transfer 1'` },
  { what: 'an entry deleted', tables: ['entry'], sql: [`delete from entry where id = (select max(id) from entry)`],
    rule: 'zero_sum', row: `'transfer ' || (select max(transfer_id) from copy.entry)` },
  { what: 'a whole transfer deleted with its entries', tables: ['entry', 'transfer'],
    sql: [`delete from entry where transfer_id = 1`, `delete from transfer where id = 1`], rule: 'balances', row: `'book_account ' || (select min(book_account_id) from copy.entry where transfer_id = 1)` },
  { what: 'a transfer deleted under its entries', tables: ['transfer'], sql: [`delete from transfer where id = 2`],
    rule: 'references', row: `'entry ' || (select min(id) from entry where transfer_id = 2)` },
  { what: 'a balance raised', tables: ['book_account'], sql: [`update book_account set balance = balance + 1000000 where id = 3`], rule: 'balances', row: `'book_account 3'` },
  { what: 'a version raised', tables: ['book_account'], sql: [`update book_account set version = version + 1 where id = 4`], rule: 'balances', row: `'book_account 4'` },
  { what: 'a gap in the numbering of entries', tables: ['entry'], sql: [`update entry set account_version = account_version + 100 where id = (${firstEntry})`],
    rule: 'running_balance', row: `'entry ' || (select min(id) from entry e where exists (select 1 from entry f where f.id = (${firstEntry}) and f.book_account_id = e.book_account_id))` },
  { what: 'a position raised', tables: ['position'], sql: [`update position set amount = amount + 1 where rebate_id = 3 and amount > 0`],
    rule: 'positions', row: `(select 'position ' || min(book_account_id) || '/3' from copy.position where rebate_id = 3 and amount > 0)` },
  { what: 'a position deleted', tables: ['position'], sql: [`delete from position where rebate_id = 2 and amount > 0`],
    rule: 'positions', row: `(select 'position ' || book_account_id || '/2' from copy.position where rebate_id = 2 and amount > 0 order by book_account_id limit 1)` },
  { what: 'a rebate given another amount', tables: ['rebate'], sql: [`update rebate set amount = amount * 2 where id = 1`], rule: 'rebates_posted', row: `'rebate 1'` },
  { what: 'a rebate given another rate, base and amount that agree', tables: ['rebate'], sql: [`update rebate set base = base * 2, rate_ppm = rate_ppm / 2 where id = 1`], rule: 'rebates_earned', row: `'rebate 1'` },
  { what: 'a rebate moved to another member', tables: ['rebate'], sql: [`update rebate set account_id = (select max(id) from account) where id = 1`], rule: 'rebates_posted', row: `'rebate 1'` },
  { what: 'a rebate moved to the version before', tables: ['rebate'], sql: [`update rebate set program_version_id = (select min(id) from program_version) where id = 2`], rule: 'rebates_earned', row: `'rebate 2'` },
  { what: 'the referral of a rebate deleted', tables: ['referral'], sql: [`delete from referral where id = 1`], rule: 'references', row: `'rebate 1'` },
  { what: 'a line of a move given to another rebate', tables: ['entry'],
    sql: [`update entry set rebate_id = 3 where id = (select min(e.id) from entry e join transfer t on t.id = e.transfer_id where t.kind = 'reward_transfer' and e.rebate_id <> 3)`],
    rule: 'between_rebates', row: `(select 'transfer ' || min(id) from copy.transfer where kind = 'reward_transfer')` },
  { what: 'a debt of more than was taken back', tables: ['position'],
    sql: [`update position p set amount = -1000000000000 from book_account b where b.id = p.book_account_id and b.kind = 'debt' and p.amount <> 0`],
    rule: 'debts', row: `(select 'position ' || p.book_account_id || '/' || min(p.rebate_id) from copy.position p join copy.book_account b on b.id = p.book_account_id where b.kind = 'debt' and p.amount <> 0 group by p.book_account_id limit 1)` },
  { what: 'a debt forgiven by hand', tables: ['book_account', 'position'],
    sql: [`update position p set amount = 0 from book_account b where b.id = p.book_account_id and b.kind = 'debt'`, `update book_account set balance = 0 where kind = 'debt'`],
    rule: 'balances', row: `(select 'book_account ' || id from copy.book_account where kind = 'debt')` },
  { what: 'a hold removed while its money is held', tables: ['hold'], sql: [`delete from hold where reason = 'dispute'`], rule: 'holds', row: `(select 'rebate ' || rebate_id from copy.hold where reason = 'dispute')` },
  { what: 'a hold given an owner that does not exist', tables: ['hold'], sql: [`update hold set owner_id = 999 where id = 1`], rule: 'holds', row: `'hold 1'` },
  { what: 'a fact deleted under its referral', tables: ['referral_fact'], sql: [`delete from referral_fact where referral_id = 2`], rule: 'referrals', row: `'referral 2'` },
  { what: 'an inviter exchanged', tables: ['referral'], sql: [`update referral set inviter_id = (select max(id) from account) where id = 1`], rule: 'referrals', row: `'referral 1'` },
  { what: 'a circle closed', tables: ['referral'],
    sql: [`insert into referral (program_id, inviter_id, invitee_id, state, source, occurred_at, recorded_at, effective_at, actor_id)
             select program_id, (select invitee_id from referral where id = 2), inviter_id, 'active', 'code', occurred_at, recorded_at, effective_at, 1 from referral where id = 1`],
    rule: 'circles', row: `'referral 1'` },
  { what: 'an original that came while its refund still waits', tables: ['event'],
    sql: [`insert into event (natural_key, content_digest, type, account_id, amount, asset, occurred_at, recorded_at, effective_at, batch_id)
             select w.original_key, '\\x00', 'recharge', w.account_id, 1, 'USD', e.occurred_at, e.recorded_at, e.effective_at, e.batch_id
               from waiting_event w join event e on e.id = w.event_id where w.waits_for = 'original'`],
    rule: 'waiting', row: `(select 'waiting_event ' || event_id from waiting_event where waits_for = 'original')` },
  { what: 'the published rate changed', tables: ['program_version'],
    sql: [`update program_version set rules = jsonb_set(rules, '{reward,ratePpm}', '90000') where number = 1`], rule: 'version_digests', row: `(select 'program_version ' || id from program_version where number = 1)` },
  { what: 'a version deleted', tables: ['program_version'], sql: [`delete from program_version where number = 1`], rule: 'versions', row: `(select 'program_version ' || id from copy.program_version where number = 2)` },
  { what: 'an act altered', tables: ['act'], sql: [`update act set kind = 'nothing' where sequence = 2`], rule: 'acts', row: `'act 2'` },
]

describe('every kind of corruption is found at its row', () => {
  for (const { what, tables, sql, rule, row } of CORRUPTIONS) {
    test(what, async () => {
      const { rows } = await owner.pool.query<{ place: string }>(`select ${row} as place`)
      expect(await corrupted(tables, sql)).toContain(`${rule} ${rows[0]?.place}`)
      expect(await faults()).toEqual([])
    })
  }

  test('two book accounts, rebates, referrals or events with one key, should a constraint ever be lost', async () => {
    const DOUBLES: readonly { table: string; constraint: string; columns: string; rule: string; where?: string }[] = [
      { table: 'book_account', constraint: 'book_account_account_id_kind_asset_stripe_key', columns: 'account_id, kind, sign, asset, stripe', rule: 'balances' },
      { table: 'rebate', constraint: 'rebate_natural_key_key', rule: 'unique_keys',
        columns: 'natural_key, kind, program_id, program_version_id, referral_id, event_id, account_id, base, rate_ppm, amount, asset, occurred_at, recorded_at, effective_at, matures_at, actor_id' },
      { table: 'referral', constraint: 'referral_program_id_invitee_id_key', rule: 'referrals', columns: 'program_id, inviter_id, invitee_id, state, source, occurred_at, recorded_at, effective_at, actor_id' },
      { table: 'event', constraint: 'event_natural_key_key', rule: 'unique_keys', columns: 'natural_key, content_digest, type, account_id, occurred_at, recorded_at, effective_at, batch_id' },
    ]
    for (const { table, constraint, columns, rule } of DOUBLES) {
      const { rows } = await client.query<{ definition: string }>('select pg_get_constraintdef(oid) as definition from pg_constraint where conname = $1', [constraint])
      await client.query(`alter table ${table} drop constraint ${constraint}`)
      const found = await corrupted([table], [`insert into ${table} (${columns}) select ${columns} from ${table} order by id limit 1`])
      await client.query(`alter table ${table} add constraint ${constraint} ${rows[0]?.definition}`)
      expect(found.some((fault) => fault.startsWith(`${rule} ${table} `)), `${table}: ${found.join(', ')}`).toBe(true)
    }
    expect(await faults()).toEqual([])
  })
})
