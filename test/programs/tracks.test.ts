// Tracks, contracts, accepted terms and excluded accounts on the real database with the injected clock.

import { beforeEach, describe, expect, test } from 'vitest'
import { type NewProgram, programRules, type ProgramRulesInput } from '../../src/policies/index.ts'
import { approveContract, type ContractAnswer, documentReferenceOf, endContract, enterContract } from '../../src/programs/standing/contracts.ts'
import type { StandingActor } from '../../src/programs/standing/enrolment.ts'
import { readStandings } from '../../src/programs/standing/standing.ts'
import { endExclusion, excludeAccount } from '../../src/programs/standing/excluded.ts'
import { acceptTerms, readAcceptedTerms } from '../../src/programs/standing/terms.ts'
import { changeTrack, takeTrackChange } from '../../src/programs/standing/tracks.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme } from './programme.ts'

const given = await useDatabase()
const { clock, database, keys } = given
const START = new Date('2026-06-01T12:00:00Z')
const at = (text: string): Date => new Date(text)
const CONTENT: ProgramRulesInput = {
  base: 'payment', defaultTrack: 'basic', asset: 'USD', reward: { kind: 'rate', ratePpm: 50_000 },
  tracks: [
    { key: 'partner', entry: 'upgrade', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, movement: { rewardTransfer: 'none', payout: { methods: ['stripe'] } } },
    { key: 'agency', entry: 'contract', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, movement: { rewardTransfer: 'none', payout: { methods: ['bank'] } } },
  ],
  enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' }, linkTemplate: 'https://example.com?ref={code}', shareText: { en: '{link}' },
}
const PROGRAM: NewProgram = { key: 'tracked', name: 'tracked', versions: [{ effectiveFrom: at('2026-01-01T00:00:00Z'), content: CONTENT }] }
const RULES = programRules.parse(CONTENT)
const { account, programId, read } = await makeProgramme(given, PROGRAM)
const other = await makeProgramme(given, { ...PROGRAM, key: 'tracked-other' })
const second = (await database.prisma.actor.create({ data: { kind: 'person', name: 'second', createdAt: START } })).id
const actor = (actorId = 1n): StandingActor => ({ database, keys, clock, actorId })
let count = 0

beforeEach(() => clock.set(START))

const member = () => account(`t-${++count}`)
const choose = (accountId: bigint, track: string) => changeTrack(actor(), { programId, accountId, track })
const trackAt = (accountId: bigint, time: Date = clock.now()): Promise<string> =>
  read(async (transaction) => (await readStandings(transaction, [{ programId, accountId }])).trackAt(programId, accountId, time, RULES))
const enter = (accountId: bigint, more: Partial<Parameters<typeof enterContract>[1]> = {}, by = 1n) =>
  enterContract(actor(by), { programId, accountId, track: 'agency', signedAt: at('2026-05-20T09:00:00Z'), documentReference: 'cabinet 3, folder 12', ...more })
const idOf = (answer: ContractAnswer): bigint => {
  if (!answer.ok) throw new Error(answer.reason)
  return answer.contract.id
}

describe('a track', () => {
  test('is the default one for everybody, until the member upgrades, from then on', async () => {
    const id = await member()
    expect(await trackAt(id)).toBe('basic')
    expect(await choose(id, 'partner')).toMatchObject({ ok: true, isNew: true, track: 'partner', effectiveFrom: START })
    expect([await trackAt(id, new Date(START.getTime() - 1)), await trackAt(id, START)]).toEqual(['basic', 'partner'])
  })

  test('is left the same way, and taken again at any time', async () => {
    const id = await member()
    for (const track of ['partner', 'basic', 'partner']) {
      clock.advance(60)
      expect(await choose(id, track)).toMatchObject({ ok: true, isNew: true })
      expect(await trackAt(id)).toBe(track)
    }
  })

  test('that is chosen again changes nothing and leaves no act', async () => {
    const id = await member()
    await choose(id, 'partner')
    expect(await choose(id, 'partner')).toMatchObject({ ok: true, isNew: false })
    expect(await database.prisma.act.count({ where: { kind: 'track_changed', objectId: id.toString() } })).toBe(1)
  })

  test('that the rules do not have, or that needs a contract, cannot be chosen', async () => {
    const id = await member()
    expect(await choose(id, 'gold')).toEqual({ ok: false, reason: 'unknown_track' })
    expect(await choose(id, 'agency')).toEqual({ ok: false, reason: 'needs_contract' })
    expect(await trackAt(id)).toBe('basic')
  })

  test('reported by the host is in force from when it occurred, whatever the order of the reports', async () => {
    const id = await member()
    const report = (track: string, occurredAt: string) =>
      read((transaction) => takeTrackChange(transaction, { now: clock.now(), actorId: 1n }, { programId, accountId: id, track, occurredAt: at(occurredAt) }))
    await report('basic', '2026-05-20T00:00:00Z')
    await report('partner', '2026-05-10T00:00:00Z')
    expect([await trackAt(id, at('2026-05-09T00:00:00Z')), await trackAt(id, at('2026-05-10T00:00:00Z')), await trackAt(id, at('2026-05-20T00:00:00Z'))]).toEqual(['basic', 'partner', 'basic'])
  })
})

describe('a contract', () => {
  test('changes nothing until another person approves it; then its track is in force from the signing, and not before', async () => {
    const id = await member()
    const contractId = idOf(await enter(id))
    expect(await trackAt(id)).toBe('basic')
    clock.advance(86_400)
    expect(await approveContract(actor(second), contractId)).toMatchObject({ ok: true, contract: { approvedBy: second } })
    expect([await trackAt(id, at('2026-05-20T08:59:59Z')), await trackAt(id, at('2026-05-20T09:00:00Z')), await trackAt(id)]).toEqual(['basic', 'agency', 'agency'])
  })

  test('is not approved by who entered it: neither by the code nor by the database', async () => {
    const contractId = idOf(await enter(await member()))
    expect(await approveContract(actor(), contractId)).toEqual({ ok: false, reason: 'same_person' })
    await expect(database.prisma.contract.update({ where: { id: contractId }, data: { approvedBy: 1n, approvedAt: clock.now() } })).rejects.toThrow()
  })

  test('is approved once', async () => {
    const contractId = idOf(await enter(await member()))
    const both = await Promise.all([approveContract(actor(second), contractId), approveContract(actor(second), contractId)])
    expect(both.map((answer) => (answer.ok ? 'approved' : answer.reason)).sort()).toEqual(['approved', 'not_waiting'])
    expect(await database.prisma.trackChange.count({ where: { contractId } })).toBe(1)
  })

  test('keeps the reference of its paper in an erasable row that a salted hash binds', async () => {
    const id = await member()
    const contractId = idOf(await enter(id))
    const twin = idOf(await enter(await member()))
    const digests = await database.prisma.contract.findMany({ where: { id: { in: [contractId, twin] } }, select: { documentDigest: true } })
    expect(Buffer.from(digests[0]?.documentDigest ?? []).equals(Buffer.from(digests[1]?.documentDigest ?? []))).toBe(false)
    expect(await read((transaction) => documentReferenceOf(transaction, contractId))).toBe('cabinet 3, folder 12')
    await database.prisma.contractBody.delete({ where: { contractId } })
    expect(await read((transaction) => documentReferenceOf(transaction, contractId))).toBeNull()
    await expect(database.prisma.contract.delete({ where: { id: contractId } })).rejects.toThrow()
  })

  test('is approved by a person, not by a key: neither by the code nor by the database', async () => {
    const contractId = idOf(await enter(await member()))
    const { id: keyId } = await database.prisma.actor.create({ data: { kind: 'key', name: `key-${contractId}`, createdAt: clock.now() } })
    expect(await approveContract(actor(keyId), contractId)).toEqual({ ok: false, reason: 'not_a_person' })
    await expect(database.prisma.contract.update({ where: { id: contractId }, data: { approvedBy: keyId, approvedAt: clock.now() } })).rejects.toThrow()
  })

  test('is refused for a track without contract, signed in the future, or beside another one', async () => {
    const id = await member()
    expect(await enter(id, { track: 'partner' })).toEqual({ ok: false, reason: 'not_a_contract_track' })
    expect(await enter(id, { signedAt: at('2026-06-01T12:00:01Z') })).toEqual({ ok: false, reason: 'signed_in_the_future' })
    const contractId = idOf(await enter(id))
    expect(await enter(id)).toEqual({ ok: false, reason: 'one_is_waiting' })
    await approveContract(actor(second), contractId)
    expect(await enter(id)).toEqual({ ok: false, reason: 'one_is_in_force' })
  })

  test('is not approved over a track that the member chose after the signing', async () => {
    const id = await member()
    const contractId = idOf(await enter(id))
    await choose(id, 'partner')
    expect(await approveContract(actor(second), contractId)).toEqual({ ok: false, reason: 'track_changed_since_signing' })
  })

  test('ends from now on, and the member is on the default track again; until then its track cannot be left', async () => {
    const id = await member()
    const contractId = idOf(await enter(id))
    await approveContract(actor(second), contractId)
    clock.advance(3600)
    expect(await choose(id, 'basic')).toEqual({ ok: false, reason: 'contract_in_force' })
    expect(await endContract(actor(), contractId)).toMatchObject({ ok: true, contract: { endedAt: clock.now() } })
    expect([await trackAt(id, new Date(clock.now().getTime() - 1)), await trackAt(id)]).toEqual(['agency', 'basic'])
    expect(await endContract(actor(), contractId)).toEqual({ ok: false, reason: 'already_ended' })
    expect(await choose(id, 'partner')).toMatchObject({ ok: true, isNew: true })
  })

  test('that waits can be withdrawn, and another entered', async () => {
    const id = await member()
    const contractId = idOf(await enter(id))
    await endContract(actor(), contractId)
    expect(await approveContract(actor(second), contractId)).toEqual({ ok: false, reason: 'already_ended' })
    expect(await enter(id)).toMatchObject({ ok: true })
    expect(await database.prisma.trackChange.count({ where: { accountId: id } })).toBe(0)
  })

  test('leaves an act of each step, by who took it', async () => {
    const contractId = idOf(await enter(await member()))
    await approveContract(actor(second), contractId)
    await endContract(actor(), contractId)
    const acts = await database.prisma.act.findMany({ where: { objectKind: 'contract', objectId: contractId.toString() }, orderBy: { sequence: 'asc' } })
    expect(acts.map(({ kind, actorId }) => [kind, actorId])).toEqual([['contract_entered', 1n], ['contract_approved', second], ['contract_ended', 1n]])
  })
})

describe('accepted terms', () => {
  const accept = (accountId: bigint, termsVersion: string, acceptedAt: Date, only?: bigint) =>
    read((transaction) => acceptTerms(transaction, { accountId, termsVersion, acceptedAt, recordedAt: clock.now(), actorId: 1n, programId: only }))
  const acceptedBy = (accountId: bigint) => read((transaction) => readAcceptedTerms(transaction, [{ programId, accountId }, { programId: other.programId, accountId }]))

  test('are known by the time at which each version was accepted', async () => {
    const id = await member()
    await accept(id, '2026-01', at('2026-02-01T00:00:00Z'), programId)
    await accept(id, '2026-05', at('2026-05-01T00:00:00Z'), programId)
    const terms = await acceptedBy(id)
    expect(['2026-01-31T23:59:59Z', '2026-02-01T00:00:00Z', '2026-04-30T23:59:59Z', '2026-05-01T00:00:00Z'].map((time) => terms.acceptedAt(programId, id, at(time))))
      .toEqual([null, '2026-01', '2026-01', '2026-05'])
    expect(terms.acceptedAt(other.programId, id, clock.now())).toBeNull()
  })

  test('of a sign-up are those of every programme', async () => {
    const id = await member()
    await accept(id, '2026-01', START)
    const terms = await acceptedBy(id)
    expect([terms.acceptedAt(programId, id, START), terms.acceptedAt(other.programId, id, START)]).toEqual(['2026-01', '2026-01'])
  })

  test('accepted again keep their first time', async () => {
    const id = await member()
    expect(await accept(id, '2026-01', at('2026-03-01T00:00:00Z'), programId)).toBe(true)
    expect(await accept(id, '2026-01', at('2026-02-01T00:00:00Z'), programId)).toBe(false)
    expect((await acceptedBy(id)).acceptedAt(programId, id, at('2026-02-15T00:00:00Z'))).toBeNull()
  })
})

describe('an excluded account', () => {
  const isExcluded = (accountId: bigint, time: Date, program = programId): Promise<boolean> =>
    read(async (transaction) => (await readStandings(transaction, [{ programId: program, accountId }])).isExcluded(program, accountId, time))

  test('does not count from now on, in one programme or in all, until it is ended; both are acts', async () => {
    const [one, all] = [await member(), await member()]
    const answer = await excludeAccount(actor(), { programId, accountId: one, reason: 'staff' })
    await excludeAccount(actor(), { programId: null, accountId: all, reason: 'sales_owned' })
    expect([await isExcluded(one, START), await isExcluded(one, START, other.programId), await isExcluded(all, START), await isExcluded(all, START, other.programId)]).toEqual([true, false, true, true])
    clock.advance(3600)
    if (!answer.ok) throw new Error(answer.reason)
    await endExclusion(actor(), answer.exclusion.id)
    expect([await isExcluded(one, START), await isExcluded(one, clock.now())]).toEqual([true, false])
    expect(await endExclusion(actor(), answer.exclusion.id)).toEqual({ ok: false, reason: 'already_ended' })
    const acts = await database.prisma.act.findMany({ where: { objectKind: 'account', objectId: one.toString() }, orderBy: { sequence: 'asc' } })
    expect(acts.map(({ kind }) => kind)).toEqual(['account_excluded', 'exclusion_ended'])
  })

  test('has a start and an end of its own; one that never began is taken back', async () => {
    const id = await member()
    const answer = await excludeAccount(actor(), { programId, accountId: id, reason: 'test', startsAt: at('2026-07-01T00:00:00Z'), endsAt: at('2026-08-01T00:00:00Z') })
    expect([await isExcluded(id, START), await isExcluded(id, at('2026-07-15T00:00:00Z')), await isExcluded(id, at('2026-08-01T00:00:00Z'))]).toEqual([false, true, false])
    if (!answer.ok) throw new Error(answer.reason)
    await endExclusion(actor(), answer.exclusion.id)
    expect(await isExcluded(id, at('2026-07-15T00:00:00Z'))).toBe(false)
    expect(await excludeAccount(actor(), { programId, accountId: id, reason: 'test', startsAt: START, endsAt: START })).toEqual({ ok: false, reason: 'ends_before_start' })
  })
})
