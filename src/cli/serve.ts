// `ringfence serve`: the API on its configured address until it is asked to stop.
// Promises: the first key is printed once, on the first start; a stop lets running requests and jobs end and writes what waits.
import type { Command } from 'commander'
import { partsOf } from '../base/config.ts'
import { readJobRuns, runJobs } from '../base/jobs.ts'
import { createOutgoing } from '../base/outgoing.ts'
import { createMetrics } from '../api/metrics.ts'
import { joined } from '../api/parts.ts'
import { createApi } from '../api/server.ts'
import { createChecks } from '../checks/index.ts'
import { deliveryState } from '../delivery/index.ts'
import { ensureFirstKey, SYSTEM_ACTOR_ID } from '../identities/index.ts'
import { hostState, resolveHeldCredits, tellResolvedCheck } from '../programs/index.ts'
import { readBookFigures } from '../keeping/index.ts'
import { readPayoutFigures, resolveHeldPayouts } from '../payouts/index.ts'
import type { CliContext, OpenDatabase } from './context.ts'
import { processorOf } from './payout-processor.ts'
import { serviceJobs } from './service-jobs.ts'

export function register(program: Command, context: CliContext): void {
  program.command('serve')
    .description('Serves the API until it is stopped.')
    .addHelpText('after', `
Examples:
  ringfence serve
  RINGFENCE_PORT=8080 DATABASE_URL=postgresql://… ringfence serve

The contract is at /openapi.json. The first start prints one API key with every scope: keep it, it is not shown again.
Exit codes: 0 stopped; 3 could not run (database unreachable, port taken, wrong keys).`)
    .action(async () => {
      const opened = await context.openDatabase()
      try {
        await serveUntilStopped(context, opened)
      } finally {
        await opened.close()
      }
    })
}

/** Serves an opened database until a stop is requested; the database stays open. */
export async function serveUntilStopped(context: CliContext, { database, keys }: Pick<OpenDatabase, 'database' | 'keys'>): Promise<void> {
  const { config, clock, log } = context
  const firstKey = await ensureFirstKey({ database, keys, clock })
  const metrics = createMetrics()
  const checks = createChecks({
    database, keys, clock, log, deadlineMilliseconds: config.RINGFENCE_CHECK_DEADLINE_MS, onAnswer: metrics.answer,
    onResolved: async (transaction, resolved) => {
      await resolveHeldCredits(transaction, { now: clock.now(), actorId: SYSTEM_ACTOR_ID }, resolved)
      await tellResolvedCheck(transaction, resolved, clock.now())
      const desk = { database: joined(database, transaction), keys, clock, actorId: SYSTEM_ACTOR_ID }
      await resolveHeldPayouts(desk, { previousId: resolved.previousId, isAllowed: resolved.answer.decision === 'allow' })
    },
  })
  metrics.watchJobs(() => readJobRuns(database))
  metrics.watchFigures(async () => [...(await readBookFigures({ database, clock })), ...(await readPayoutFigures({ database, clock }))])
  metrics.watchDelivery(async () => ({ ...(await deliveryState(database, clock)), ...(await hostState(database, clock)) }))
  const outgoing = createOutgoing({ allowedRanges: partsOf(config.RINGFENCE_WEBHOOK_RANGES) })
  const processor = processorOf(config)
  const trustedProxies = config.RINGFENCE_TRUSTED_PROXIES.split(',').map((each) => each.trim()).filter((each) => each !== '')
  const api = createApi({ database, keys, clock, log, checks, metrics, monotonicSeconds: context.monotonicSeconds, trustedProxies, isMetricsServed: config.RINGFENCE_METRICS, outgoing, payouts: { processor, writeOffBelow: config.RINGFENCE_WRITE_OFF_BELOW } })
  try {
    await checks.start()
    const { url } = await api.listen(config.RINGFENCE_HOST, config.RINGFENCE_PORT)
    if (firstKey !== null) context.print(`The first API key, shown only now: ${firstKey}`)
    context.print(`Ringfence listens on ${url} (contract: ${url}/openapi.json). Stop with Ctrl-C.`)
    const jobs = await runJobs(serviceJobs({ outgoing, check: checks.evaluate, processor }), { database, keys, clock, log })
    await context.stopRequested()
    await Promise.all([jobs.stop(), api.close()])
  } finally {
    await checks.stop()
  }
}
