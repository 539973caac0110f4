// Claims: what one must bring, what it gives away (nothing), who confirms, what bars it, who decides, and what it earns then.

import { afterEach, describe, expect, test } from 'vitest'
import { verifyActs } from '../../src/acts/index.ts'
import type { CheckRequest } from '../../src/checks/index.ts'
import { asMemberSees, CLAIM_REASONS, CLAIM_STATES, type Claim, claimTexts, CONFIRMATION_TEXTS, enterClaim, findClaim, lapseClaims, type StepAnswer } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { type ClaimsDesk, makeClaimsDesk, type Person } from './claims-desk.ts'
import { answerOf, units } from './programme.ts'
import { makeSignUps, programOf } from './sign-ups.ts'

const given = await useDatabase()
const { clock, database, keys, owner } = given
const desk = await makeClaimsDesk(given, 'claims', { claims: { maximumPerMonth: 5, secondPersonAbove: '100' } })
const fromSignUp = await makeClaimsDesk(given, 'from-sign-up', { claims: { accruesFrom: 'signup' } })
const live = await makeClaimsDesk(given, 'live', { claims: { secondPersonAbove: '100' }, policy: { mode: 'hold' } })
const reviewer = await desk.actor()

afterEach(async () => {
  desk.setCheck(async () => answerOf('allow'))
  live.setCheck(async () => answerOf('allow'))
  await expectBooksToBalance(owner)
})

const stateOf = (answer: StepAnswer) => (answer.ok ? { state: answer.claim.state, reason: answer.claim.reason } : answer.reason)
async function confirmed(of: ClaimsDesk = desk): Promise<{ inviter: Person; client: Person; claim: Claim }> {
  const [inviter, client] = [await of.member(), await of.client()]
  const claim = await of.enter(inviter, client)
  const answer = await of.confirm(claim, client)
  if (!answer.ok) throw new Error(answer.reason)
  return { inviter, client, claim: answer.claim }
}

describe('entering', () => {
  test('a programme that binds nobody after sign-up offers no claims', async () => {
    const [inviter, client] = [await desk.member(), await desk.client()]
    const never = await makeSignUps(given, programOf('never'))
    expect(await enterClaim(never.recorder, { programId: never.programId, inviterId: inviter.id, facts: await desk.factsOf(inviter, client) })).toEqual({ ok: false, reason: 'claims_not_offered' })
  })

  test('every fact that the programme asks for must be brought', async () => {
    const [inviter, client] = [await desk.member(), await desk.client()]
    const facts = await desk.factsOf(inviter, client)
    for (const name of Object.keys(facts)) {
      const without = Object.fromEntries(Object.entries(facts).filter(([each]) => each !== name))
      expect(await desk.tryEnter(inviter, without), name).toEqual({ ok: false, reason: 'facts_missing' })
    }
    expect(await desk.tryEnter(inviter, { ...facts, client_email: 'no address' })).toEqual({ ok: false, reason: 'bad_email' })
  })

  test('wrong facts about the member’s own side end the claim at once, with the reason', async () => {
    const [inviter, other, client] = [await desk.member(), await desk.member(), await desk.client()]
    const facts = await desk.factsOf(inviter, client)
    for (const [wrong, reason] of [
      [{ own_resource: other.instance }, 'own_resource_unknown'], [{ own_email: other.email }, 'own_email_unknown'], [{ referral_link: (await desk.factsOf(other, client)).referral_link ?? '' }, 'referral_link_unknown'],
    ] as const) expect(await desk.tryEnter(inviter, { ...facts, ...wrong })).toMatchObject({ ok: true, claim: { state: 'refused', reason } })
  })

  test('a link, a link of a code that was retired since, and the code alone prove the member’s link', async () => {
    const [inviter, client] = [await desk.member(), await desk.client()]
    const facts = await desk.factsOf(inviter, client)
    const code = await desk.codeOf(inviter.id)
    for (const link of [code.toLowerCase(), `https://go.example.com/r/${code}`, `https://example.com/#/register?ref=${code}`]) {
      expect(await desk.tryEnter(inviter, { ...facts, referral_link: link })).toMatchObject({ claim: { state: 'waiting_for_client' } })
    }
    await database.prisma.inviteCode.updateMany({ where: { code }, data: { retiredAt: clock.now() } })
    expect(await desk.tryEnter(inviter, { ...facts, referral_link: code })).toMatchObject({ claim: { state: 'waiting_for_client' } })
  })

  test('the answer is the same for a client who is free, one who has an inviter, an existing one with other facts, and nobody', async () => {
    const [inviter, client, taken] = [await desk.member(), await desk.client(), await desk.client()]
    await desk.attribute(desk.signUpOf(taken.id, { code: await desk.codeOf((await desk.member()).id) }))
    const facts = await desk.factsOf(inviter, client)
    const answers = []
    for (const about of [
      {}, { client_email: taken.email, client_resource: taken.instance }, { client_resource: taken.instance }, { client_email: 'nobody@nowhere.example', client_resource: 'never' }, { client_email: inviter.email, client_resource: inviter.instance },
    ]) {
      const answer = await desk.tryEnter(inviter, { ...facts, ...about })
      if (!answer.ok) throw new Error(answer.reason)
      const { state, reason, dueAt, recordedAt, probability, checkId, confirmedAt, needsSecondPerson } = answer.claim
      answers.push({ state, reason, dueAt, recordedAt, probability, checkId, confirmedAt, needsSecondPerson, seen: asMemberSees(answer.claim, clock.now()) })
    }
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  test('facts that name two different people, or several, name nobody', async () => {
    const [inviter, client, twin] = [await desk.member(), await desk.client(), await desk.client()]
    const facts = await desk.factsOf(inviter, client)
    expect(await desk.tryEnter(inviter, { ...facts, client_resource: twin.instance })).toMatchObject({ claim: { inviteeId: null } })
    await desk.observe(twin.id, 'email', client.email)
    expect(await desk.tryEnter(inviter, facts), 'the instance tells them apart').toMatchObject({ claim: { inviteeId: client.id } })
  })

  test('claims of one inviter in 30 days are capped, whatever became of them, also when they come at once', async () => {
    const [inviter, client] = [await desk.member(), await desk.client()]
    const facts = await desk.factsOf(inviter, client)
    expect(await desk.tryEnter(inviter, { ...facts, own_email: 'wrong@example.com' })).toMatchObject({ claim: { state: 'refused' } })
    const answers = await Promise.all(Array.from({ length: 8 }, () => desk.tryEnter(inviter, facts)))
    expect(answers.filter((answer) => answer.ok)).toHaveLength(4)
    expect(answers.find((answer) => !answer.ok)).toEqual({ ok: false, reason: 'too_many_claims' })
    expect(await database.prisma.claim.count({ where: { inviterId: inviter.id } }), 'refused ones leave no rows').toBe(5)
    clock.advance(30 * 86_400)
    expect(await desk.tryEnter(inviter, facts)).toMatchObject({ ok: true })
  })

  test('facts are kept as keyed hashes with masks, apart from the claim, bound to it and erasable', async () => {
    const [inviter, client] = [await desk.member(), await desk.client()]
    const claim = await desk.enter(inviter, client)
    const { body } = await database.prisma.claimBody.findUniqueOrThrow({ where: { claimId: claim.id } })
    const text = JSON.stringify(body)
    for (const value of [inviter.email, client.email, inviter.instance, client.instance]) expect(text).not.toContain(value)
    expect(body).toMatchObject({ client_email: { mask: 'p…@example.com' }, own_resource: { mask: 'in…' } })
    await database.prisma.claimBody.delete({ where: { claimId: claim.id } })
  })
})

describe('the client', () => {
  test('alone confirms: for any other account there is no such claim', async () => {
    const [inviter, client, other] = [await desk.member(), await desk.client(), await desk.client()]
    const claim = await desk.enter(inviter, client)
    expect(await desk.confirm(claim, other)).toEqual({ ok: false, reason: 'unknown_claim' })
    expect(await desk.confirm(claim, inviter)).toEqual({ ok: false, reason: 'unknown_claim' })
    expect(stateOf(await desk.confirm(claim, client))).toEqual({ state: 'waiting_for_review', reason: null })
    expect(await desk.confirm(claim, client)).toEqual({ ok: false, reason: 'claim_not_waiting' })
  })

  test('who declines is not told apart from who never answers, until the time is over', async () => {
    const [inviter, client] = [await desk.member(), await desk.client()]
    const [declined, silent] = [await desk.enter(inviter, client), await desk.enter(inviter, await desk.client())]
    expect(stateOf(await desk.confirm(declined, client, false))).toEqual({ state: 'refused', reason: 'declined_by_client' })
    const seen = async (claim: Claim) => {
      const row = await desk.read((transaction) => findClaim(transaction, claim.id))
      return row === null ? null : asMemberSees(row, clock.now())
    }
    expect(await seen(declined)).toEqual(await seen(silent))
    clock.set(declined.dueAt)
    expect(await lapseClaims(desk.recorder)).toBeGreaterThan(0)
    expect(await seen(declined)).toEqual({ state: 'refused', reason: 'not_confirmed' })
    expect(await seen(silent)).toEqual(await seen(declined))
  })

  test('who confirms too late confirms nothing; claims that name nobody lapse with the others, once, also when two jobs run', async () => {
    const [inviter, client] = [await desk.member(), await desk.client()]
    const claim = await desk.enter(inviter, client)
    const nobody = await desk.tryEnter(inviter, { ...await desk.factsOf(inviter, client), client_email: 'nobody@nowhere.example' })
    clock.set(claim.dueAt)
    expect(stateOf(await desk.confirm(claim, client))).toEqual({ state: 'refused', reason: 'not_confirmed' })
    await Promise.all([lapseClaims(desk.recorder), lapseClaims(desk.recorder)])
    const row = nobody.ok ? await desk.read((transaction) => findClaim(transaction, nobody.claim.id)) : null
    expect(row).toMatchObject({ state: 'refused', reason: 'not_confirmed' })
    expect(await database.prisma.act.count({ where: { kind: 'claim_lapsed', objectId: String(row?.id) } })).toBe(1)
  })
})

describe('what bars a claim, said when the client has confirmed', () => {
  const barred: Record<string, (inviter: Person, client: Person) => Promise<void>> = {
    has_inviter: async (_, client) => void await desk.attribute(desk.signUpOf(client.id, { code: await desk.codeOf((await desk.member()).id) })),
    cycle: async (inviter, client) => void await desk.attribute(desk.signUpOf(inviter.id, { code: await desk.codeOf(client.id) })),
    not_eligible: async (_, client) => void await database.prisma.excludedAccount.create({ data: { accountId: client.id, reason: 'sales_owned', startsAt: new Date(0), recordedAt: clock.now(), actorId: 1n } }),
    enrolment_closed: (inviter) => desk.enrol(inviter.id, 'closed', clock.now()),
    inviter_restricted: async ({ id: accountId }) => {
      const plan = await database.prisma.plan.create({ data: { action: {}, effects: [], effectsHash: new Uint8Array(32), actorId: 1n, recordedAt: clock.now(), expiresAt: clock.now() } })
      const decision = await database.prisma.decision.create({ data: { planId: plan.id, effectsHash: new Uint8Array(32), actorId: 1n, reason: 'test', recordedAt: clock.now() } })
      await database.prisma.accountRestriction.create({ data: { accountId, kind: 'no_new_referrals', startsAt: clock.now(), endsAt: new Date(clock.now().getTime() + 60_000), decisionId: decision.id } })
    },
  }

  test.each(Object.entries(barred))('%s', async (reason, arrange) => {
    const [inviter, client] = [await desk.member(), await desk.client()]
    const claim = await desk.enter(inviter, client)
    await arrange(inviter, client)
    expect(stateOf(await desk.confirm(claim, client))).toEqual({ state: 'refused', reason })
  })

  test('self_referral: the inviter is not the client', async () => {
    const inviter = await desk.member()
    const claim = await desk.enter(inviter, inviter)
    expect(stateOf(await desk.confirm(claim, inviter))).toEqual({ state: 'refused', reason: 'self_referral' })
  })

  test('signed_up_before_code: the client was there before the inviter could invite', async () => {
    const client = await desk.client()
    clock.advance(1)
    const inviter = await desk.member()
    expect(stateOf(await desk.confirm(await desk.enter(inviter, client), client))).toEqual({ state: 'refused', reason: 'signed_up_before_code' })
  })

  test('signup_unknown: nobody said when the client signed up', async () => {
    const [inviter, client] = [await desk.member(), await desk.member()]
    expect(stateOf(await desk.confirm(await desk.enter(inviter, client), client))).toEqual({ state: 'refused', reason: 'signup_unknown' })
  })

  test('the same is looked at again when a person accepts', async () => {
    const { client, claim } = await confirmed()
    await desk.attribute(desk.signUpOf(client.id, { code: await desk.codeOf((await desk.member()).id) }))
    expect(stateOf(await desk.decide(claim, reviewer))).toEqual({ state: 'refused', reason: 'has_inviter' })
  })
})

describe('the check', () => {
  test('is asked about the claim, and its answer is kept with it', async () => {
    const asked: CheckRequest[] = []
    const answer = answerOf('hold')
    desk.setCheck(async (request) => {
      asked.push(request)
      return answer
    })
    const [inviter, client] = [await desk.member(), await desk.client()]
    await desk.pay(client, '40')
    const claim = await desk.enter(inviter, client)
    expect(await desk.confirm(claim, client)).toMatchObject({ claim: { state: 'waiting_for_review', probability: 0.97, checkId: answer.ok ? answer.answer.check_id : '' } })
    expect(asked).toMatchObject([{ program: 'claims', subject: 'claim', subject_id: `claim:${claim.id}`, inviter: inviter.name, invitee: client.name, amount: '40', asset: 'USD' }])
  })

  test('only observes at first: it allows everything, and a person decides, within the days of the member\'s track', async () => {
    const { claim } = await confirmed()
    expect(claim).toMatchObject({ state: 'waiting_for_review', decidedBy: null, dueAt: new Date(clock.now().getTime() + 14 * 86_400_000) })
  })

  test('in force, accepts by itself what it allows', async () => {
    const { claim, client, inviter } = await confirmed(live)
    expect(claim).toMatchObject({ state: 'accepted', decidedBy: 1n, probability: 0.01 })
    await live.pay(client, '10')
    expect(await live.balances(inviter.id)).toEqual({ 'reward_available USD': units('0.5') })
  })

  test.each([['hold', false], ['deny', false], ['allow', true]] as const)('in force, leaves what it answers with %s (degraded: %s) to a person', async (decision, isDegraded) => {
    live.setCheck(async () => answerOf(decision, isDegraded))
    expect((await confirmed(live)).claim).toMatchObject({ state: 'waiting_for_review', decidedBy: null })
  })

  test('that fails leaves the claim to a person too, and says nothing of a probability', async () => {
    live.setCheck(() => Promise.reject(new Error('down')))
    expect((await confirmed(live)).claim).toMatchObject({ state: 'waiting_for_review', probability: null, checkId: null })
  })

  test('above the amount, is not enough: persons decide', async () => {
    const [inviter, client] = [await live.member(), await live.client()]
    await live.pay(client, '100.01')
    expect(stateOf(await live.confirm(await live.enter(inviter, client), client))).toEqual({ state: 'waiting_for_review', reason: null })
  })
})

describe('deciding', () => {
  test('a person accepts: the relation is of source claim, and payments from the acceptance on earn', async () => {
    const { inviter, client, claim } = await confirmed()
    await desk.pay(client, '50')
    clock.advance(60)
    expect(await desk.decide(claim, reviewer)).toMatchObject({ claim: { state: 'accepted', decidedBy: reviewer, accruesFrom: clock.now() } })
    expect(await database.prisma.referral.findFirst({ where: { inviteeId: client.id } })).toMatchObject({ source: 'claim', state: 'active', inviterId: inviter.id, effectiveAt: clock.now() })
    expect(await database.prisma.referralFact.findFirst({ where: { inviteeId: client.id } })).toMatchObject({ channel: 'claim', notPayable: null })
    expect(await desk.balances(inviter.id)).toEqual({})
    await desk.pay(client, '20')
    await desk.pay(client, '30', new Date(clock.now().getTime() - 60_000))
    expect(await desk.balances(inviter.id), 'what was paid before is not earned later either').toEqual({ 'reward_available USD': units('1') })
  })

  test('where it accrues from the sign-up, what was paid since then earns at the acceptance', async () => {
    const { inviter, client, claim } = await confirmed(fromSignUp)
    await fromSignUp.pay(client, '50')
    clock.advance(3600)
    await fromSignUp.decide(claim, reviewer)
    expect(await fromSignUp.balances(inviter.id)).toEqual({ 'reward_available USD': units('2.5') })
    await fromSignUp.pay(client, '10')
    expect(await fromSignUp.balances(inviter.id)).toEqual({ 'reward_available USD': units('3') })
  })

  test('a relation that was kept as a mere fact, because the code came too late, becomes the fact of the accepted claim', async () => {
    const { inviter, client, claim } = await confirmed()
    await desk.record({ type: 'signup', accountId: client.id, invitation: { code: await desk.codeOf(inviter.id) } })
    expect(await database.prisma.referralFact.findFirst({ where: { inviteeId: client.id } })).toMatchObject({ notPayable: 'after_signup' })
    const answer = await desk.decide(claim, reviewer)
    expect(await database.prisma.referralFact.findMany({ where: { inviteeId: client.id } })).toMatchObject([{ notPayable: null, channel: 'code', referralId: answer.ok ? answer.claim.referralId : 0n }])
  })

  test('a person refuses with a reason of the closed list', async () => {
    const { client, claim } = await confirmed()
    expect(await desk.decide(claim, reviewer, { accepts: false, reason: 'claim_theft', note: 'a colleague won them' })).toMatchObject({ claim: { state: 'refused', reason: 'claim_theft', decidedBy: reviewer } })
    expect(await database.prisma.referral.count({ where: { inviteeId: client.id } })).toBe(0)
  })

  test('servers decide nothing, and nobody accepts what they entered: the database refuses it too', async () => {
    const { claim } = await confirmed()
    expect(await desk.decide(claim, await desk.actor('key'), { accepts: true }, false)).toEqual({ ok: false, reason: 'person_needed' })
    const [inviter, client] = [await desk.member(), await desk.client()]
    const own = await desk.enter(inviter, client, reviewer)
    await desk.confirm(own, client)
    expect(await desk.decide(own, reviewer)).toEqual({ ok: false, reason: 'own_entry' })
    await expect(database.prisma.claim.update({ where: { id: own.id }, data: { state: 'waiting_for_approval', decidedBy: reviewer, decidedAt: clock.now() } })).rejects.toThrow(/check/)
    expect(await desk.decide(own, await desk.actor())).toMatchObject({ claim: { state: 'accepted' } })
  })

  test('a client who has paid more than the amount needs a second person, who is neither of the others: the database refuses it too', async () => {
    const { inviter, client, claim } = await confirmed()
    await desk.pay(client, '100.000001')
    clock.advance(1)
    const second = await desk.actor()
    const proposed = await desk.decide(claim, reviewer)
    expect(stateOf(proposed)).toEqual({ state: 'waiting_for_approval', reason: null })
    expect(await desk.approve(claim, reviewer)).toEqual({ ok: false, reason: 'second_person_needed' })
    expect(await desk.approve(claim, claim.enteredBy)).toEqual({ ok: false, reason: 'second_person_needed' })
    await expect(database.prisma.claim.update({ where: { id: claim.id }, data: { approvedBy: reviewer, approvedAt: clock.now() } })).rejects.toThrow(/check/)
    expect(await database.prisma.referral.count({ where: { inviteeId: client.id } })).toBe(0)
    expect(await desk.approve(claim, second)).toMatchObject({ claim: { state: 'accepted', decidedBy: reviewer, approvedBy: second } })
    await desk.pay(client, '20')
    expect(await desk.balances(inviter.id)).toEqual({ 'reward_available USD': units('1') })
  })

  test('exactly the amount needs one person; the second may also refuse', async () => {
    const { client, claim } = await confirmed()
    await desk.pay(client, '100')
    expect(await desk.decide(claim, reviewer)).toMatchObject({ claim: { state: 'accepted' } })
    const other = await confirmed()
    await desk.pay(other.client, '101')
    await desk.decide(other.claim, reviewer)
    expect(await desk.approve(other.claim, await desk.actor(), { accepts: false, reason: 'evidence_insufficient' })).toMatchObject({ claim: { state: 'refused', reason: 'evidence_insufficient' } })
  })

  test('an ended claim never changes: the database refuses it', async () => {
    const { claim } = await confirmed()
    await desk.decide(claim, reviewer)
    expect(await desk.decide(claim, reviewer, { accepts: false, reason: 'terms_other' })).toEqual({ ok: false, reason: 'claim_not_waiting' })
    await expect(database.prisma.claim.update({ where: { id: claim.id }, data: { reason: 'terms_other', state: 'refused' } })).rejects.toThrow(/has ended/)
  })

  test('every step is an act of who took it, and the chain of acts verifies', async () => {
    const { claim } = await confirmed()
    await desk.decide(claim, reviewer)
    const acts = await database.prisma.act.findMany({ where: { objectKind: 'claim', objectId: claim.id.toString() }, orderBy: { sequence: 'asc' } })
    expect(acts.map(({ kind, actorId }) => [kind, actorId])).toEqual([['claim_entered', claim.enteredBy], ['claim_confirmed', claim.enteredBy], ['claim_accepted', reviewer]])
    expect(await verifyActs(database, keys)).toMatchObject({ ok: true })
  })
})

describe('hosts', () => {
  test('are told when a claim waits for its client and when it is decided', async () => {
    const { id: endpointId } = await owner.prisma.webhookEndpoint.create({ data: { url: 'https://host.example/hook', topics: ['claim.opened', 'claim.decided'], sealedSecret: new Uint8Array(1), sealedKeyId: 1, recordedAt: clock.now(), actorId: 1n } })
    const { inviter, client, claim } = await confirmed()
    await desk.decide(claim, reviewer)
    const messages = await database.prisma.outbox.findMany({ where: { endpointId, objectKind: 'claim', objectId: claim.id }, orderBy: { id: 'asc' } })
    expect(messages.map(({ topic, body }) => [topic, body])).toMatchObject([
      ['claim.opened', { inviter: inviter.name, client: client.name, state: 'waiting_for_client' }], ['claim.decided', { state: 'accepted', reason: null }],
    ])
  })
})

describe('texts', () => {
  test('say every state and every reason in English and Chinese', () => {
    const all = [...CLAIM_STATES.filter((state) => state !== 'refused').map((state) => claimTexts(state, null)), ...CLAIM_REASONS.map((reason) => claimTexts('refused', reason)), CONFIRMATION_TEXTS]
    for (const { en, 'zh-CN': zh } of all) {
      expect(en).toMatch(/^[A-Z{].*[.?]$/)
      expect(zh).toMatch(/^[^,?]*\p{Script=Han}[^,?]*[。？]$/u)
    }
    expect(claimTexts('refused', 'declined_by_client')).toEqual(claimTexts('refused', 'not_confirmed'))
  })
})
