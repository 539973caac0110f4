// A scan's verdicts, strengths and alerts into the database by COPY. Promises: they count for nothing until the scan is
// finished, so they may be written before; what a killed scan left is removed by the next one.

import type pg from 'pg'
import type { Decision, Detection } from '../../scoring/detection.ts'
import { BinaryRows, type LoadedPopulation, copyIn } from '../population/index.ts'
import type { ScanProgram } from './scan-programs.ts'

export interface VerdictInput {
  readonly scanId: bigint
  readonly loaded: LoadedPopulation
  readonly detection: Detection
  readonly programs: ReadonlyMap<number, ScanProgram>
  /** Id of each ring of the detection. */
  readonly ringIds: readonly number[]
  readonly onProgress: (stage: string, done: number, total: number) => void
}

const ROWS_PER_COPY = 50_000

/** The decision for one referral under its own programme's thresholds. */
export function decisionFor({ detection, loaded, programs }: Pick<VerdictInput, 'detection' | 'loaded' | 'programs'>, referral: number): Decision {
  const program = programs.get(loaded.programIds[referral] ?? 0)
  if (program === undefined) return detection.referrals.decision[referral] ?? 'hold'
  return detection.decideReferral(referral, program.thresholds)
}

export async function writeVerdicts(client: pg.PoolClient, input: VerdictInput): Promise<void> {
  await writeRows(client, input, 'write accounts', 'account_verdict (scan_id, account_id, score)', input.loaded.accountIds.length,
    (rows, account) => {
      rows.row(3).int8(input.scanId).int8(input.loaded.accountIds[account] ?? 0).float8(input.detection.accounts.score[account] ?? 0)
    })
  await writeRows(client, input, 'write referrals',
    'referral_verdict (scan_id, fact_id, probability, bits, deciding_probability, decision, ring_id, top_reason, explanation)', input.loaded.factIds.length,
    (rows, referral) => writeReferral(rows, input, referral))
  const accounts = accountsPerIdentifier(input.loaded)
  await writeRows(client, input, 'write strengths', 'strength_stage (scan_id, identifier_id, strength, accounts)', accounts.length,
    (rows, identifier) => {
      const count = accounts[identifier] ?? 0
      if (count < 2) return
      rows.row(4).int8(input.scanId).int8(input.loaded.identifierIds[identifier] ?? 0)
        .float8(input.detection.identifiers.strength[identifier] ?? 0).int4(count)
    })
  await writeRows(client, input, 'write alerts', 'alert (scan_id, code, identifier_id, accounts)', input.detection.alerts.length, (rows, place) => {
    const alert = input.detection.alerts[place]
    if (alert !== undefined) rows.row(4).int8(input.scanId).text(alert.code).int8(input.loaded.identifierIds[alert.identifier] ?? 0).int4(alert.accounts)
  })
}

/** The whole explanation is kept where somebody will ask for it: of what is held or denied, and within rings. */
function writeReferral(rows: BinaryRows, input: VerdictInput, referral: number): void {
  const { detection, loaded, ringIds, scanId } = input
  const { probability, bits, decidingProbability, ring, topReason } = detection.referrals
  const decision = decisionFor(input, referral)
  const ringId = ringIds[ring[referral] ?? -1] ?? null
  rows.row(9).int8(scanId).int8(loaded.factIds[referral] ?? 0).float8(probability[referral] ?? 0).float8(bits[referral] ?? 0)
    .float8(decidingProbability[referral] ?? 0).text(decision).int8(ringId).text(topReason[referral] ?? '')
  if (decision === 'allow' && ringId === null) rows.null()
  else {
    const { reasons, counterfactual } = detection.explainReferral(referral)
    rows.json({ reasons, counterfactual })
  }
}

async function writeRows(
  client: pg.PoolClient, { onProgress }: VerdictInput, stage: string, target: string, total: number, write: (rows: BinaryRows, index: number) => void,
): Promise<void> {
  for (let start = 0; start < total; start += ROWS_PER_COPY) {
    const rows = new BinaryRows()
    const end = Math.min(start + ROWS_PER_COPY, total)
    for (let index = start; index < end; index++) write(rows, index)
    await copyIn(client, target, rows)
    onProgress(stage, end, total)
  }
}

/** Distinct accounts per identifier, by a counting sort of the observations. */
export function accountsPerIdentifier({ population }: LoadedPopulation): Int32Array {
  const { observations, identifiers, accounts } = population
  const start = new Int32Array(identifiers.count + 1)
  for (let row = 0; row < observations.count; row++) start[(observations.identifier[row] ?? 0) + 1]! += 1
  for (let index = 0; index < identifiers.count; index++) start[index + 1]! += start[index] ?? 0
  const next = start.slice()
  const members = new Int32Array(observations.count)
  for (let row = 0; row < observations.count; row++) members[next[observations.identifier[row] ?? 0]!++] = observations.account[row] ?? 0
  const seenFor = new Int32Array(accounts.count).fill(-1)
  const counts = new Int32Array(identifiers.count)
  for (let identifier = 0; identifier < identifiers.count; identifier++) {
    for (let place = start[identifier] ?? 0; place < (start[identifier + 1] ?? 0); place++) {
      const account = members[place] ?? 0
      if (seenFor[account] === identifier) continue
      seenFor[account] = identifier
      counts[identifier]! += 1
    }
  }
  return counts
}

/** Removes what scans that never finished had written. */
export async function removeVerdicts(client: pg.PoolClient | pg.Pool, scanIds: readonly string[]): Promise<void> {
  for (const table of ['account_verdict', 'referral_verdict', 'strength_stage', 'alert']) {
    await client.query(`DELETE FROM ${table} WHERE scan_id = ANY ($1::bigint[])`, [scanIds])
  }
}
