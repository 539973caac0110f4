// Rings over several scans of a database whose facts grow: ids stay with the members, two rings that become one merge, and a case goes
// with its ring. Devices tie the accounts, so that who belongs together is plain.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { priorModel } from '../../scoring/model/priors.ts'
import { importFolder } from '../../src/intake/import-folder.ts'
import { runScan, type ScanSummary } from '../../src/scans/index.ts'
import { useDatabase } from '../database.ts'
import { Folders } from '../folders/folder-on-disk.ts'

const { database, keys } = await useDatabase()
const clock = { now: () => new Date('2026-06-01T12:00:00Z') }
const folders = new Folders()
beforeAll(() => folders.open())
afterAll(() => folders.close())

interface Person {
  readonly account: string
  readonly inviter?: string
  /** Minutes after the start of March. */
  readonly minute: number
  readonly devices: readonly string[]
}

const at = (minute: number): string => new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString()

async function add(people: readonly Person[]): Promise<void> {
  const directory = await folders.write({
    'accounts.csv': ['account_id,created_at', ...people.map((each) => `${each.account},${at(each.minute)}`)].join('\n'),
    'referrals.csv': ['inviter_id,invitee_id,created_at', ...people.flatMap((each) => (each.inviter === undefined ? [] : [`${each.inviter},${each.account},${at(each.minute)}`]))].join('\n'),
    'observations.csv': ['account_id,kind,value,observed_at,context',
      ...people.flatMap((each) => each.devices.flatMap((device) => [0, 1, 2, 3].map((use) => `${each.account},device:install,${device},${at(each.minute + use)},${use === 0 ? 'signup' : 'login'}`)))].join('\n'),
    'transactions.csv': ['transaction_id,account_id,type,amount,currency,occurred_at', ...people.map((each) => `t-${each.account},${each.account},recharge,20,USD,${at(each.minute + 2)}`)].join('\n'),
  })
  const result = await importFolder(database, directory, { keys, clock, actorId: 1n, program: 'main' })
  expect(result.ok && result.summary.reading.refusals.size).toBe(0)
}

const operator = (name: string, devices: readonly string[], start: number, size: number): Person[] =>
  Array.from({ length: size }, (_, place) => ({
    account: `${name}${place}`, minute: start + place * 9, devices, ...(place === 0 ? {} : { inviter: `${name}0` }),
  }))

const strangers: Person[] = Array.from({ length: 60 }, (_, place) => ({
  account: `s${place}`, minute: place * 700, devices: [`own-device-of-stranger-${place}`], ...(place % 3 === 0 ? {} : { inviter: `s${place - 1}` }),
}))

async function scan(): Promise<{ summary: ScanSummary; ringOf: Map<string, bigint> }> {
  const result = await runScan(database, { keys, clock, actorId: 1n, model: priorModel })
  if (!result.ok) throw new Error(result.reason)
  const rows = await database.prisma.$queryRaw<{ external_id: string; ring_id: bigint }[]>`
    SELECT k.external_id, v.ring_id FROM ring_version v JOIN ring_member m ON m.ring_version_id = v.id
      JOIN account_identity k ON k.account_id = m.account_id WHERE v.scan_id = ${result.scanId}`
  return { summary: result.summary, ringOf: new Map(rows.map((row) => [row.external_id, row.ring_id])) }
}

describe('rings over scans', () => {
  test('a ring keeps its id and its case while members join it, and two rings tied together become one', async () => {
    await add([...strangers, ...operator('a', ['install-of-operator-a'], 100, 5), ...operator('b', ['install-of-operator-b'], 900, 3)])
    const first = await scan()
    const [a, b] = [first.ringOf.get('a0'), first.ringOf.get('b0')]
    expect(a).toBeDefined()
    expect(b).toBeDefined()
    expect(a).not.toBe(b)
    expect([...first.ringOf.keys()].filter((account) => account.startsWith('s'))).toEqual([])
    expect(first.summary.rings).toMatchObject({ total: 2, new: 2 })

    await add(operator('a', ['install-of-operator-a'], 100, 7).slice(5).concat(operator('a', ['install-of-operator-a'], 100, 1)))
    const grown = await scan()
    expect(grown.ringOf.get('a6')).toBe(a)
    expect(grown.ringOf.get('b0')).toBe(b)
    expect(grown.summary.rings).toMatchObject({ total: 2, new: 0, grown: 1 })
    expect(grown.summary.cases).toMatchObject({ opened: 0, updated: 2, closed: 0 })

    await add([...operator('b', ['install-of-operator-a', 'install-of-operator-b'], 900, 3)])
    const merged = await scan()
    expect(merged.ringOf.get('b0')).toBe(a)
    expect(merged.summary.rings).toMatchObject({ total: 1, merged: 1, gone: 0 })
    expect((await database.prisma.ring.findUniqueOrThrow({ where: { id: b ?? 0n } })).state).toBe('merged')
    expect(await database.prisma.ringLineage.findMany({ where: { fromRingId: b ?? 0n, kind: 'merged' } })).toMatchObject([{ toRingId: a, shared: 3 }])
    expect(await database.prisma.reviewCase.findMany({ where: { state: 'open' } })).toMatchObject([{ ringId: a }])
    expect(merged.summary.cases).toMatchObject({ merged: 1 })
  })

  test('a ring whose evidence is erased is gone, and its case is closed for that reason', async () => {
    const before = await scan()
    await database.prisma.$executeRaw`DELETE FROM observation o USING identifier i WHERE i.id = o.identifier_id AND i.kind = 'device:install'`
    const after = await scan()
    expect(before.summary.rings.total).toBe(1)
    expect(after.summary.rings).toMatchObject({ total: 0, gone: 1 })
    expect(await database.prisma.reviewCase.count({ where: { state: 'open', ringId: { not: null } } })).toBe(0)
    expect(await database.prisma.reviewCase.count({ where: { outcome: 'evidence_gone' } })).toBe(1)
  })
})
