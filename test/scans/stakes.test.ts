// What referrals can still cost: rebates of every asset that the version in force values, and what fixed and day rewards would earn where
// nothing is booked yet; the ring, the scan and the lone referral say the same.

import { beforeEach, expect, test } from 'vitest'
import { generalModel } from '../../scoring/model/general.ts'
import { type LoadedPopulation, loadPopulation } from '../../src/population/index.ts'
import { programRules, type ProgramRulesInput, publishProgram } from '../../src/policies/index.ts'
import { readRing } from '../../src/rings/index.ts'
import { readScanPrograms } from '../../src/scans/scan-programs.ts'
import { settleStakes } from '../../src/scans/stakes.ts'
import { runScan } from '../../src/scans/index.ts'
import { useDatabase } from '../database.ts'
import { makeProgramme, units } from '../programs/programme.ts'

const setting = await useDatabase()
const { database, clock, keys } = setting
const START = new Date('2026-01-01T00:00:00Z')
let count = 0
beforeEach(() => clock.set(new Date('2026-06-01T12:00:00Z')))

const days: ProgramRulesInput = {
  base: 'payment', asset: 'USD', reward: { kind: 'days', daysPerMonth: 3, daysPerYear: 30 }, movement: { rewardTransfer: 'manual' },
  enforcement: { actions: ['hold'], termsVersion: '1', termsUrl: 'https://example.com/terms' }, linkTemplate: 'https://example.com/?ref={code}', shareText: { en: '{link}' },
}
const programOf = (content: ProgramRulesInput) => ({ key: `stakes-${++count}`, name: 'Stakes', versions: [{ effectiveFrom: START, content: programRules.parse(content) }] })

/** Units at stake per invitee of a programme, and what has no value. */
async function stakes(programId: bigint): Promise<{ atStake: number[]; unvalued: Record<string, number> }> {
  const programs = await readScanPrograms(database, clock.now())
  let unvalued: ReadonlyMap<string, number> = new Map()
  const loaded: LoadedPopulation = await loadPopulation(database, {
    notAfter: clock.now().getTime() / 1000 + 300, settle: async (client, population) => { unvalued = await settleStakes(client, population, { programs, at: clock.now() }) },
  })
  const places = [...loaded.programIds.entries()].filter(([, id]) => id === Number(programId)).map(([place]) => place)
  return { atStake: places.map((place) => loaded.population.referrals.atStake[place] ?? 0), unvalued: Object.fromEntries(unvalued) }
}

test('days count by their valuation in the version in force, and are named where there is none', async () => {
  for (const [valuation, atStake, unvalued] of [[{ DAY: '1.3' }, 3.9, {}], [{}, 0, { DAY: 1 }]] as const) {
    const programme = await makeProgramme(setting, programOf({ ...days, valuation }))
    const [inviter, invitee] = [await programme.account('inviter'), await programme.account('invitee')]
    await programme.signUp(invitee, inviter)
    await programme.record({ type: 'payment', accountId: invitee, amount: units('39'), asset: 'USD', periodUnit: 'month', periodCount: 1 })
    expect(await stakes(programme.programId)).toEqual({ atStake: [atStake], unvalued })
  }
})

test('a ring says at stake what its scan counted', async () => {
  const programme = await makeProgramme(setting, programOf({ ...days, valuation: { DAY: '1.3' } }))
  const [inviter, invitee] = [await programme.account('inviter'), await programme.account('invitee')]
  await programme.signUp(invitee, inviter)
  await programme.record({ type: 'payment', accountId: invitee, amount: units('39'), asset: 'USD', periodUnit: 'year', periodCount: 1 })
  const scanned = await runScan(database, { keys, clock, actorId: 1n, model: generalModel })
  if (!scanned.ok) throw new Error(scanned.reason)
  const { scanId } = scanned
  const { id: ringId } = await setting.owner.prisma.ring.create({ data: { firstScanId: scanId, lastScanId: scanId, state: 'current' } })
  const version = await setting.owner.prisma.ringVersion.create({
    data: { ringId, scanId, programId: programme.programId, probability: 0.9, expectedLoss: 0n, asset: 'USD', accounts: 2, referrals: 1, reasons: [], membersDigest: new Uint8Array(32) },
  })
  const fact = await setting.owner.prisma.referralFact.findFirstOrThrow({ where: { programId: programme.programId } })
  await setting.owner.prisma.ringReferral.create({ data: { ringVersionId: version.id, factId: fact.id } })
  expect(await readRing(database, ringId)).toMatchObject({ atStake: '39', asset: 'USD' })
  expect((await stakes(programme.programId)).atStake).toEqual([39])
})

test('where nothing is booked, fixed and day rewards count for every payment as a rate does for its amount', async () => {
  const shapes: readonly [Partial<ProgramRulesInput>, number][] = [
    [{ reward: { kind: 'rate', ratePpm: 100_000 } }, 5], [{ reward: { kind: 'fixed', amount: '2' } }, 3], [{ valuation: { DAY: '2' } }, 9],
  ]
  for (const [changes, expected] of shapes) {
    // Imported history is not booked.
    const program = programOf({ ...days, ...changes })
    const published = await publishProgram({ database, keys, clock, actorId: 1n }, program)
    if (!published.ok) throw new Error(published.reason)
    const { programId } = published
    const { id: sourceId } = await database.prisma.source.create({ data: { name: `history-${count}` } })
    const { id: batchId } = await database.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'import', recordedAt: clock.now() } })
    const [inviterId, inviteeId] = await Promise.all(['inviter', 'invitee'].map(async (name) => {
      const { id } = await database.prisma.account.create({ data: { identityDigest: new Uint8Array(1), recordedAt: clock.now(), batchId } })
      await database.prisma.accountIdentity.create({ data: { accountId: id, salt: new Uint8Array(1), externalId: `${name}-${programId}` } })
      return id
    }))
    if (inviterId === undefined || inviteeId === undefined) throw new Error('no accounts')
    const at = (day: number) => new Date(Date.UTC(2026, 4, day))
    const { id: referralId } = await database.prisma.referral.create({ data: { programId, inviterId, inviteeId, state: 'active', source: 'import', occurredAt: at(1), recordedAt: clock.now(), effectiveAt: at(1), actorId: 1n } })
    await database.prisma.referralFact.create({ data: { programId, inviterId, inviteeId, channel: 'code', referralId, occurredAt: at(1), recordedAt: clock.now(), batchId } })
    const event = (type: string, amount: string, day: number, name: string, original?: string) => database.prisma.event.create({
      data: {
        naturalKey: new Uint8Array(32).fill(name.charCodeAt(0) + count), contentDigest: new Uint8Array(32), type, accountId: inviteeId, amount: units(amount), asset: 'USD',
        originalKey: original === undefined ? null : new Uint8Array(32).fill(original.charCodeAt(0) + count), fundedBy: 'paid', occurredAt: at(day), recordedAt: clock.now(), effectiveAt: at(day), batchId,
      },
    })
    await event('payment', '40', 2, 'A')
    await event('payment', '20', 3, 'Z')
    await event('refund', '10', 4, 'm', 'Z')
    expect((await stakes(programId)).atStake, JSON.stringify(changes)).toEqual([expected])
  }
})
