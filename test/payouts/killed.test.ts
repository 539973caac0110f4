// Goal: a process killed with SIGKILL after a call took effect at the processor and before it was recorded pays nobody twice.
// Method: a child sends to a server that does what it is asked and never answers; it is killed there, once per call; then another process sends.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { addDestination, makeBatch, releaseBatch, sendPayouts, takeProcessorEvent } from '../../src/payouts/index.ts'
import { expectBooksToBalance } from '../books.ts'
import { useDatabase } from '../database.ts'
import { makeCashProgramme } from './payout-programme.ts'
import { startStripeServer } from './stripe-server.ts'

const test_ = await useDatabase()
const { database, owner, url, clock, keys } = test_
const programme = await makeCashProgramme(test_)
const stripe = await startStripeServer()
afterAll(() => stripe.stop())

async function killedDuringCall(): Promise<void> {
  const effects = stripe.made.length
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'send-child.ts'), url, String(stripe.port), clock.now().toISOString()], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  while (stripe.made.length === effects && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve))
  child.kill('SIGKILL')
  const [code] = (await ended) as [number | null]
  expect(code).toBeNull()
}

test('killed after the transfer and again after the payout, the next sender finds both and makes neither again', async () => {
  const { desks, programId, member, earn, ask } = programme
  const payee = await member('killed')
  await addDestination(desks.host, database, { accountId: payee.accountId, destination: { method: 'stripe', stripeAccount: 'acct_killed0001' } })
  await takeProcessorEvent(desks.host, stripe.processor(), stripe.event('account.updated', { id: 'acct_killed0001', object: 'account', payouts_enabled: true }, clock.now()))
  await earn(payee, '12')
  const asked = await ask(payee, '12', { method: 'stripe' })
  const made = await makeBatch(desks.ada, { programId, method: 'stripe' })
  if (!asked.ok || !made.ok) throw new Error('refused')
  await releaseBatch(desks.bob, made.batch.id)
  stripe.faults.push('silent')
  await killedDuringCall()
  expect(await database.prisma.payoutCall.findMany({ select: { step: true, outcome: true } })).toEqual([{ step: 'transfer', outcome: null }])
  stripe.faults.push('silent')
  await killedDuringCall()
  expect(await sendPayouts({ database, keys, clock, actorId: 1n, processor: stripe.processor() })).toEqual({ done: 1, refused: 0, unclear: 0 })
  expect(stripe.made.map(({ object }) => object)).toEqual(['transfer', 'payout'])
  await expectBooksToBalance(owner)
})
