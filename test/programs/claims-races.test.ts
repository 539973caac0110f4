// Claims, sign-ups and decisions that meet: whatever comes first, a client has one inviter and every decision one effect.

import { afterAll, describe, expect, test } from 'vitest'
import type { Claim } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { makeClaimsDesk, type Person } from './claims-desk.ts'

const ROUNDS = 15
const given = await useDatabase()
const { clock, database, owner } = given
const desk = await makeClaimsDesk(given, 'claims', { claims: { maximumPerMonth: 1000, accruesFrom: 'signup' } })
const [left, right] = [await desk.member(), await desk.member()]
const [reviewer, other] = [await desk.actor(), await desk.actor()]

afterAll(async () => {
  await expectBooksToBalance(owner)
})

const invitersOf = async (client: Person): Promise<bigint[]> => (await database.prisma.referral.findMany({ where: { inviteeId: client.id } })).map(({ inviterId }) => inviterId)

async function waitingFor(client: Person, inviter: Person): Promise<Claim> {
  const claim = await desk.enter(inviter, client)
  await desk.confirm(claim, client)
  return claim
}

describe('at once', () => {
  test('a client who confirms two claims confirms one, and the other waits on', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const client = await desk.client()
      const claims = [await desk.enter(left, client), await desk.enter(right, client)]
      const answers = await Promise.all(claims.map((claim) => desk.confirm(claim, client)))
      expect(answers.map((answer) => (answer.ok ? answer.claim.state : answer.reason)).sort()).toEqual(['another_claim_waits', 'waiting_for_review'])
    }
  })

  test('two people who decide one claim make one decision', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const client = await desk.client()
      await desk.pay(client, '10')
      const claim = await waitingFor(client, left)
      const answers = await Promise.all([desk.decide(claim, reviewer), desk.decide(claim, other), desk.decide(claim, other, { accepts: false, reason: 'terms_other' })])
      expect(answers.filter((answer) => answer.ok)).toHaveLength(1)
      const accepted = answers.some((answer) => answer.ok && answer.claim.state === 'accepted')
      expect(await invitersOf(client)).toEqual(accepted ? [left.id] : [])
      expect(await database.prisma.rebate.count({ where: { accountId: left.id, referral: { inviteeId: client.id } } })).toBe(accepted ? 1 : 0)
    }
  })

  test('a sign-up by another’s code and the acceptance of a claim make one inviter, and what was paid earns once', async () => {
    const won = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      const client = await desk.member()
      await database.prisma.account.update({ where: { id: client.id }, data: { occurredAt: clock.now() } })
      await desk.pay(client, '10')
      const claim = await waitingFor(client, left)
      const code = await desk.codeOf(right.id)
      const signUp = () => desk.record({ type: 'signup', eventId: `signup-${client.id}`, accountId: client.id, invitation: { code, programId: desk.programId } })
      const [decided] = await (round % 2 === 0 ? Promise.all([desk.decide(claim, reviewer), signUp()]) : Promise.all([signUp(), desk.decide(claim, reviewer)]).then(([first, second]) => [second, first] as const))
      const inviters = await invitersOf(client)
      expect(inviters).toHaveLength(1)
      const isClaim = decided.ok && decided.claim.state === 'accepted'
      expect(inviters).toEqual([isClaim ? left.id : right.id])
      if (!isClaim) expect(decided).toMatchObject({ claim: { state: 'refused', reason: 'has_inviter' } })
      expect(await database.prisma.rebate.count({ where: { referral: { inviteeId: client.id } } })).toBe(1)
      won.add(isClaim ? 'claim' : 'sign-up')
    }
    expect(won.size).toBeGreaterThan(0)
  })

  test('two claims that would close a circle are not both accepted', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const [one, two] = [await desk.member(), await desk.member()]
      await database.prisma.account.updateMany({ where: { id: { in: [one.id, two.id] } }, data: { occurredAt: clock.now() } })
      const claims = [await waitingFor(two, one), await waitingFor(one, two)]
      const answers = await Promise.all(claims.map((claim) => desk.decide(claim, reviewer)))
      expect(answers.map((answer) => (answer.ok ? answer.claim.reason ?? answer.claim.state : answer.reason)).sort()).toEqual(['accepted', 'cycle'])
    }
  })
})
