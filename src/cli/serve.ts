// `ringfence serve`: the API on its configured address until it is asked to stop.
// Promises: the first key is printed once, on the first start; a stop lets running requests end and writes what waits.
import type { Command } from 'commander'
import { forgetOldKeys } from '../api/idempotency.ts'
import { createMetrics } from '../api/metrics.ts'
import { createApi } from '../api/server.ts'
import { createChecks } from '../checks/index.ts'
import { ensureFirstKey, SYSTEM_ACTOR_ID } from '../identities/index.ts'
import { matureRebates, resolveHeldCredits } from '../programs/index.ts'
import type { CliContext, OpenDatabase } from './context.ts'

/** Seconds between rounds of what time alone brings about. */
const UPKEEP_SECONDS = 60
/** Days for which the first answer to an idempotency key is given again. */
const ANSWERS_KEPT_DAYS = 30

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
    onResolved: async (transaction, resolved) => void await resolveHeldCredits(transaction, { now: clock.now(), actorId: SYSTEM_ACTOR_ID }, resolved),
  })
  const trustedProxies = config.RINGFENCE_TRUSTED_PROXIES.split(',').map((each) => each.trim()).filter((each) => each !== '')
  const api = createApi({ database, keys, clock, log, checks, metrics, monotonicSeconds: context.monotonicSeconds, trustedProxies, isMetricsServed: config.RINGFENCE_METRICS })
  try {
    await checks.start()
    const { url } = await api.listen(config.RINGFENCE_HOST, config.RINGFENCE_PORT)
    if (firstKey !== null) context.print(`The first API key, shown only now: ${firstKey}`)
    context.print(`Ringfence listens on ${url} (contract: ${url}/openapi.json). Stop with Ctrl-C.`)
    const upkeep = setInterval(() => void keepUp(context, { database }), UPKEEP_SECONDS * 1000)
    await context.stopRequested()
    clearInterval(upkeep)
    await api.close()
  } finally {
    await checks.stop()
  }
}

/** One round: rebates whose time has come become available, answers kept for repeated requests end. A failed round is tried again by the next. */
async function keepUp({ clock, log }: CliContext, { database }: Pick<OpenDatabase, 'database'>): Promise<void> {
  try {
    await matureRebates({ database, clock, actorId: SYSTEM_ACTOR_ID })
    await forgetOldKeys(database, clock, ANSWERS_KEPT_DAYS)
  } catch (error) {
    log.error({ reason: error instanceof Error ? error.name : 'unknown' }, 'upkeep failed')
  }
}
