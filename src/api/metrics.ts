// Prometheus metrics of the API and the check. Labels are routes, statuses and decisions: never an id.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { CheckAnswer, Checks } from '../checks/index.ts'

export interface Metrics {
  readonly contentType: string
  text(): Promise<string>
  request(route: string, method: string, status: number, seconds: number): void
  check(seconds: number): void
  answer(answer: CheckAnswer): void
  watch(checks: Pick<Checks, 'state'>): void
}

export function createMetrics(): Metrics {
  const registry = new Registry()
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
    text: () => registry.metrics(),
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
  }
}
