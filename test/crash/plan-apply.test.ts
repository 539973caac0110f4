// Goal: a process killed between plan and apply, or anywhere in the middle of apply, leaves all of the decision or nothing.
// Method: a child applies with a clock that stands still at its n-th reading, inside the transaction; the parent kills it there with SIGKILL.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { applyPlan } from '../../src/review/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { decided, planned } from '../review/desk.ts'
import { ringOfFour } from '../review/ring-of-four.ts'

const setting = await useDatabase()
const { owner, url, clock } = setting

function child(...parameters: string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'plan-apply-child.ts'), url, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The first line that the child writes to either stream. */
async function firstLine(process: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (chunk: Buffer) => resolve(chunk.toString('utf8').trim().split('\n')[0] ?? ''))
    }
    process.once('exit', (code) => reject(new Error(`the child ended with ${code} before it said anything`)))
  })
}

async function kill(process: ChildProcess): Promise<void> {
  const ended = once(process, 'exit')
  process.kill('SIGKILL')
  await ended
}

test('a plan whose process was killed can be applied by another one', async () => {
  const ring = await ringOfFour(setting)
  clock.set(new Date('2026-06-02T12:00:00Z'))
  const before = await ring.desk.dump()
  const planning = child('plan', ring.target.ringId, ring.ann.actorId.toString())
  const { planId, hash } = JSON.parse(await firstLine(planning)) as { planId: string; hash: string }
  await kill(planning)
  expect(await ring.desk.dump()).toEqual(before)
  const result = await applyPlan(ring.ann, { planId: BigInt(planId), hash, reason: 'farm' })
  expect(result).toMatchObject({ ok: true, isReplay: false })
  await expectBooksToBalance(owner)
})

test('an apply killed at every reading of its clock leaves nothing behind, and is then applied as planned', async () => {
  const ring = await ringOfFour(setting)
  clock.set(new Date('2026-06-02T12:00:00Z'))
  const plan = await planned(ring.ann, { kind: 'reclaim', target: ring.target })
  const before = await ring.desk.dump()
  const acts = await owner.prisma.act.count()
  let places = 0
  for (let stopAt = 1; ; stopAt++) {
    const applying = child('apply', plan.id.toString(), plan.hash, 'farm', ring.ann.actorId.toString(), stopAt.toString())
    const line = await firstLine(applying)
    if (line !== 'standing still') {
      expect(JSON.parse(line)).toHaveProperty('decisionId')
      await once(applying, 'exit')
      break
    }
    places += 1
    await kill(applying)
    expect(await ring.desk.dump(), `killed at reading ${stopAt}`).toEqual(before)
    expect(await owner.prisma.decision.count({ where: { planId: plan.id } })).toBe(0)
    expect(await owner.prisma.act.count()).toBe(acts)
  }
  // Before the locks, before the writing, and in the act that ends it.
  expect(places).toBeGreaterThanOrEqual(3)
  const replay = await applyPlan(ring.ann, { planId: plan.id, hash: plan.hash, reason: 'farm' })
  expect(replay).toMatchObject({ ok: true, isReplay: true })
  await expectBooksToBalance(owner)
  const undo = await decided(ring.ann, { kind: 'undo', decisionId: replay.ok ? replay.decision.id.toString() : '0' }, 'correction')
  expect(undo.undoesId).not.toBeNull()
  expect({ ...(await ring.desk.dump()), cases: [] }).toEqual({ ...before, cases: [] })
})
