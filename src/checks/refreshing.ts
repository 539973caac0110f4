// Keeps the index fresh: one round at a time, again and again; whoever asks meanwhile waits for the round after.

import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { Log } from '../base/log.ts'
import type { CheckIndex } from './check-index.ts'
import { refreshIndex } from './load-index.ts'

export interface Refreshing {
  refresh(): Promise<void>
  start(): void
  stop(): Promise<void>
  isLoaded(): boolean
  /** Since the last whole round; infinite before the first. */
  staleSeconds(): number
}

export interface RefreshingOptions {
  readonly index: CheckIndex
  readonly database: Database
  readonly clock: Clock
  readonly log?: Log | undefined
  readonly milliseconds: number
  /** Called after every round that succeeded. */
  readonly onTick: () => Promise<void>
}

export function createRefreshing({ index, database, clock, log, milliseconds, onTick }: RefreshingOptions): Refreshing {
  let refreshedAt = -Infinity
  let current: Promise<void> | undefined
  let next: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let ticking: Promise<void> = Promise.resolve()
  let isStopped = true

  async function round(): Promise<void> {
    const startedAt = clock.now().getTime()
    await refreshIndex(index, database)
    refreshedAt = startedAt
  }

  /** A round that has begun may have missed what the caller wants to see: it gets the next one. */
  function refresh(): Promise<void> {
    if (current === undefined) {
      current = round().finally(() => {
        current = undefined
      })
      return current
    }
    next ??= current.catch(() => undefined).then(() => {
      next = undefined
      return refresh()
    })
    return next
  }

  function arm(): void {
    if (isStopped) return
    timer = setTimeout(() => {
      ticking = refresh().then(onTick).catch((error: unknown) => {
        log?.error({ error: error instanceof Error ? error.name : 'unknown' }, 'the check index could not be refreshed')
      }).finally(arm)
    }, milliseconds).unref()
  }

  return {
    refresh,
    start() {
      isStopped = false
      arm()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await ticking
    },
    isLoaded: () => refreshedAt > -Infinity,
    staleSeconds: () => (refreshedAt === -Infinity ? Infinity : Math.max(0, (clock.now().getTime() - refreshedAt) / 1000)),
  }
}
