// A labelled export folder: accounts and referrals by cross-validation grouped by cluster, and what an audit of it costs.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { print, ringfence } from './command.ts'
import { calibration, comparison, type Measured } from './evaluations.ts'

export async function benchFolder([folder]: readonly string[]): Promise<void> {
  if (folder === undefined) throw new Error('Name an export folder with labels.')
  const measured = JSON.parse(await ringfence('evaluate', folder, '--folds', '5', '--json')) as Measured
  for (const subject of ['referrals', 'accounts'] as const) {
    const figures = measured[subject]
    if (figures === null) continue
    print(`### ${subject} (${measured.sample})\n${figures.ranking.rows} labelled, ${figures.ranking.positives} of one operator\n`)
    print(`${comparison(figures)}\n\n${calibration(figures)}\n`)
  }
  const out = mkdtempSync(join(tmpdir(), 'ringfence-audit-'))
  try {
    const startedSeconds = Number(process.hrtime.bigint()) / 1e9
    await ringfence('audit', folder, '--out', out)
    const seconds = Number(process.hrtime.bigint()) / 1e9 - startedSeconds
    const { timings } = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as { timings: { peak_memory_mb: number; seconds: Record<string, number> } }
    print(`audit: ${seconds.toFixed(1)} s wall with start, ${timings.peak_memory_mb} MB peak; stages in seconds ${JSON.stringify(timings.seconds)}`)
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}
