// The alert rules watch what the service shows: a metric or a job that is renamed must not leave an alert behind that can never fire.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const alerts = readFileSync(join(root, 'docs', 'alerts.yml'), 'utf8')
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.includes('generated')).map((file) => readFileSync(join(root, 'src', file), 'utf8')).join('\n')
const expressions = [...alerts.matchAll(/expr: (?:>\n)?((?:.|\n(?= {10}))*)/g)].map((match) => match[1] ?? '')

describe('every alert', () => {
  test('is over metrics that the service shows', () => {
    const shown = new Set([...sources.matchAll(/'(ringfence_[a-z_]+)'/g)].map((match) => match[1]))
    const watched = [...new Set(expressions.flatMap((expression) => [...expression.matchAll(/ringfence_[a-z_]+/g)].map(([name]) => name.replace(/_count$/, ''))))]
    expect(watched.length).toBeGreaterThan(15)
    expect(watched.filter((name) => !shown.has(name))).toEqual([])
  })

  test('is of a job that there is', () => {
    const jobs = expressions.flatMap((expression) => [...expression.matchAll(/job="([a-z_]+)"/g)].map((match) => match[1] ?? ''))
    expect(jobs.length).toBeGreaterThan(1)
    for (const job of jobs) expect(sources, job).toContain(`name: '${job}'`)
  })

  test('has a severity and says in a sentence what is the matter', () => {
    const names = [...alerts.matchAll(/- alert: (\w+)/g)]
    expect(names.length).toBe(expressions.length)
    expect([...alerts.matchAll(/labels: \{ severity: (page|ticket) \}/g)]).toHaveLength(names.length)
    expect([...alerts.matchAll(/summary: [A-Z].*\.$/gm)]).toHaveLength(names.length)
  })
})
