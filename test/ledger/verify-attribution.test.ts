// `verify` on attribution: codes, clicks and claims behind relations. It holds when nothing was touched, and each kind of corruption, made
// behind the database's back with its constraints gone, is found at its row.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type pg from 'pg'
import { verifyBooks } from '../../src/ledger/index.ts'
import { ATTRIBUTION_RULES } from '../../src/ledger/verify-attribution-rules.ts'
import { useDatabase } from '../database.ts'
import { makeClaimsDesk } from '../programs/claims-desk.ts'

const given = await useDatabase()
const { database, keys, owner } = given
const desk = await makeClaimsDesk(given, 'claims', { claims: { secondPersonAbove: '100', maximumPerMonth: 100 } })
let client: pg.PoolClient

beforeAll(async () => {
  const [first, second] = [await desk.actor(), await desk.actor()]
  const inviter = await desk.member()
  for (const paid of ['10', '200']) {
    const invited = await desk.client()
    const claim = await desk.enter(inviter, invited)
    await desk.confirm(claim, invited)
    await desk.pay(invited, paid)
    await desk.decide(claim, first)
    if (paid === '200') await desk.approve(claim, second)
  }
  await desk.enter(inviter, await desk.client())
  await desk.confirm(await desk.enter(inviter, inviter), inviter)
  const [followed, typed] = [await desk.fresh(), await desk.fresh()]
  await desk.attribute(desk.signUpOf(followed, { clickId: await desk.click(inviter.id) }), desk.signUpOf(typed, { code: await desk.codeOf(inviter.id) }))
  client = await owner.pool.connect()
})
afterAll(() => client.release())

async function faults(): Promise<string[]> {
  const found: string[] = []
  for (const { name, query } of ATTRIBUTION_RULES) {
    const { rows } = await client.query<{ place: string; found: string }>(query)
    if (rows[0] !== undefined) found.push(`${name}: ${rows[0].place}: ${rows[0].found}`)
  }
  return found
}

test('untouched, the books verify with these rules among them', async () => {
  const report = await verifyBooks(database, keys)
  expect(report.faults).toEqual([])
  expect(report.rules.map(({ name }) => name)).toEqual(expect.arrayContaining(['attribution', 'claims']))
})

const byClaim = `(select min(id) from referral where source = 'claim')`
const byLink = `(select min(id) from referral where source = 'link')`
const accepted = `(select min(id) from claim where state = 'accepted')`
const byTwo = `(select min(id) from claim where approved_by is not null)`
const waiting = `(select min(id) from claim where state = 'waiting_for_client')`
const refused = `(select min(id) from claim where state = 'refused')`

const CORRUPTIONS: readonly (readonly [string, string, string, string])[] = [
  ['a code of somebody else', `update invite_code set account_id = (select max(id) from account)`, `'referral ' || ${byLink}`, 'its code is not its inviter’s'],
  ['a click of a bot', `update click set is_bot = true`, `'referral ' || ${byLink}`, 'its click is not one of its code by a person'],
  ['a relation by a code without one', `update referral set code_id = null, click_id = null where id = ${byLink}`, `'referral ' || ${byLink}`, 'it was made by a code that it does not name'],
  ['a relation by a claim that is gone', `delete from claim_body; delete from claim where referral_id = ${byClaim}`, `'referral ' || ${byClaim}`, 'no accepted claim made it'],
  ['a relation of another inviter', `update referral set inviter_id = (select max(id) from account) where id = ${byClaim}`, `'claim ' || ${accepted}`, 'its relation is not that of its inviter and client'],
  ['a relation of another source', `update referral set source = 'import' where id = ${byClaim}`, `'claim ' || ${accepted}`, 'its relation was made by something else'],
  ['a relation that starts earlier than was agreed', `update referral set occurred_at = occurred_at - interval '1 day' where id = ${byClaim}`, `'claim ' || ${accepted}`, 'its relation starts at another time than it says'],
  ['a claim that nobody confirmed', `update claim set confirmed_at = null where id = ${accepted}`, `'claim ' || ${accepted}`, 'its client did not confirm it'],
  ['a claim decided by who entered it', `update claim set decided_by = entered_by where id = ${accepted}`, `'claim ' || ${accepted}`, 'who entered it decided it'],
  ['a claim without its second person', `update claim set approved_by = null where id = ${byTwo}`, `'claim ' || ${byTwo}`, 'it has no second person'],
  ['a second person who is the first', `update claim set approved_by = decided_by where id = ${byTwo}`, `'claim ' || ${byTwo}`, 'its second person is not a second one'],
  ['a refusal without a reason', `update claim set reason = null where id = ${refused}`, `'claim ' || ${refused}`, 'it is refused without a reason, or has one without being refused'],
  ['a relation of a claim that waits', `update claim set referral_id = ${byLink} where id = ${waiting}`, `'claim ' || ${waiting}`, 'it has a relation without being accepted'],
  ['a claim whose client is its inviter', `update claim set invitee_id = inviter_id, state = 'waiting_for_review', confirmed_at = recorded_at where id = ${waiting}`, `'claim ' || ${waiting}`, 'it has no client but its inviter'],
]

test.each(CORRUPTIONS)('%s is found at its row', async (_, sql, place, fault) => {
  await client.query('begin')
  const { rows: before } = await client.query<{ place: string }>(`select ${place} as place`)
  await client.query(`set local session_replication_role = replica`)
  await client.query(`do $$ declare v record; begin for v in select conname, conrelid::regclass as name from pg_constraint where contype in ('c', 'u') and conrelid in ('claim'::regclass, 'referral'::regclass, 'invite_code'::regclass)
    loop execute format('alter table %s drop constraint %I', v.name, v.conname); end loop; end $$`)
  await client.query('drop index invite_code_current')
  await client.query(sql)
  const found = await faults()
  await client.query('rollback')
  expect(found.join('\n')).toContain(`${before[0]?.place}: ${fault}`)
})
