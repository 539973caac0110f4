// One scan: load, detect, write verdicts, publish rings, bring the cases up to date. Promises: one scan at a time; all results
// appear at once; a killed scan leaves nothing that counts, and the next one begins by removing what it had written.

import { detect } from '../../scoring/detect.ts'
import type { Model } from '../../scoring/model/model.ts'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { type LoadedPopulation, loadPopulation, withPopulationLock } from '../population/index.ts'
import { type FoundRing, type RingPlan, planRings, publishRings } from '../rings/index.ts'
import { openCases } from '../review/index.ts'
import { type ScanSummary, lossPerAsset, referralDifferences, ringDifferences } from './differences.ts'
import { foundRings } from './found-rings.ts'
import { type ScanProgram, readScanPrograms, ringThreshold } from './scan-programs.ts'
import { settleStakes } from './stakes.ts'
import { removeVerdicts, writeVerdicts } from './write-verdicts.ts'

/** Clocks of platforms may run ahead of ours by this much. */
const SKEW_SECONDS = 300

export interface ScanOptions {
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
  readonly model: Model
  /** "Now" in seconds since 1970: later facts are left out. Default: the latest time that any fact states. */
  readonly asOf?: number | undefined
  /** From where on a pair joins a ring; default: the lowest of the programmes' policies. */
  readonly ringThreshold?: number | undefined
  readonly onProgress?: ((stage: string, done: number, total: number) => void) | undefined
  /** Told the id as soon as the scan has one. */
  readonly onBegun?: ((scanId: bigint) => void) | undefined
}

export type ScanResult =
  | { readonly ok: true; readonly scanId: bigint; readonly summary: ScanSummary }
  | { readonly ok: false; readonly reason: 'scan_running' }

export async function runScan(database: Database, options: ScanOptions): Promise<ScanResult> {
  const locked = await withPopulationLock(database, async (): Promise<ScanResult> => {
    await discardUnfinished(database)
    const programs = await readScanPrograms(database, options.clock.now())
    const scan = await beginScan(database, options)
    options.onBegun?.(scan.id)
    try {
      const summary = await new Scanning(database, options, scan, programs).run()
      return { ok: true, scanId: scan.id, summary }
    } catch (error) {
      await discardUnfinished(database)
      throw error
    }
  })
  return locked === null ? { ok: false, reason: 'scan_running' } : locked.value
}

interface BegunScan {
  readonly id: bigint
  readonly previousId: bigint | null
  /** When it began: the versions in force then are its rules. */
  readonly asOf: Date
}

async function beginScan(database: Database, { clock, actorId, model, asOf, ringThreshold: threshold }: ScanOptions): Promise<BegunScan> {
  const last = await database.pool.query<{ id: string }>(`SELECT id FROM scan WHERE state = 'finished' ORDER BY id DESC LIMIT 1`)
  const now = clock.now()
  const previousId = last.rows[0] === undefined ? null : BigInt(last.rows[0].id)
  const made = await database.pool.query<{ id: string }>(
    `INSERT INTO scan (state, as_of, position, model_version, options, previous_id, actor_id, started_at)
       VALUES ('running', $1, pg_snapshot_xmin(pg_current_snapshot()), $2, $3, $4, $5, $1) RETURNING id`,
    [now, model.version, JSON.stringify({ as_of: asOf ?? null, ring_threshold: threshold ?? null }), previousId, actorId])
  return { id: BigInt(made.rows[0]?.id ?? 0), previousId, asOf: now }
}

/** Under the lock nothing else runs: what is marked as running was killed. */
async function discardUnfinished(database: Database): Promise<void> {
  const dead = await database.pool.query<{ id: string }>(`UPDATE scan SET state = 'failed' WHERE state = 'running' RETURNING id`)
  if (dead.rows.length > 0) await removeVerdicts(database.pool, dead.rows.map((row) => row.id))
}

class Scanning {
  private readonly database: Database
  private readonly options: ScanOptions
  private readonly scan: BegunScan
  private readonly programs: ReadonlyMap<number, ScanProgram>
  private readonly seconds: Record<string, number> = {}
  private unvalued: ReadonlyMap<string, number> = new Map()

  constructor(database: Database, options: ScanOptions, scan: BegunScan, programs: ReadonlyMap<number, ScanProgram>) {
    this.database = database
    this.options = options
    this.scan = scan
    this.programs = programs
  }

  async run(): Promise<ScanSummary> {
    const onProgress = this.options.onProgress ?? (() => undefined)
    const loaded = await this.timed('load', () => loadPopulation(this.database, {
      asOf: this.options.asOf, notAfter: this.options.clock.now().getTime() / 1000 + SKEW_SECONDS, onProgress,
      settle: async (client, population) => {
        this.unvalued = await settleStakes(client, population, { programs: this.programs, at: this.scan.asOf })
      },
    }))
    const detection = await this.timed('detect', () => Promise.resolve(detect(loaded.population, {
      model: this.options.model, thresholds: { ring: this.options.ringThreshold ?? ringThreshold(this.programs) }, onStage: onProgress,
    })))
    const rings = foundRings(loaded, detection, this.programs)
    const plan = await planRings(this.database.pool, rings)
    await this.timed('write', async () => {
      const client = await this.database.pool.connect()
      try {
        await writeVerdicts(client, { scanId: this.scan.id, loaded, detection, programs: this.programs, ringIds: plan.ringIds, onProgress })
        client.release()
      } catch (error) {
        client.release(true)
        throw error
      }
    })
    onProgress('publish', 0, 0)
    const summary = await this.database.inTransaction((transaction) => this.publish(transaction, loaded, plan, rings))
    await this.forgetOldVerdicts()
    return summary
  }

  private async publish(transaction: Transaction, loaded: LoadedPopulation, plan: RingPlan, rings: readonly FoundRing[]): Promise<ScanSummary> {
    const { clock, keys, actorId } = this.options
    const { id: scanId, previousId } = this.scan
    const { population, position, snapshot } = loaded
    const started = clock.now().getTime()
    const ringCounts = await ringDifferences(transaction, plan, rings)
    await publishRings(transaction, scanId, plan, rings)
    await transaction.$executeRaw`DELETE FROM identifier_strength`
    await transaction.$executeRaw`
      INSERT INTO identifier_strength (identifier_id, scan_id, strength, accounts)
        SELECT s.identifier_id, s.scan_id, s.strength, s.accounts FROM strength_stage s WHERE s.scan_id = ${scanId}`
    await transaction.$executeRaw`DELETE FROM strength_stage WHERE scan_id = ${scanId}`
    const cases = await openCases(transaction, { keys, clock, actorId, scanId })
    const exponents = new Map((await transaction.asset.findMany()).map((asset) => [asset.code, asset.exponent]))
    const summary: ScanSummary = {
      accounts: population.accounts.count, identifiers: population.identifiers.count,
      observations: population.observations.count, transactions: population.transactions.count,
      referrals: { total: population.referrals.count, ...(await referralDifferences(transaction, scanId, previousId)) },
      rings: ringCounts,
      expectedLoss: lossPerAsset(rings, exponents),
      unvalued: Object.fromEntries([...this.unvalued].sort()),
      cases: {
        opened: cases.opened.length, updated: cases.updated.length, closed: cases.closed.length, merged: cases.merged.length, kept: cases.kept.length,
      },
      seconds: { ...this.seconds, publish: (clock.now().getTime() - started) / 1000 },
    }
    await transaction.$executeRaw`
      UPDATE scan SET state = 'finished', finished_at = ${clock.now()}, as_of = to_timestamp(${population.asOf}::double precision),
        position = ${position.toString()}::text::xid8, snapshot = ${snapshot}, summary = ${JSON.stringify(summary)}::jsonb WHERE id = ${scanId}`
    return summary
  }

  /** Two scans are kept whole, so that the last can be compared with the one before. */
  private async forgetOldVerdicts(): Promise<void> {
    const old = await this.database.pool.query<{ scan_id: string }>(
      'SELECT id AS scan_id FROM scan WHERE id < $1 AND EXISTS (SELECT 1 FROM account_verdict v WHERE v.scan_id = scan.id)',
      [this.scan.previousId ?? this.scan.id])
    if (old.rows.length > 0) await removeVerdicts(this.database.pool, old.rows.map((row) => row.scan_id))
  }

  private async timed<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const started = this.options.clock.now().getTime()
    const value = await work()
    this.seconds[stage] = (this.options.clock.now().getTime() - started) / 1000
    return value
  }
}
