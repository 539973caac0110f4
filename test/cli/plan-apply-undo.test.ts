// Goal: the commands of the review desk say exactly what they would do and did, with exit codes and JSON that scripts can trust.
// Method: the command lines in this process, on a programme with a ring of two.

import { beforeAll, describe, expect, test } from 'vitest'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { type Desk, makeDesk } from '../review/desk.ts'
import { ran } from './review-commands.ts'

const setting = await useDatabase()
let desk: Desk
let ringId = ''
let hubName = ''
let altName = ''

beforeAll(async () => {
  desk = await makeDesk(setting)
  const { programme } = desk
  const hub = await programme.account('hub')
  const alt = await programme.account('alt')
  hubName = `hub-${programme.programId}`
  altName = `alt-${programme.programId}`
  await programme.signUp(alt, hub)
  await programme.recharge('first', alt, '250')
  await programme.transfer(hub, '5')
  const found = await desk.scan({ rings: [{ members: [[hub, 0.91], [alt, 0.96]], expectedLoss: 11_875_000n }] })
  ringId = String(found.ringIds[0])
})

/** The hash and number that a plan printed. */
function printedPlan(printed: string): { id: string; hash: string } {
  return { id: /^Plan (\d+):/.exec(printed)?.[1] ?? '', hash: /^Hash ([0-9a-f]{64})$/m.exec(printed)?.[1] ?? '' }
}

describe('ringfence cases', () => {
  test('lists the queue with expected loss, money by state and due date', async () => {
    const { code, printed } = await ran(setting, 'cases')
    expect(code).toBe(0)
    expect(printed).toContain(`ring ${ringId}, 2 accounts, 1 referrals`)
    expect(printed).toContain('expected loss 11.875 USD at probability 0.950; due 2026-06-08, unassigned')
    expect(printed).toContain('available 7.5 USD, transferred 5 USD')
  })

  test('prints JSON with amounts in units and ids as strings', async () => {
    const { cases } = JSON.parse((await ran(setting, 'cases', '--json')).printed) as { cases: unknown[] }
    expect(cases).toEqual([expect.objectContaining({ ring_id: ringId, expected_loss: '11.875', asset: 'USD', state: 'open', owner: null })])
  })
})

describe('ringfence cases --take', () => {
  test('makes who asks the owner, and --give-back unassigns it', async () => {
    const caseId = (await desk.caseOf(BigInt(ringId))).id.toString()
    expect((await ran(setting, 'cases', '--take', caseId, '--as', 'erin')).printed).toContain('due 2026-06-08, erin')
    expect((await ran(setting, 'cases', '--mine', '--as', 'erin')).printed).toContain(`Case ${caseId}:`)
    expect((await ran(setting, 'cases', '--give-back', caseId, '--as', 'erin', '--unassigned')).printed).toContain(`Case ${caseId}:`)
    expect(await ran(setting, 'cases', '--take', '999')).toMatchObject({ code: 1, complained: expect.stringContaining('unknown_case') })
  })
})

describe('ringfence plan, apply and undo', () => {
  test('show who, what, balances after, total and hash, and change nothing', async () => {
    const before = await desk.dump()
    const { code, printed } = await ran(setting, 'plan', '--ring', ringId, '--action', 'freeze')
    expect(code).toBe(0)
    expect(printed).toMatch(new RegExp(`\\[x\\]  ${altName}\\s+0\\.960`))
    expect(printed).toMatch(new RegExp(`${hubName}\\s+5 USD\\s+main_reward → main_held\\s+rebate \\d+`))
    expect(printed).toMatch(/reward_available\s+USD\s+7\.5\s+→ 0/)
    expect(printed).toContain(`${hubName} → ${altName}: active → suspended, from the moment of applying`)
    expect(printed).toContain('12.5 USD moves')
    expect(printedPlan(printed).hash).toHaveLength(64)
    expect(await desk.dump()).toEqual(before)
  })

  test('print JSON with every posting in units, and the action as it was asked for', async () => {
    const { printed } = await ran(setting, 'plan', '--ring', ringId, '--action', 'reclaim', '--member', altName, '--json')
    expect(JSON.parse(printed)).toMatchObject({
      action: { kind: 'reclaim', target: { ring_id: ringId }, signup_credit: false }, totals: [{ asset: 'USD', moved: '12.5', becomes_debt: '0', lost: '0' }],
      effects: [{ kind: 'posting', external_id: hubName, lines: [{ book: 'reward_available', amount: '-7.5' }, { book: 'main_reward', amount: '-5' }, { account_id: null, book: 'reclaimed', amount: '12.5' }] }],
      balances: expect.arrayContaining([{ account_id: expect.any(String), external_id: hubName, asset: 'USD', book: 'reward_available', before: '7.5', after: '0' }]),
    })
  })

  test('apply by the hash, give the first answer again, and take it back', async () => {
    const before = await desk.dump()
    const plan = printedPlan((await ran(setting, 'plan', '--ring', ringId, '--action', 'reclaim')).printed)
    const apply = ['apply', plan.id, '--hash', plan.hash, '--reason', 'self_invitation', '--note', 'one phone, two accounts', '--as', 'dana']
    const first = await ran(setting, ...apply)
    expect(first).toMatchObject({ code: 0, complained: '' })
    const decision = /^Decision (\d+):/.exec(first.printed)?.[1] ?? ''
    expect((await ran(setting, ...apply)).printed).toContain(`Decision ${decision}, as applied before`)
    expect(await desk.programme.balances(await hubId())).toEqual({})
    expect((await ran(setting, 'undo', decision, '--preview')).printed).toContain('reclaimed → ')
    const undo = await ran(setting, 'undo', decision, '--reason', 'correction', '--json')
    expect(JSON.parse(undo.printed)).toMatchObject({ ok: true, undoes: decision, is_replay: false })
    const after = await desk.dump()
    expect({ ...after, cases: [] }).toEqual({ ...before, cases: [] })
    await expectBooksToBalance(setting.owner)
    expect((await ran(setting, 'cases', '--mine', '--as', 'dana')).printed).toContain(`ring ${ringId}`)
  })

  test('refuse a changed effect with exit code 1 and what changed', async () => {
    const plan = printedPlan((await ran(setting, 'plan', '--ring', ringId, '--action', 'freeze')).printed)
    await desk.programme.transfer(await hubId(), '1')
    const { code, complained } = await ran(setting, 'apply', plan.id, '--hash', plan.hash, '--reason', 'farm')
    expect(code).toBe(1)
    expect(complained).toContain('Refused (plan_changed)')
    expect(complained).toContain('"amount":"-6.5"')
    const json = await ran(setting, 'apply', plan.id, '--hash', plan.hash, '--reason', 'farm', '--json')
    expect(JSON.parse(json.printed)).toMatchObject({ ok: false, reason: 'plan_changed', changed: expect.arrayContaining([{ planned: expect.anything(), now: expect.anything() }]) })
  })

  const wrong: [title: string, parameters: () => string[], code: number, message: RegExp][] = [
    ['without an action', () => ['plan', '--ring', ringId], 2, /--action/],
    ['without a ring, a case or a rebate', () => ['plan', '--action', 'freeze'], 2, /--ring, --case or --rebate/],
    ['for a ring and a case', () => ['plan', '--ring', '1', '--case', '1', '--action', 'freeze'], 2, /not both/],
    ['for an id that is no number', () => ['plan', '--ring', 'one', '--action', 'freeze'], 2, /Give a number/],
    ['for a restriction without an end', () => ['plan', '--ring', '1', '--action', 'restrict', '--restriction', 'no_payout'], 2, /--until/],
    ['for a dismissal without an outcome', () => ['plan', '--ring', '1', '--action', 'dismiss'], 2, /--outcome/],
    ['for an outcome that is no word of the list', () => ['plan', '--ring', '1', '--action', 'dismiss', '--outcome', 'maybe'], 2, /household/],
    ['for a ring that is not there', () => ['plan', '--ring', '999', '--action', 'freeze'], 1, /unknown_ring/],
    ['for a member that nobody is', () => ['plan', '--ring', ringId, '--action', 'freeze', '--member', 'nobody'], 1, /unknown_account/],
    ['for a plan that is not there', () => ['apply', '999', '--hash', 'x', '--reason', 'farm'], 1, /unknown_plan/],
    ['without a hash', () => ['apply', '1', '--reason', 'farm'], 2, /--hash/],
    ['for a decision that is not there', () => ['undo', '999'], 1, /unknown_decision/],
    ['for a reason that is no word of the list', () => ['undo', '1', '--reason', 'whim'], 2, /correction/],
  ]
  test.each(wrong)('end with their exit code %s', async (_title, parameters, code, message) => {
    const result = await ran(setting, ...parameters())
    expect(result.code).toBe(code)
    expect(result.complained).toMatch(message)
  })

  test.each(['cases', 'plan', 'apply', 'undo'])('%s --help shows examples and exit codes', async (command) => {
    const { code, printed } = await ran(setting, command, '--help')
    expect(code).toBe(0)
    expect(printed).toContain('Examples:')
    expect(printed).toContain('Exit codes: 0')
  })
})

async function hubId(): Promise<bigint> {
  return (await setting.database.prisma.accountIdentity.findUniqueOrThrow({ where: { externalId: hubName } })).accountId
}
