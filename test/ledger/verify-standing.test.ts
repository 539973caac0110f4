// `verify` on what stands between books and members: sign-up credit, its end, enrolment, tracks and contracts. It holds when nothing was
// touched, and each kind of corruption, made behind the database's back, is found at its row.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type pg from 'pg'
import { lockMembers } from '../../src/ledger/index.ts'
import { STANDING_RULES } from '../../src/ledger/verify-standing-rules.ts'
import { programVersionAt } from '../../src/policies/index.ts'
import { approveContract, changeTrack, endExclusion, enterContract, excludeAccount, expireCredits, grantSignupCredit } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, type Programme } from '../programs/programme.ts'

const given = await useDatabase()
const { clock, database, keys, owner } = given
const programme = await makeProgramme(given, {
  key: 'market', name: 'market', versions: [{ effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: {
    base: 'recharge', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 }, signupCredit: { amount: '2.5', asset: 'USD', validDays: 30, grantOn: 'verified' },
    tracks: [{ key: 'partner', entry: 'upgrade', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 } }, { key: 'agency', entry: 'contract', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 } }],
    enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' }, linkTemplate: 'https://example.com?ref={code}', shareText: { en: '{link}' },
  } }],
})
const { account, programId, read, recharge, signUp } = programme

async function grant(market: Programme, inviterId: bigint, inviteeId: bigint): Promise<bigint> {
  const referral = await database.prisma.referral.findFirstOrThrow({ where: { programId, inviteeId } })
  const event = await database.prisma.event.findFirstOrThrow({ where: { accountId: inviteeId, type: 'signup' } })
  const credit = await read(async (transaction) => {
    await lockMembers(transaction, [inviterId, inviteeId])
    const version = await programVersionAt(transaction, programId, clock.now())
    if (version === null) throw new Error('no version')
    return grantSignupCredit(transaction, { actorId: 1n, now: clock.now(), check: market.recorder.check }, { referral, version, on: 'verified', cause: { id: event.id, occurredAt: clock.now() } })
  })
  if (credit === null) throw new Error('no credit')
  return credit.rebateId
}

const known = { inviter: 0n, credit: 0n, contract: 0n }
beforeAll(async () => {
  const [inviter, first, second] = [await account('v-0'), await account('v-1'), await account('v-2')]
  const staff = (await database.prisma.actor.create({ data: { kind: 'person', name: 'lee', createdAt: clock.now() } })).id
  await signUp(first, inviter)
  await signUp(second, inviter)
  known.inviter = inviter
  known.credit = await grant(programme, inviter, first)
  await grant(programme, inviter, second)
  await recharge('basic', first, '100')
  clock.advance(60)
  const actor = { database, keys, clock, actorId: 1n }
  await changeTrack(actor, { programId, accountId: inviter, track: 'partner' })
  clock.advance(60)
  await recharge('partner', first, '100')
  const agency = await account('v-3')
  const entered = await enterContract(actor, { programId, accountId: agency, track: 'agency', signedAt: new Date('2026-05-01T00:00:00Z'), documentReference: 'cabinet 3' })
  if (!entered.ok) throw new Error(entered.reason)
  known.contract = entered.contract.id
  await approveContract({ ...actor, actorId: staff }, known.contract)
  const excluded = await excludeAccount(actor, { programId, accountId: second, reason: 'test' })
  clock.advance(60)
  if (excluded.ok) await endExclusion(actor, excluded.exclusion.id)
  clock.advance(30 * 86_400)
  await expireCredits({ database, clock })
})

/** The first wrong row of every broken rule of these. */
async function faults(): Promise<string[]> {
  const found: string[] = []
  for (const { name, query } of STANDING_RULES) {
    const { rows } = await client.query<{ place: string }>(query)
    if (rows[0] !== undefined) found.push(`${name} ${rows[0].place}`)
  }
  return found
}

let client: pg.PoolClient
beforeAll(async () => {
  client = await owner.pool.connect()
  await client.query('set session_replication_role = replica')
})
afterAll(() => client.release())

test('untouched, every rule holds', async () => {
  expect(await faults()).toEqual([])
})

const credit = `(select min(id) from rebate where kind = 'signup_credit')`
const earned = `(select max(id) from rebate where kind = 'rebate')`
const breakage = `(select min(e.id) from entry e join book_account b on b.id = e.book_account_id where b.kind = 'breakage')`
const before = `(select occurred_at - interval '1 second' from rebate where id = ${earned})`
const change = (table: string, columns: string, values: string): string =>
  `insert into ${table} (program_id, account_id, ${columns}, effective_from, recorded_at, actor_id) select program_id, account_id, ${values}, ${before}, ${before}, 1 from rebate where id = ${earned}`

const CORRUPTIONS: readonly { readonly what: string; readonly sql: string; readonly rule: string; readonly row: string }[] = [
  { what: 'a credit of more than its version gives', sql: `update rebate set amount = amount + 1 where id = ${credit}`, rule: 'signup_credits', row: `select 'rebate ' || ${credit} as place` },
  { what: 'a credit that ends later', sql: `update rebate set expires_at = expires_at + interval '1 day' where id = ${credit}`, rule: 'signup_credits', row: `select 'rebate ' || ${credit} as place` },
  { what: 'a credit of another member', sql: `update rebate set account_id = (select inviter_id from referral limit 1) where id = ${credit}`, rule: 'signup_credits', row: `select 'rebate ' || ${credit} as place` },
  { what: 'an expiry before the end', sql: `update transfer set occurred_at = occurred_at - interval '1 day' where id = (select transfer_id from entry where id = ${breakage})`, rule: 'expiries', row: `select 'entry ' || ${breakage} as place` },
  { what: 'an expiry of what was held', sql: `insert into hold (subject_kind, rebate_id, owner_id, reason, placed_at, due_at, on_silence) select 'rebate', e.rebate_id, 1, 'freeze', t.recorded_at - interval '1 day', t.recorded_at + interval '30 days', 'escalate' from entry e join transfer t on t.id = e.transfer_id where e.id = ${breakage}`, rule: 'expiries', row: `select 'entry ' || ${breakage} as place` },
  { what: 'an end of what was earned', sql: `update rebate set expires_at = effective_at where id = ${earned}`, rule: 'expiries', row: `select 'rebate ' || ${earned} as place` },
  { what: 'a rebate of who was suspended', sql: change('enrolment_change', 'state, reason', `'suspended', 'staff'`), rule: 'earned_in_standing', row: `select 'rebate ' || ${earned} as place` },
  { what: 'a rebate of another track', sql: `update rebate set track = 'default' where id = ${earned}`, rule: 'earned_in_standing', row: `select 'rebate ' || ${earned} as place` },
  { what: 'a rebate of who was excluded', sql: `insert into excluded_account (program_id, account_id, reason, starts_at, recorded_at, actor_id) select program_id, account_id, 'staff', ${before}, ${before}, 1 from rebate where id = ${earned}`, rule: 'earned_in_standing', row: `select 'rebate ' || ${earned} as place` },
  { what: 'a contract in force before its signing', sql: `update track_change set effective_from = effective_from - interval '1 day' where contract_id is not null`, rule: 'contracts', row: `select 'contract ' || min(id) as place from contract` },
  { what: 'a track of a contract that nobody approved', sql: `update contract set approved_by = null, approved_at = null`, rule: 'contracts', row: `select 'track_change ' || min(id) as place from track_change where contract_id is not null` },
]

test.each(CORRUPTIONS)('$what is found by the rule $rule at its row', async ({ sql, rule, row }) => {
  await client.query('begin')
  await client.query(sql)
  const { rows } = await client.query<{ place: string }>(row)
  const found = await faults()
  await client.query('rollback')
  expect(found).toContain(`${rule} ${rows[0]?.place}`)
})
