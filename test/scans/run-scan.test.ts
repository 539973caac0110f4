// A generated world goes through import and scan on a real database. What the scan publishes is held against the detector run on
// the same folder, and against itself: a second scan of the same facts, scans that die, and two at once.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateWorld } from '../../datasets/generate.ts'
import { writeWorld } from '../../datasets/write.ts'
import { detect } from '../../scoring/detect.ts'
import { generalModel } from '../../scoring/model/general.ts'
import { type FolderContents, readFolder } from '../../src/folders/read-folder.ts'
import { importFolder } from '../../src/intake/import-folder.ts'
import { runScan } from '../../src/scans/index.ts'
import { useDatabase } from '../database.ts'
import { Folders, opened } from '../folders/folder-on-disk.ts'

const { database, owner, url, clock, keys } = await useDatabase()
const folders = new Folders()
let contents: FolderContents
const options = { keys, clock, actorId: 1n, model: generalModel }

beforeAll(async () => {
  await folders.open()
  const directory = folders.path('world')
  writeWorld(generateWorld({ world: 'desktop', seed: 3, accounts: 500 }), directory)
  const read = await readFolder(await opened(directory))
  if (!read.ok) throw new Error(read.refusal.reason)
  contents = read.contents
  await importFolder(database, directory, { keys, clock, actorId: 1n, program: 'main', asset: contents.money.currency })
})
afterAll(() => folders.close())

async function scan(): Promise<bigint> {
  const result = await runScan(database, options)
  if (!result.ok) throw new Error(result.reason)
  return result.scanId
}

interface Published {
  readonly inviter: string
  readonly invitee: string
  readonly probability: number
  readonly decision: string
}

async function publishedReferrals(scanId: bigint): Promise<Published[]> {
  return database.prisma.$queryRaw<Published[]>`
    SELECT a.external_id AS inviter, b.external_id AS invitee, v.probability, v.decision
      FROM referral_verdict v JOIN referral_fact f ON f.id = v.fact_id
      JOIN account_identity a ON a.account_id = f.inviter_id JOIN account_identity b ON b.account_id = f.invitee_id
      WHERE v.scan_id = ${scanId} ORDER BY a.external_id COLLATE "C", b.external_id COLLATE "C"`
}

async function ringMembers(scanId: bigint): Promise<Map<string, string[]>> {
  const rows = await database.prisma.$queryRaw<{ ring: bigint; members: string[] }[]>`
    SELECT v.ring_id AS ring, array_agg(i.external_id ORDER BY i.external_id COLLATE "C") AS members
      FROM ring_version v JOIN ring_member m ON m.ring_version_id = v.id JOIN account_identity i ON i.account_id = m.account_id
      WHERE v.scan_id = ${scanId} GROUP BY v.ring_id`
  return new Map(rows.map((row) => [row.ring.toString(), row.members]))
}

/** A lock keeps the scan from being published before the kill arrives, however late that is. */
async function scanAndKillAt(stage: string): Promise<void> {
  const gate = await owner.pool.connect()
  await gate.query('BEGIN')
  await gate.query('LOCK TABLE ring_lineage IN EXCLUSIVE MODE')
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'scan-process.ts'), url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  for await (const line of createInterface(child.stdout)) if (line === stage) child.kill('SIGKILL')
  await ended
  await gate.query('ROLLBACK')
  gate.release()
}

/** The server notices the end of a killed client on its own time: until then its lock stands. */
async function scanOnceUnlocked(): Promise<bigint> {
  for (;;) {
    const result = await runScan(database, options)
    if (result.ok) return result.scanId
  }
}

describe('a scan', () => {
  test('publishes the probabilities and decisions that an audit of the same folder gives, to the bit', async () => {
    const scanId = await scan()
    const detection = detect(contents.population, { model: generalModel })
    const { inviter, invitee } = contents.population.referrals
    const expected = Array.from(inviter, (_, row): Published => ({
      inviter: contents.accountIds[inviter[row] ?? -1] ?? '', invitee: contents.accountIds[invitee[row] ?? -1] ?? '',
      probability: detection.referrals.probability[row] ?? -1, decision: detection.referrals.decision[row] ?? '',
    })).sort((left, right) => (left.inviter < right.inviter ? -1 : left.inviter > right.inviter ? 1 : left.invitee < right.invitee ? -1 : 1))
    expect(await publishedReferrals(scanId)).toEqual(expected)
    expect(expected.length).toBeGreaterThan(50)
    const rings = detection.rings.map((ring) => ring.members.map((member) => contents.accountIds[member.account] ?? '').sort())
    expect([...(await ringMembers(scanId)).values()].map((members) => members.join()).sort()).toEqual(rings.map((members) => members.join()).sort())
    expect(rings.length).toBeGreaterThan(1)
  })

  test('values rings at the money that the audit finds at stake', async () => {
    const scanId = await scan()
    const detection = detect(contents.population, { model: generalModel })
    const rows = await database.prisma.ringVersion.findMany({ where: { scanId } })
    const published = rows.reduce((sum, row) => sum + Number(row.expectedLoss) / 1e6, 0)
    const audited = detection.rings.reduce((sum, ring) => sum + ring.expectedLoss, 0)
    expect(audited).toBeGreaterThan(0)
    expect(published).toBeCloseTo(audited, 3)
  })

  test('of the same facts keeps every ring its id, opens no case twice and differs in nothing', async () => {
    const first = await scan()
    const cases = await database.prisma.reviewCase.count({ where: { state: 'open' } })
    const result = await runScan(database, options)
    if (!result.ok) throw new Error(result.reason)
    expect(await ringMembers(result.scanId)).toEqual(await ringMembers(first))
    expect(result.summary.rings).toMatchObject({ new: 0, grown: 0, shrunk: 0, split: 0, merged: 0, gone: 0 })
    expect(result.summary.referrals).toMatchObject({ newlyHeld: 0, noLongerHeld: 0 })
    expect(result.summary.cases).toMatchObject({ opened: 0, closed: 0 })
    expect(await database.prisma.reviewCase.count({ where: { state: 'open' } })).toBe(cases)
    expect(cases).toBeGreaterThan(0)
  })

  test('gives every ring a case, and every member the evidence that made it one', async () => {
    const scanId = await scan()
    const versions = await database.prisma.ringVersion.findMany({ where: { scanId } })
    for (const version of versions) {
      expect(await database.prisma.reviewCase.count({ where: { ringId: version.ringId, state: 'open' } })).toBe(1)
      const members = await database.prisma.ringMember.findMany({ where: { ringVersionId: version.id } })
      expect(members.length).toBe(version.accounts)
      expect(members.filter((member) => member.tiedToId === null)).toHaveLength(1)
      const inside = new Set(members.map((member) => member.accountId))
      for (const member of members) if (member.tiedToId !== null) expect(inside.has(member.tiedToId)).toBe(true)
    }
  })

  test('is refused while another one runs', async () => {
    const results = await Promise.all([runScan(database, options), runScan(database, options)])
    expect(results.map((result) => result.ok).sort()).toEqual([false, true])
    expect(results.find((result) => !result.ok)).toEqual({ ok: false, reason: 'scan_running' })
  })

  test('that fails while it publishes leaves the scan before in force and nothing half written', async () => {
    const before = await scan()
    const rings = await ringMembers(before)
    const versions = await database.prisma.ringVersion.count()
    await owner.prisma.$executeRaw`ALTER TABLE ring_member ADD CONSTRAINT broken CHECK (score > 2) NOT VALID`
    await expect(runScan(database, options)).rejects.toThrow(/broken/)
    await owner.prisma.$executeRaw`ALTER TABLE ring_member DROP CONSTRAINT broken`
    const last = await database.prisma.scan.findFirstOrThrow({ orderBy: { id: 'desc' } })
    expect(last.state).toBe('failed')
    expect(await database.prisma.accountVerdict.count({ where: { scanId: last.id } })).toBe(0)
    expect(await database.prisma.referralVerdict.count({ where: { scanId: last.id } })).toBe(0)
    expect(await database.prisma.strengthStage.count()).toBe(0)
    expect(await database.prisma.ringVersion.count()).toBe(versions)
    const strengths = await database.prisma.identifierStrength.findMany()
    expect(new Set(strengths.map((row) => row.scanId))).toEqual(new Set([before]))
    expect(await ringMembers(await scan())).toEqual(rings)
  })

  test('that was killed is marked as failed by the next one, and its verdicts are removed', async () => {
    const [killed] = await database.prisma.$queryRaw<{ id: bigint }[]>`
      INSERT INTO scan (state, as_of, position, model_version, options, actor_id, started_at)
        VALUES ('running', ${clock.now()}, '3', 'x', '{}', 1, ${clock.now()}) RETURNING id`
    if (killed === undefined) throw new Error('no scan')
    await database.prisma.accountVerdict.create({ data: { scanId: killed.id, accountId: 1n, score: 0.5 } })
    const next = await scan()
    expect((await database.prisma.scan.findUniqueOrThrow({ where: { id: killed.id } })).state).toBe('failed')
    expect(await database.prisma.accountVerdict.count({ where: { scanId: killed.id } })).toBe(0)
    expect(await database.prisma.accountVerdict.count({ where: { scanId: next } })).toBe(500)
  })

  test.each(['write referrals', 'publish'])('whose process is killed at "%s" changes nothing that counts, and the next one runs to its end', async (stage) => {
    const before = await scan()
    const rings = await ringMembers(before)
    await scanAndKillAt(stage)
    const left = await database.prisma.scan.findFirstOrThrow({ orderBy: { id: 'desc' } })
    expect(left.id).toBeGreaterThan(before)
    expect(left.state).toBe('running')
    expect(await database.prisma.ringVersion.count({ where: { scanId: left.id } })).toBe(0)
    expect(await database.prisma.identifierStrength.count({ where: { scanId: { not: before } } })).toBe(0)

    const next = await scanOnceUnlocked()
    expect(await ringMembers(next)).toEqual(rings)
    expect((await database.prisma.scan.findUniqueOrThrow({ where: { id: left.id } })).state).toBe('failed')
    expect(await database.prisma.accountVerdict.count({ where: { scanId: left.id } })).toBe(0)
  }, 60_000)

  test('keeps the verdicts of two scans and forgets older ones', async () => {
    const [, before, last] = [await scan(), await scan(), await scan()]
    const kept = await database.prisma.accountVerdict.groupBy({ by: ['scanId'] })
    expect(kept.map((row) => row.scanId).sort()).toEqual([before, last])
  })
})
