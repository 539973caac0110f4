// Enrolment on the real database with the injected clock: closing and reopening, the idle clock by calendar years of a zone with its
// notices, reactivation by a new client, late reports, leap years, changed clocks and jumps of the clock.

import { beforeEach, describe, expect, test } from 'vitest'
import type { NewProgram, ProgramRulesInput } from '../../src/policies/index.ts'
import { changeEnrolment, type EnrolmentWish, readEnrolments } from '../../src/programs/standing/enrolment.ts'
import { suspensionAfter } from '../../src/programs/standing/enrolment-clock.ts'
import { suspendIdle } from '../../src/programs/standing/enrolment-idle.ts'
import { readStandings } from '../../src/programs/standing/standing.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, type Programme, units } from './programme.ts'

const given = await useDatabase()
const { clock, database, keys } = given
const START = new Date('2026-06-01T12:00:00Z')
const at = (text: string): Date => new Date(text)
let count = 0

function programOf(key: string, enrolment: ProgramRulesInput['enrolment'], more: Partial<ProgramRulesInput> = {}): NewProgram {
  return {
    key, name: key, versions: [{ effectiveFrom: at('2020-01-01T00:00:00Z'), content: {
      base: 'payment', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, enrolment,
      enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
      linkTemplate: 'https://example.com?ref={code}', shareText: { en: '{link}' }, ...more,
    } }],
  }
}
const chat = await makeProgramme(given, programOf('chat', { idle: { years: 1 } }))
const shanghai = await makeProgramme(given, programOf('shanghai', { idle: { years: 1 } }, { zone: 'Asia/Shanghai' }))
const always = await makeProgramme(given, programOf('always', {}))
const blunt = await makeProgramme(given, programOf('blunt', { idle: { years: 1, noticeDays: [] } }))

beforeEach(() => clock.set(START))

const actor = { database, keys, clock, actorId: 1n }
const change = (wish: Pick<EnrolmentWish, 'accountId' | 'state' | 'by'>, programme = chat) => changeEnrolment(actor, { programId: programme.programId, ...wish })
const enrolmentAt = async (accountId: bigint, time: Date, programme: Programme = chat): Promise<string> => programme.read(async (transaction) =>
  (await readStandings(transaction, [{ programId: programme.programId, accountId }])).enrolmentAt(programme.programId, accountId, time))
const now = (accountId: bigint, programme: Programme = chat) => enrolmentAt(accountId, clock.now(), programme)
const noticesOf = (accountId: bigint) => database.prisma.memberNotice.findMany({ where: { accountId }, orderBy: { id: 'asc' } })
const kindsOf = async (accountId: bigint): Promise<string[]> => (await noticesOf(accountId)).map(({ kind, subject }) => (kind === 'idle_ahead' ? `${kind} ${subject.split(' ')[1]}` : kind))

interface Friend {
  readonly inviterId: bigint
  readonly accountId: bigint
  readonly referralId: bigint
}

async function invite(inviterId: bigint, programme: Programme = chat, signedUpAt = clock.now()): Promise<Friend> {
  const accountId = await programme.account(`f-${++count}`)
  await programme.signUp(accountId, inviterId, signedUpAt)
  const { id: referralId } = await database.prisma.referral.findFirstOrThrow({ where: { programId: programme.programId, inviteeId: accountId } })
  return { inviterId, accountId, referralId }
}

/** A payment as a host reports it; how many rebates it earned at once. */
async function pays(friend: Friend, time: Date, programme: Programme = chat, eventId = `pay-${++count}`): Promise<number> {
  const answer = await programme.record({ type: 'payment', eventId, accountId: friend.accountId, amount: units('39'), asset: 'USD', occurredAt: time })
  if (!answer.ok) throw new Error(answer.reason)
  return answer.rebates.length
}
const earnedBy = (friend: Friend) => database.prisma.rebate.count({ where: { referralId: friend.referralId } })
const refund = (friend: Friend, eventId: string, amount?: string, programme: Programme = chat) => programme.refund(`refund-${++count}`, eventId, friend.accountId, amount)

/** A member whose first client paid at the time. */
async function memberWithClient(time: Date, programme: Programme = chat): Promise<{ id: bigint; friend: Friend; eventId: string }> {
  const id = await programme.account(`m-${++count}`)
  const friend = await invite(id, programme, new Date(time.getTime() - 3600_000))
  const eventId = `first-${++count}`
  await pays(friend, time, programme, eventId)
  return { id, friend, eventId }
}
/** Runs the job once a day from one day to another, as a service does. */
async function runDaily(from: string, until: string): Promise<void> {
  for (let day = at(from); day <= at(until); day = new Date(day.getTime() + 86_400_000)) {
    clock.set(day)
    await suspendIdle({ database, clock })
  }
}

describe('enrolment', () => {
  test('is closed by the member, reopened by the member, and in force from then on', async () => {
    const accountId = await chat.account(`e-${++count}`)
    expect(await change({ accountId, state: 'closed', by: 'member' })).toMatchObject({ ok: true, isNew: true, state: 'closed' })
    clock.advance(60)
    expect(await change({ accountId, state: 'active', by: 'member' })).toMatchObject({ ok: true, state: 'active' })
    expect([await enrolmentAt(accountId, new Date(START.getTime() - 1)), await enrolmentAt(accountId, START), await now(accountId)]).toEqual(['active', 'closed', 'active'])
  })

  test('leaves an act of every change, and none of a wish that changes nothing', async () => {
    const accountId = await chat.account(`e-${++count}`)
    await change({ accountId, state: 'suspended', by: 'staff' })
    expect(await change({ accountId, state: 'suspended', by: 'staff' })).toMatchObject({ ok: true, isNew: false })
    const acts = await database.prisma.act.findMany({ where: { objectKind: 'account', objectId: accountId.toString() } })
    expect(acts.map(({ kind, reason }) => [kind, reason])).toEqual([['enrolment_changed', 'staff']])
  })

  test('that staff closed or suspended is not reopened by the member', async () => {
    const [closed, suspended] = [await chat.account(`e-${++count}`), await chat.account(`e-${++count}`)]
    await change({ accountId: closed, state: 'closed', by: 'staff' })
    await change({ accountId: suspended, state: 'suspended', by: 'staff' })
    expect(await change({ accountId: closed, state: 'active', by: 'member' })).toEqual({ ok: false, reason: 'closed_by_staff' })
    expect(await change({ accountId: suspended, state: 'active', by: 'member' })).toEqual({ ok: false, reason: 'not_by_member' })
    expect(await change({ accountId: closed, state: 'active', by: 'staff' })).toMatchObject({ ok: true, state: 'active' })
  })

  test('is never suspended by the member', async () => {
    const accountId = await chat.account(`e-${++count}`)
    expect(await change({ accountId, state: 'suspended', by: 'member' })).toEqual({ ok: false, reason: 'not_by_member' })
  })

  test('closed and reopened while suspended is suspended again: closing evades nothing', async () => {
    const accountId = await chat.account(`e-${++count}`)
    await change({ accountId, state: 'suspended', by: 'staff' })
    await change({ accountId, state: 'closed', by: 'member' })
    clock.advance(60)
    expect(await change({ accountId, state: 'active', by: 'member' })).toMatchObject({ ok: true, state: 'suspended' })
    expect(await now(accountId)).toBe('suspended')
  })

  test('changes are told to hosts that subscribe', async () => {
    await database.prisma.webhookEndpoint.create({ data: { url: 'https://host.example/hooks', topics: ['standing.changed', 'member.notice'], sealedSecret: new Uint8Array(1), sealedKeyId: 1, recordedAt: clock.now(), actorId: 1n } })
    const accountId = await chat.account(`e-${++count}`)
    await change({ accountId, state: 'closed', by: 'member' })
    const messages = await database.prisma.outbox.findMany({ where: { objectId: accountId } })
    expect(messages).toMatchObject([{ topic: 'standing.changed', body: { program: 'chat', changed: 'enrolment', enrolment: 'closed', reason: 'member' } }])
  })
})

describe('an erased member', () => {
  test('is suspended like others, and nobody is told', async () => {
    const { id } = await memberWithClient(at('2025-07-10T09:00:00Z'))
    await database.prisma.accountIdentity.delete({ where: { accountId: id } })
    await runDaily('2026-06-11T00:30:00Z', '2026-06-11T00:30:00Z')
    await runDaily('2026-07-04T00:30:00Z', '2026-07-04T00:30:00Z')
    await runDaily('2026-07-11T00:30:00Z', '2026-07-11T00:30:00Z')
    expect([await now(id), await database.prisma.outbox.count({ where: { objectId: id } })]).toEqual(['suspended', 0])
  })
})

describe('the idle clock', () => {
  const rules = (zone: string, years = 1) => ({ zone, enrolment: { idle: { years, noticeDays: [30, 7] } } })

  test.each([
    ['a year in UTC', 'UTC', '2025-06-10T08:15:00Z', '2026-06-11T00:00:00.000Z'],
    ['a year in the programme’s zone, which is a day further already', 'Asia/Shanghai', '2025-06-10T17:00:00Z', '2026-06-11T16:00:00.000Z'],
    ['the 29th of February: the day after the 28th', 'UTC', '2024-02-29T10:00:00Z', '2025-03-01T00:00:00.000Z'],
    ['the 28th before a leap year: the 29th is the day after', 'UTC', '2023-02-28T10:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['a day on which clocks are put forward between', 'Europe/Berlin', '2025-03-28T10:00:00Z', '2026-03-28T23:00:00.000Z'],
    ['the day after which clocks are put forward', 'Europe/Berlin', '2025-03-29T10:00:00Z', '2026-03-29T22:00:00.000Z'],
    ['a midnight that clocks leave out', 'America/Santiago', '2025-09-05T12:00:00Z', '2026-09-06T04:00:00.000Z'],
    ['the last day of a year', 'America/New_York', '2025-12-31T23:00:00Z', '2027-01-01T05:00:00.000Z'],
  ])('ends %s', (_, zone, clientAt, suspendedFrom) => {
    expect(suspensionAfter(rules(zone), at(clientAt)).toISOString()).toBe(suspendedFrom)
  })

  test('ends two years on where the rules say two', () => {
    expect(suspensionAfter(rules('UTC', 2), at('2024-02-29T10:00:00Z')).toISOString()).toBe('2026-03-01T00:00:00.000Z')
  })

  test('does not run before the first client', async () => {
    const id = await chat.account(`m-${++count}`)
    await invite(id, chat, at('2024-01-01T00:00:00Z'))
    await runDaily('2026-06-01T00:00:00Z', '2026-06-03T00:00:00Z')
    expect([await now(id), await kindsOf(id)]).toEqual(['active', []])
  })

  test('gives notice 30 and 7 days before, then suspends from the day after the year', async () => {
    const { id } = await memberWithClient(at('2025-07-10T09:00:00Z'))
    await runDaily('2026-06-08T05:00:00Z', '2026-06-10T05:00:00Z')
    expect(await kindsOf(id)).toEqual([])
    await runDaily('2026-06-11T00:00:00Z', '2026-06-13T00:00:00Z')
    expect(await kindsOf(id)).toEqual(['idle_ahead 30'])
    await runDaily('2026-07-03T23:00:00Z', '2026-07-10T23:00:00Z')
    expect([await kindsOf(id), await now(id)]).toEqual([['idle_ahead 30', 'idle_ahead 7'], 'active'])
    await runDaily('2026-07-11T08:00:00Z', '2026-07-12T08:00:00Z')
    expect([await enrolmentAt(id, at('2026-07-10T23:59:59.999Z')), await enrolmentAt(id, at('2026-07-11T00:00:00Z')), await kindsOf(id)])
      .toEqual(['active', 'suspended', ['idle_ahead 30', 'idle_ahead 7', 'suspended']])
  })

  test('names the day in the programme’s zone, in both languages', async () => {
    const { id } = await memberWithClient(at('2025-07-10T17:00:00Z'), shanghai)
    await runDaily('2026-06-12T00:00:00Z', '2026-06-12T00:00:00Z')
    const message = await database.prisma.outbox.findFirstOrThrow({ where: { topic: 'member.notice', objectId: id } })
    expect(message.body).toMatchObject({ kind: 'idle_ahead', days: 30, suspended_from: '2026-07-11T16:00:00.000Z' })
    expect(JSON.stringify(message.body)).toMatch(/From 2026-07-12 on.*自2026-07-12起/)
  })

  test('is not reset by a sign-up that never pays', async () => {
    const { id } = await memberWithClient(at('2025-07-10T09:00:00Z'))
    await invite(id, chat, at('2026-05-30T00:00:00Z'))
    await runDaily('2026-06-30T05:00:00Z', '2026-07-12T05:00:00Z')
    expect(await now(id)).toBe('suspended')
  })

  test('is not reset by the next payment of a client, only by a new client', async () => {
    const { id, friend } = await memberWithClient(at('2025-07-10T09:00:00Z'))
    await pays(friend, at('2026-05-30T00:00:00Z'))
    const other = await memberWithClient(at('2025-07-10T09:00:00Z'))
    await pays(await invite(other.id, chat, at('2026-05-29T00:00:00Z')), at('2026-05-30T00:00:00Z'))
    await runDaily('2026-06-30T05:00:00Z', '2026-07-12T05:00:00Z')
    expect([await now(id), await now(other.id), await kindsOf(other.id)]).toEqual(['suspended', 'active', []])
  })

  test('runs from the client before, when the newest one’s payment was wholly given back; a part given back changes nothing', async () => {
    const whole = await memberWithClient(at('2025-07-10T09:00:00Z'))
    const second = await invite(whole.id, chat, at('2026-05-01T00:00:00Z'))
    await pays(second, at('2026-05-02T00:00:00Z'), chat, 'given-back')
    await refund(second, 'given-back')
    const part = await memberWithClient(at('2025-07-10T09:00:00Z'))
    const third = await invite(part.id, chat, at('2026-05-01T00:00:00Z'))
    await pays(third, at('2026-05-02T00:00:00Z'), chat, 'part-given-back')
    await refund(third, 'part-given-back', '38.99')
    await runDaily('2026-06-30T05:00:00Z', '2026-07-12T05:00:00Z')
    expect([await now(whole.id), await now(part.id)]).toEqual(['suspended', 'active'])
  })

  test('does not count clients of cancelled relations', async () => {
    const { id } = await memberWithClient(at('2025-07-10T09:00:00Z'))
    const fake = await invite(id, chat, at('2026-05-01T00:00:00Z'))
    await pays(fake, at('2026-05-02T00:00:00Z'))
    await database.prisma.referral.update({ where: { id: fake.referralId }, data: { state: 'cancelled' } })
    await runDaily('2026-06-30T05:00:00Z', '2026-07-12T05:00:00Z')
    expect(await now(id)).toBe('suspended')
  })

  test('suspends nobody without the last notice: after a standstill it is given late, and its days lie between', async () => {
    const { id } = await memberWithClient(at('2025-07-10T09:00:00Z'))
    await runDaily('2026-09-01T05:00:00Z', '2026-09-08T23:00:00Z')
    expect([await kindsOf(id), await now(id)]).toEqual([['idle_ahead 7'], 'active'])
    await runDaily('2026-09-09T05:00:00Z', '2026-09-09T05:00:00Z')
    expect([await enrolmentAt(id, at('2026-09-08T23:59:59Z')), await now(id)]).toEqual(['active', 'suspended'])
  })

  test('suspends at once where the programme gives no notices', async () => {
    const { id } = await memberWithClient(at('2025-07-10T09:00:00Z'), blunt)
    await runDaily('2026-07-10T05:00:00Z', '2026-07-11T05:00:00Z')
    expect(await now(id, blunt)).toBe('suspended')
  })

  test('suspends nobody in a programme without the rule', async () => {
    const { id } = await memberWithClient(at('2021-07-10T09:00:00Z'), always)
    await runDaily('2026-06-01T05:00:00Z', '2026-06-02T05:00:00Z')
    expect([await now(id, always), await kindsOf(id)]).toEqual(['active', []])
  })

  test('leaves a closed enrolment closed, and starts no new year by reopening', async () => {
    const { id } = await memberWithClient(at('2025-06-15T09:00:00Z'))
    await change({ accountId: id, state: 'closed', by: 'member' })
    await runDaily('2026-06-05T05:00:00Z', '2026-06-20T05:00:00Z')
    expect([await now(id), await kindsOf(id)]).toEqual(['closed', []])
    await change({ accountId: id, state: 'active', by: 'member' })
    await runDaily('2026-06-21T05:00:00Z', '2026-06-29T05:00:00Z')
    expect(await now(id)).toBe('suspended')
  })

  test('starts anew when staff reactivate, with all notices', async () => {
    const { id } = await memberWithClient(at('2025-01-15T09:00:00Z'))
    await change({ accountId: id, state: 'suspended', by: 'staff' })
    clock.advance(60)
    await change({ accountId: id, state: 'active', by: 'staff' })
    await runDaily('2026-06-02T05:00:00Z', '2026-07-01T05:00:00Z')
    expect([await now(id), await kindsOf(id)]).toEqual(['active', ['idle_ahead 30', 'idle_ahead 7']])
    await runDaily('2026-07-02T05:00:00Z', '2026-07-03T05:00:00Z')
    expect(await now(id)).toBe('suspended')
  })

  test('run twice at once gives every notice once and suspends once', async () => {
    const { id } = await memberWithClient(at('2025-07-10T09:00:00Z'))
    for (const day of ['2026-06-12', '2026-07-05', '2026-07-12']) {
      clock.set(at(`${day}T00:00:00Z`))
      await Promise.all([suspendIdle({ database, clock }), suspendIdle({ database, clock })])
    }
    expect(await kindsOf(id)).toEqual(['idle_ahead 30', 'idle_ahead 7', 'suspended'])
    expect(await database.prisma.enrolmentChange.count({ where: { accountId: id } })).toBe(1)
  })

  test.each([3600, -3600, 86_400, -86_400])('leaves the right state when the clock jumps by %i seconds before a round', async (jump) => {
    const { id } = await memberWithClient(at('2025-07-10T09:00:00Z'))
    await runDaily('2026-06-11T00:30:00Z', '2026-07-10T00:30:00Z')
    clock.set(new Date(at('2026-07-11T00:30:00Z').getTime() + jump * 1000))
    await suspendIdle({ database, clock })
    await runDaily('2026-07-11T00:30:00Z', '2026-07-12T00:30:00Z')
    expect([await enrolmentAt(id, at('2026-07-10T23:59:59.999Z')), await enrolmentAt(id, at('2026-07-11T00:00:00Z'))]).toEqual(['active', 'suspended'])
    expect(await database.prisma.enrolmentChange.count({ where: { accountId: id } })).toBe(1)
  })
})

describe('a new client', () => {
  /** Suspended from 2026-07-11 on. */
  async function suspended() {
    const known = await memberWithClient(at('2025-07-10T09:00:00Z'))
    await runDaily('2026-06-11T00:30:00Z', '2026-06-11T00:30:00Z')
    await runDaily('2026-07-04T00:30:00Z', '2026-07-04T00:30:00Z')
    await runDaily('2026-07-11T00:30:00Z', '2026-07-11T00:30:00Z')
    expect(await now(known.id)).toBe('suspended')
    return known
  }

  test('ends the suspension from the time of the payment on, which is the first to earn; nothing before is credited', async () => {
    const { id } = await suspended()
    const friend = await invite(id, chat, at('2026-07-11T00:10:00Z'))
    clock.set(at('2026-08-01T10:00:05Z'))
    const paidAt = at('2026-08-01T10:00:00Z')
    expect(await pays(friend, paidAt)).toBe(1)
    expect([await enrolmentAt(id, at('2026-07-31T00:00:00Z')), await enrolmentAt(id, new Date(paidAt.getTime() - 1)), await enrolmentAt(id, paidAt), await now(id)])
      .toEqual(['suspended', 'suspended', 'active', 'active'])
    expect((await kindsOf(id)).at(-1)).toBe('reactivated')
  })

  test('is not the client who paid before', async () => {
    const { id, friend } = await suspended()
    clock.set(at('2026-08-01T10:00:00Z'))
    expect(await pays(friend, clock.now())).toBe(0)
    expect(await now(id)).toBe('suspended')
  })

  test('is one who came before and paid for the first time', async () => {
    const { id } = await suspended()
    const friend = await invite(id, chat, at('2026-07-10T00:00:00Z'))
    clock.set(at('2026-08-01T10:00:00Z'))
    await pays(friend, clock.now())
    expect(await now(id)).toBe('active')
  })

  test('noted twice counts once', async () => {
    const { id } = await suspended()
    const friend = await invite(id)
    clock.set(at('2026-08-01T10:00:00Z'))
    await pays(friend, clock.now(), chat, 'twice')
    await pays(friend, clock.now(), chat, 'twice')
    expect(await database.prisma.enrolmentChange.count({ where: { accountId: id } })).toBe(2)
  })

  test('whose later payment was reported first makes the member active from the earlier one on, and what was missed meanwhile is settled', async () => {
    const { id, friend: old } = await suspended()
    const friend = await invite(id)
    clock.set(at('2026-08-10T10:00:00Z'))
    expect(await pays(friend, at('2026-08-09T00:00:00Z'))).toBe(1)
    expect(await pays(old, at('2026-08-05T00:00:00Z'))).toBe(0)
    expect(await pays(friend, at('2026-08-01T00:00:00Z'))).toBe(1)
    expect([await enrolmentAt(id, at('2026-07-31T23:59:59Z')), await enrolmentAt(id, at('2026-08-01T00:00:00Z')), await earnedBy(old)]).toEqual(['suspended', 'active', 2])
  })

  test('reported late, who had paid before the suspension, takes it back from its start', async () => {
    const { id } = await suspended()
    const friend = await invite(id, chat, at('2026-07-10T00:00:00Z'))
    clock.set(at('2026-07-20T00:00:00Z'))
    expect(await pays(friend, at('2026-07-10T12:00:00Z'))).toBe(1)
    expect([await enrolmentAt(id, at('2026-07-11T00:00:00Z')), await now(id)]).toEqual(['active', 'active'])
    await runDaily('2026-07-21T00:00:00Z', '2026-07-22T00:00:00Z')
    expect(await now(id)).toBe('active')
  })

  test('reported late, who had paid before the client before, changes nothing', async () => {
    const { id } = await suspended()
    const friend = await invite(id, chat, at('2025-01-01T00:00:00Z'))
    expect(await pays(friend, at('2025-02-01T00:00:00Z'))).toBe(1)
    expect(await now(id)).toBe('suspended')
  })

  test('lifts no suspension by staff and opens nothing that is closed', async () => {
    const [suspendedId, closedId] = [await chat.account(`m-${++count}`), await chat.account(`m-${++count}`)]
    const friends = [await invite(suspendedId), await invite(closedId)]
    await change({ accountId: suspendedId, state: 'suspended', by: 'staff' })
    await change({ accountId: closedId, state: 'closed', by: 'member' })
    clock.advance(60)
    for (const friend of friends) expect(await pays(friend, clock.now())).toBe(0)
    expect([await now(suspendedId), await now(closedId)]).toEqual(['suspended', 'closed'])
  })

  test('whose payment is given back leads to a new suspension, with notices of its own', async () => {
    const { id } = await suspended()
    const friend = await invite(id)
    clock.set(at('2026-08-01T10:00:00Z'))
    await pays(friend, clock.now(), chat, 'undone')
    await refund(friend, 'undone')
    await runDaily('2026-08-02T00:30:00Z', '2026-08-31T00:30:00Z')
    expect(await now(id)).toBe('active')
    await runDaily('2026-09-01T00:30:00Z', '2026-09-02T00:30:00Z')
    expect(await now(id)).toBe('suspended')
    expect((await readEnrolmentStates(id))).toEqual(['suspended idle', 'active new_client', 'suspended idle'])
  })

  const readEnrolmentStates = (accountId: bigint) => chat.read(async (transaction) =>
    (await readEnrolments(transaction, { programId: chat.programId, accountId })).map(({ state, reason }) => `${state} ${reason}`))

  test('starts a new year', async () => {
    const { id } = await suspended()
    const friend = await invite(id)
    clock.set(at('2026-08-01T10:00:00Z'))
    await pays(friend, clock.now())
    await runDaily('2027-07-25T00:30:00Z', '2027-08-03T00:30:00Z')
    expect([await enrolmentAt(id, at('2027-08-01T23:59:59Z')), await enrolmentAt(id, at('2027-08-02T00:00:00Z'))]).toEqual(['active', 'suspended'])
  })
})
