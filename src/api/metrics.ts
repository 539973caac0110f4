// Prometheus metrics of the API and the check. Labels are routes, statuses and decisions: never an id.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { JobRun } from '../base/jobs.ts'
import type { CheckAnswer, Checks } from '../checks/index.ts'
import type { Figure } from '../keeping/index.ts'
import type { DeliveryState } from '../delivery/index.ts'
import type { HostState } from '../programs/index.ts'

export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
  request(route: string, method: string, status: number, seconds: number): void
  check(seconds: number): void
  answer(answer: CheckAnswer): void
  watch(checks: Pick<Checks, 'state'>): void
  /** Reads at every scrape how the jobs went, whichever process ran them. */
  watchJobs(read: () => Promise<readonly JobRun[]>): void
  /** Figures of the whole database, read at every scrape. One that is no longer given is no longer shown. */
  watchFigures(read: () => Promise<readonly Figure[]>): void
  /** Reads at every scrape what waits to be delivered and what the host has not answered. */
  watchDelivery(read: () => Promise<DeliveryState & HostState>): void
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  const beforeScrape: (() => Promise<void>)[] = []
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'ringfence_http_request_seconds', help: 'Time to answer a request.', labelNames: ['route', 'method', 'status'], registers: [registry],
    buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10],
  })
  const checkSeconds = new Histogram({
    name: 'ringfence_check_seconds', help: 'Time to answer a pre-credit check.', registers: [registry],
    buckets: [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.02, 0.05, 0.15, 0.3],
  })
  const answers = new Counter({ name: 'ringfence_checks_total', help: 'Answers of the pre-credit check.', labelNames: ['decision', 'would', 'degraded'], registers: [registry] })
  const missing = new Counter({ name: 'ringfence_check_missing_total', help: 'What was missing from degraded answers.', labelNames: ['missing'], registers: [registry] })
  return {
    contentType: registry.contentType,
    async text() {
      // What cannot be read now is shown as it last was: a scrape never fails because the database does.
      await Promise.allSettled(beforeScrape.map((refresh) => refresh()))
      return registry.metrics()
    },
    request: (route, method, status, seconds) => requests.observe({ route, method, status: String(status) }, seconds),
    check: (seconds) => checkSeconds.observe(seconds),
    answer(answer) {
      answers.inc({ decision: answer.decision, would: answer.would ?? answer.decision, degraded: String(answer.degraded) })
      for (const each of answer.missing) missing.inc({ missing: each })
    },
    watch(checks) {
      const gauge = (name: string, help: string, read: () => number): void => {
        registry.registerMetric(new Gauge({ name, help, registers: [], collect() { this.set(read()) } }))
      }
      gauge('ringfence_check_index_stale_seconds', 'Age of the check index.', () => checks.state().staleSeconds)
      gauge('ringfence_check_index_loaded', '1 once the check index is loaded.', () => (checks.state().isLoaded ? 1 : 0))
      gauge('ringfence_check_records_waiting', 'Answers not yet recorded.', () => checks.state().recordsWaiting)
    },
    watchDelivery(read) {
      const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] })
      const gauges: readonly (readonly [Gauge, keyof (DeliveryState & HostState)])[] = [
        [gauge('ringfence_outbox_waiting', 'Messages that wait to be delivered.'), 'waiting'],
        [gauge('ringfence_outbox_oldest_seconds', 'Age of the oldest message that waits.'), 'oldestWaitingSeconds'],
        [gauge('ringfence_outbox_given_up', 'Messages that were given up.'), 'givenUp'],
        [gauge('ringfence_endpoints_waiting_for_reconciliation', 'Endpoints that are sent nothing until the host’s list was compared.'), 'endpointsWaitingForReconciliation'],
        [gauge('ringfence_host_instructions_in_transit', 'Instructions that the host has not answered.'), 'inTransit'],
        [gauge('ringfence_host_instructions_oldest_seconds', 'Age of the oldest instruction that the host has not answered.'), 'oldestInTransitSeconds'],
        [gauge('ringfence_host_instructions_refused', 'Credits that the host refused and nobody gave again.'), 'refused'],
        [gauge('ringfence_host_reconciliation_differences', 'Differences that the newest reconciliations left.'), 'reconciliationDifferences'],
      ]
      beforeScrape.push(async () => {
        const state = await read()
        for (const [each, name] of gauges) each.set(state[name])
      })
    },
    watchJobs(read) {
      const gauge = (name: string, help: string): Gauge<'job'> => new Gauge({ name, help, labelNames: ['job'], registers: [registry] })
      const succeeded = gauge('ringfence_job_last_success_timestamp_seconds', 'When a job last succeeded, in seconds of the epoch; absent until it has.')
      const runs = gauge('ringfence_job_runs', 'Runs of a job, over all processes.')
      const failures = gauge('ringfence_job_failures', 'Failed runs of a job, over all processes.')
      beforeScrape.push(async () => {
        for (const job of await read()) {
          failures.set({ job: job.name }, Number(job.failures))
          runs.set({ job: job.name }, Number(job.runs))
          if (job.lastSucceededAt !== null) succeeded.set({ job: job.name }, job.lastSucceededAt.getTime() / 1000)
        }
      })
    },
    watchFigures(read) {
      const gauges = new Map<string, Gauge>()
      beforeScrape.push(async () => {
        const figures = await read()
        for (const gauge of gauges.values()) gauge.reset()
        for (const { name, help, labels, value } of figures) {
          const gauge = gauges.get(name) ?? new Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] })
          gauges.set(name, gauge)
          gauge.set(labels, value)
        }
      })
    },
  }
}
