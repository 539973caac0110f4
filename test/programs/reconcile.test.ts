// Reconciliation: every kind of difference that is planted in a host's list is found and named, and endpoints wait until it ran.

import { beforeAll, describe, expect, test } from 'vitest'
import { createOutgoing } from '../../src/base/outgoing.ts'
import { createEndpoint, deliverDue } from '../../src/delivery/index.ts'
import { answerInstruction, type HostRow, hostState, type OurRow, reconcile, runReconciliation } from '../../src/programs/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { useReceiver } from '../delivery/receiver.ts'
import { hostProgram, hostRules } from './host-programme.ts'
import { expectTransitToBalance } from './host-transit.ts'
import { makeProgramme, units } from './programme.ts'

const at = (hour: number): Date => new Date(Date.UTC(2026, 5, 1, hour))
const options = { now: at(12), inTransitHoursMax: 6 }

const ours = (instructionId: string, more: Partial<OurRow> = {}): OurRow => ({
  instructionId, reference: null, account: 'ann', kind: 'credit', asset: 'USD', amount: 10n, state: 'confirmed', confirmed: 10n, recordedAt: at(0), ...more,
})
const open = (instructionId: string, hour: number): OurRow => ours(instructionId, { state: 'in_transit', confirmed: null, recordedAt: at(hour) })
const host = (instructionId: string, more: Partial<HostRow> = {}): HostRow => ({ instructionId, account: 'ann', asset: 'USD', amount: 10n, status: 'done', ...more })
const kinds = (own: readonly OurRow[], rows: readonly HostRow[]): string[] => reconcile(own, rows, options).differences.map(({ kind, instructionId }) => `${kind} ${instructionId}`)

describe('two lists', () => {
  test('that say the same differ in nothing, in whatever order and case the host writes it', () => {
    const own = [ours('a1'), ours('b2', { state: 'partly', confirmed: 4n }), ours('c3', { state: 'refused', confirmed: 0n }), open('d4', 10), ours('e5', { reference: 'h-5' })]
    const rows = [host('ignored', { instructionId: undefined, reference: 'h-5' }), host('D4', { status: 'pending' }), host('c3', { status: 'refused' }), host('B2', { amount: 4n }), host('a1')]
    expect(reconcile(own, rows, options)).toMatchObject({ matched: 4, waiting: 1, differences: [] })
  })

  test.each<[string, OurRow[], HostRow[], string[]]>([
    ['what we have done and the host does not list', [ours('a')], [], ['missing_at_host a']],
    ['what the host only means to do and we have done', [ours('a')], [host('a', { status: 'pending' })], ['missing_at_host a']],
    ['what the host did and we do not know', [], [host('z')], ['unknown_here z']],
    ['another amount', [ours('a')], [host('a', { amount: 9n })], ['other_amount a']],
    ['more than was asked for', [open('a', 11)], [host('a', { amount: 11n })], ['other_amount a']],
    ['another account', [ours('a')], [host('a', { account: 'bob' })], ['other_account a']],
    ['another asset', [ours('a')], [host('a', { asset: 'EUR' })], ['other_account a']],
    ['refused here and done there', [ours('a', { state: 'refused', confirmed: 0n })], [host('a')], ['other_outcome a']],
    ['done here and refused there', [ours('a')], [host('a', { status: 'refused' })], ['other_outcome a']],
    ['done twice', [ours('a')], [host('a'), host('a')], ['twice_at_host a']],
    ['an answer that never reached us', [open('a', 11)], [host('a')], ['not_answered a']],
    ['in transit for longer than six hours', [open('a', 5), open('b', 6)], [], ['too_long_in_transit a']],
  ])('differ by %s', (_name, own, rows, expected) => {
    expect(kinds(own, rows)).toEqual(expected)
  })

  test('what the host refused or has not done yet of something we do not know moved nothing', () => {
    expect(kinds([], [host('z', { status: 'refused' }), host('y', { status: 'pending' })])).toEqual([])
  })

  test('an erased account is not another account', () => {
    expect(kinds([ours('a', { account: null })], [host('a')])).toEqual([])
  })

  test('counts every kind, and names the amounts of both sides', () => {
    const report = reconcile([ours('a')], [host('a', { amount: 9n }), host('z')], options)
    expect(report.counts).toMatchObject({ other_amount: 1, unknown_here: 1, missing_at_host: 0 })
    expect(report.differences[0]).toMatchObject({ ours: 10n, host: 9n, account: 'ann', asset: 'USD' })
  })
})

describe('after a restore', async () => {
  const given = await useDatabase()
  const { database, owner, clock, keys } = given
  const receiver = await useReceiver()
  const outgoing = createOutgoing({ allowedRanges: ['127.0.0.1/32'] })
  const programme = await makeProgramme(given, hostProgram('restored', hostRules))
  const recorder = { database, keys, clock, actorId: 1n }
  const { programId } = programme
  let account = ''
  const instructions = () => database.prisma.hostInstruction.findMany({ orderBy: { id: 'asc' } })
  const order = { programId, inTransitHoursMax: 24, takeAnswers: false, acceptDifferences: false }
  const rowOf = (row: Awaited<ReturnType<typeof instructions>>[number], more: Partial<HostRow> = {}): HostRow => ({
    instructionId: row.publicId, account, asset: row.asset, amount: row.amount, status: 'done', reference: `h-${row.id}`, ...more,
  })
  const isWaiting = async (): Promise<boolean> => (await database.prisma.webhookEndpoint.count({ where: { waitsForReconciliation: true } })) > 0

  beforeAll(async () => {
    const [inviter, invitee] = [await programme.account('inviter'), await programme.account('invitee')]
    account = (await database.prisma.accountIdentity.findUniqueOrThrow({ where: { accountId: inviter } })).externalId
    await programme.signUp(invitee, inviter)
    for (const name of ['first', 'second', 'third']) {
      await programme.recharge(name, invitee, '100')
      await programme.transfer(inviter, 'all')
    }
    const [first] = await instructions()
    await answerInstruction(recorder, { instructionId: first?.publicId ?? '', confirmed: units('10') })
    await createEndpoint(recorder, outgoing, { url: receiver.url, topics: ['host.instruction'], programId })
    await database.prisma.webhookEndpoint.updateMany({ data: { waitsForReconciliation: true } })
    await programme.recharge('fourth', invitee, '100')
    await programme.transfer(inviter, 'all')
  })

  test('nothing is sent, and a list with differences does not change that', async () => {
    const [first, second] = await instructions()
    if (first === undefined || second === undefined) throw new Error('no instructions')
    const ran = await runReconciliation(recorder, { ...order, rows: [rowOf(first), rowOf(second), rowOf(first, { instructionId: '11111111-1111-4111-8111-111111111111' })] })
    expect(ran).toMatchObject({ report: { matched: 1, waiting: 2, counts: { not_answered: 1, unknown_here: 1 } }, differences: 2, endpointsReleased: 0 })
    expect([await isWaiting(), await deliverDue({ database, keys, clock, outgoing })]).toEqual([true, { delivered: 0, failed: 0 }])
    expect(await hostState(database, clock)).toMatchObject({ inTransit: 3, reconciliationDifferences: 2, refused: 0 })
  })

  test('answers that were lost are taken over from the list, once, and then endpoints go on', async () => {
    const [first, second, third, fourth] = await instructions()
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) throw new Error('no instructions')
    const rows = [rowOf(first), rowOf(second), rowOf(third, { status: 'refused' })]
    const ran = await runReconciliation(recorder, { ...order, rows, takeAnswers: true })
    expect(ran).toMatchObject({ answersTaken: 2, differences: 0, endpointsReleased: 1 })
    expect((await instructions()).map(({ state, hostReference }) => [state, hostReference])).toEqual([['confirmed', null], ['confirmed', `h-${second.id}`], ['refused', `h-${third.id}`], ['in_transit', null]])
    expect(await isWaiting()).toBe(false)
    await deliverDue({ database, keys, clock, outgoing })
    expect(receiver.received.map(({ data }) => data['instruction_id'])).toEqual([fourth.publicId])
    expect(await runReconciliation(recorder, { ...order, rows, takeAnswers: true })).toMatchObject({ answersTaken: 0, differences: 0 })
    await expectBooksToBalance(owner)
    await expectTransitToBalance(owner)
  })

  test('somebody may accept what differs, and that is an act', async () => {
    await database.prisma.webhookEndpoint.updateMany({ data: { waitsForReconciliation: true } })
    const ran = await runReconciliation(recorder, { ...order, rows: [], acceptDifferences: true })
    expect([ran.differences > 0, ran.endpointsReleased]).toEqual([true, 1])
    expect(await database.prisma.act.findFirst({ orderBy: { sequence: 'desc' } })).toMatchObject({ kind: 'reconciled', objectId: ran.reconciliationId.toString() })
  })

  test('a list of one programme does not let endpoints of all go on where another programme gave instructions', async () => {
    const other = await makeProgramme(given, hostProgram('other', hostRules))
    await createEndpoint(recorder, outgoing, { url: receiver.url, topics: ['host.instruction'], programId: null })
    await database.prisma.webhookEndpoint.updateMany({ data: { waitsForReconciliation: true } })
    expect(await runReconciliation(recorder, { ...order, programId: other.programId, rows: [] })).toMatchObject({ differences: 0, endpointsReleased: 0 })
    const everything = (await instructions()).filter(({ state }) => state !== 'refused').map((row) => rowOf(row, row.state === 'in_transit' ? { status: 'pending' } : {}))
    expect(await runReconciliation(recorder, { ...order, programId: null, rows: everything })).toMatchObject({ differences: 0, endpointsReleased: 2 })
  })
})
