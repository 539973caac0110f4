// The child of the crash test: plans or applies against a given database, and stands still at the clock's given reading until it is killed.
// Usage: node --import tsx test/crash/plan-apply-child.ts URL plan RING ACTOR | apply PLAN HASH REASON ACTOR STOP_AT

import { openDatabase } from '../../src/base/database.ts'
import { manualClock } from '../../src/base/clock.ts'
import { applyPlan, makePlan } from '../../src/review/index.ts'
import { testKeys } from '../database.ts'

const [url = '', command = '', ...rest] = process.argv.slice(2)
const database = openDatabase(url, { connections: 2 })
const start = manualClock(new Date('2026-06-02T12:00:00Z'))
const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`)

/** Blocks the whole process at the given reading: what was sent to the database by then is all there is. */
function stoppingClock(stopAt: number): { now(): Date } {
  let readings = 0
  return {
    now: () => {
      readings += 1
      if (readings === stopAt) {
        process.stderr.write('standing still\n')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
      }
      return start.now()
    },
  }
}

if (command === 'plan') {
  const [ringId = '', actorId = ''] = rest
  const result = await makePlan({ database, keys: testKeys(), clock: start, actorId: BigInt(actorId) }, { kind: 'reclaim', target: { ringId } })
  say(result.ok ? { planId: result.plan.id.toString(), hash: result.plan.hash } : { refused: result.reason })
  // Killed between plan and apply: the process never gets further than this.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
} else {
  const [planId = '', hash = '', reason = '', actorId = '', stopAt = '0'] = rest
  const result = await applyPlan({ database, keys: testKeys(), clock: stoppingClock(Number(stopAt)), actorId: BigInt(actorId) }, { planId: BigInt(planId), hash, reason })
  say(result.ok ? { decisionId: result.decision.id.toString() } : { refused: result.reason })
}
await database.close()
