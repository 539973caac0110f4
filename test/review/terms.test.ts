// Enforcement by contract: what the terms at accrual and the terms that the member accepted do not allow is refused with that reason.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apiMarket, apiyi, chatApi } from '../../src/programs/index.ts'
import type { NewProgram } from '../../src/policies/index.ts'
import { makePlan, type PlanAction, type Reviewer } from '../../src/review/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { answerOf, units } from '../programs/programme.ts'
import { decided, type Desk, makeDesk } from './desk.ts'

const setting = await useDatabase()
const { clock, database, owner } = setting
beforeEach(() => clock.set(new Date('2026-06-01T12:00:00Z')))
afterEach(() => expectBooksToBalance(owner))

interface Reviewed {
  readonly desk: Desk
  readonly ann: Reviewer
  readonly inviter: bigint
  readonly target: { readonly ringId: string }
  pay(amount?: string): Promise<string>
}

/** An inviter and an alt in one ring; `pay` gives the id of the rebate that the alt's payment earned. */
async function reviewed(program: NewProgram): Promise<Reviewed> {
  const desk = await makeDesk(setting, program)
  const { programme } = desk
  const [inviter, alt] = [await programme.account('inviter'), await programme.account('alt')]
  await programme.signUp(alt, inviter)
  const { ringIds } = await desk.scan({ rings: [{ members: [[inviter, 0.9], [alt, 0.95]] }] })
  const type = program.key === 'apiyi' ? 'recharge' : 'payment'
  return {
    desk, inviter, ann: await desk.reviewer('ann'), target: { ringId: String(ringIds[0]) },
    pay: async (amount = '100') => {
      const answer = await programme.record({ type, accountId: alt, amount: units(amount), asset: 'USD', periodUnit: 'month', periodCount: 1 })
      if (!answer.ok || answer.rebates[0] === undefined) throw new Error('The payment earned nothing.')
      return answer.rebates[0].rebateId.toString()
    },
  }
}

const REFUSED = { ok: false, reason: 'not_allowed_by_terms' }
const ENDS = '2027-01-01T00:00:00Z'

for (const program of [apiMarket, chatApi]) {
  describe(`${program.key}: the terms allow to hold before credit, and not to count who is not eligible`, () => {
    test('what was credited is neither frozen nor reclaimed, no relation is cancelled and no account restricted', async () => {
      const { ann, target, pay } = await reviewed(program)
      await pay()
      const termsVersion = program.versions[0]?.content.enforcement.termsVersion ?? ''
      const actions: PlanAction[] = [
        { kind: 'freeze', target }, { kind: 'reclaim', target }, { kind: 'cancel', target, from: 'now' }, { kind: 'cancel', target, from: 'start' },
        { kind: 'restrict', target, restriction: 'no_payout', endsAt: ENDS },
      ]
      for (const action of actions) expect(await makePlan(ann, action), action.kind).toMatchObject({ ...REFUSED, detail: expect.stringContaining(termsVersion) as string })
    })

    test('what was held before it was credited may be released, or refused for ever', async () => {
      const { ann, desk, inviter, pay } = await reviewed(program)
      desk.programme.setCheck(async () => answerOf('hold'))
      const [first, second] = [await pay(), await pay()]
      await decided(ann, { kind: 'reclaim', target: { rebates: [first] } })
      await decided(ann, { kind: 'release', target: { rebates: [second] } }, 'household')
      const held = Object.keys(await desk.programme.balances(inviter)).filter((name) => name.startsWith('reward_held'))
      expect(held).toEqual([])
      expect(await makePlan(ann, { kind: 'reclaim', target: { rebates: [second] } })).toMatchObject(REFUSED)
    })
  })
}

describe('apiyi: the terms allow every action', () => {
  test('freeze, reclaim, cancel and restrict are planned', async () => {
    const { ann, target, pay } = await reviewed(apiyi)
    await pay()
    const actions: PlanAction[] = [{ kind: 'freeze', target }, { kind: 'reclaim', target }, { kind: 'cancel', target, from: 'start' }, { kind: 'restrict', target, restriction: 'no_payout', endsAt: ENDS }]
    for (const action of actions) expect(await makePlan(ann, action), action.kind).toMatchObject({ ok: true })
  })
})

describe('the terms at accrual decide', () => {
  const [content] = apiyi.versions.map((version) => version.content)
  if (content === undefined) throw new Error('apiyi has no version')
  const withTerms = (termsVersion: string, actions: ('hold' | 'freeze' | 'reclaim')[]) => ({ ...content, enforcement: { ...content.enforcement, termsVersion, actions } })
  const changing: NewProgram = {
    key: 'apiyi', name: 'Changing',
    versions: [
      { effectiveFrom: new Date('2026-01-01T00:00:00Z'), content: withTerms('old', ['hold']) },
      { effectiveFrom: new Date('2026-06-02T00:00:00Z'), content: withTerms('new', ['hold', 'freeze', 'reclaim']) },
    ],
  }

  test('what was earned under milder terms stays under them, what was earned since falls under the new ones', async () => {
    const { ann, pay } = await reviewed(changing)
    const before = await pay()
    clock.set(new Date('2026-06-03T00:00:00Z'))
    const since = await pay()
    expect(await makePlan(ann, { kind: 'reclaim', target: { rebates: [before] } })).toMatchObject({ ...REFUSED, detail: expect.stringContaining('The terms old (version 1 of the rules)') as string })
    expect(await makePlan(ann, { kind: 'reclaim', target: { rebates: [since] } })).toMatchObject({ ok: true })
  })

  test('a member who accepted the old terms alone is not met by the new ones, until they are accepted', async () => {
    const { ann, desk, inviter, pay } = await reviewed(changing)
    const { programId } = desk.programme
    const accept = (termsVersion: string) => database.prisma.termsAcceptance.create({ data: { programId, accountId: inviter, termsVersion, acceptedAt: clock.now(), recordedAt: clock.now(), actorId: 1n } })
    await accept('old')
    clock.set(new Date('2026-06-03T00:00:00Z'))
    const unaccepted = await pay()
    clock.set(new Date('2026-06-04T00:00:00Z'))
    await accept('new')
    const accepted = await pay()
    expect(await makePlan(ann, { kind: 'reclaim', target: { rebates: [unaccepted] } })).toMatchObject({ ...REFUSED, detail: expect.stringContaining('The terms old') as string })
    expect(await makePlan(ann, { kind: 'reclaim', target: { rebates: [accepted] } })).toMatchObject({ ok: true })
    expect(await makePlan(ann, { kind: 'reclaim', target: { rebates: [unaccepted, accepted] } })).toMatchObject(REFUSED)
  })

  test('an account is restricted only where all that it takes part in allows it', async () => {
    const market = await reviewed(apiMarket)
    const { ann } = market
    const member = market.inviter.toString()
    expect(await makePlan(ann, { kind: 'restrict', target: { members: [member] }, restriction: 'no_payout', endsAt: ENDS })).toMatchObject(REFUSED)
    const elsewhere = await reviewed(apiyi)
    expect(await makePlan(elsewhere.ann, { kind: 'restrict', target: { members: [elsewhere.inviter.toString()] }, restriction: 'no_payout', endsAt: ENDS })).toMatchObject({ ok: true })
  })
})
