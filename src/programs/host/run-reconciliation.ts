// Running a reconciliation: reads our side, compares, takes over answers that were lost where that is asked for, keeps the result, and lets
// endpoints that waited for it go on.
// Promises: with differences nothing waits less than before unless somebody says so by name.

import { appendAct } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { canonicalJson, digestOf } from '../../base/hashing.ts'
import { answerInstruction } from './answers.ts'
import { type HostRow, type OurRow, reconcile, type ReconciliationReport } from './reconcile.ts'
import type { Recorder } from '../recorder.ts'

export interface ReconciliationOrder {
  /** Null: the list is of every programme. */
  readonly programId: bigint | null
  readonly rows: readonly HostRow[]
  readonly inTransitHoursMax: number
  /** Whether instructions that the list says are done or refused, and that we have no answer to, are answered by it. */
  readonly takeAnswers: boolean
  /** Lets endpoints go on in spite of differences: somebody looked at them. */
  readonly acceptDifferences: boolean
}

export interface RanReconciliation {
  readonly reconciliationId: bigint
  /** As found before answers were taken. */
  readonly report: ReconciliationReport
  readonly answersTaken: number
  /** What is left after the answers were taken. */
  readonly differences: number
  /** Endpoints that waited for this and now go on. */
  readonly endpointsReleased: number
}

type Reconciler = Pick<Recorder, 'database' | 'keys' | 'clock' | 'actorId'>

export async function runReconciliation(recorder: Reconciler, order: ReconciliationOrder): Promise<RanReconciliation> {
  const { database, keys, clock, actorId } = recorder
  const options = { now: clock.now(), inTransitHoursMax: order.inTransitHoursMax }
  const read = (): Promise<OurRow[]> => database.inTransaction((transaction) => readOurs(transaction, order.programId))
  const before = await read()
  const report = reconcile(before, order.rows, options)
  const answersTaken = order.takeAnswers ? await takeAnswers(recorder, order, report, before) : 0
  const after = answersTaken === 0 ? report : reconcile(await read(), order.rows, options)
  const differences = after.differences.length
  return database.inTransaction(async (transaction) => {
    const { id } = await transaction.reconciliation.create({
      data: {
        programId: order.programId, listDigest: new Uint8Array(digestOf(canonicalJson(order.rows))), differences, recordedAt: options.now, actorId,
        counts: { ...after.counts, matched: after.matched, waiting: after.waiting, answers_taken: answersTaken },
      },
      select: { id: true },
    })
    const endpointsReleased = differences === 0 || order.acceptDifferences ? await releaseEndpoints(transaction, order.programId) : 0
    await appendAct(transaction, keys, clock, {
      actorId, kind: 'reconciled', objectKind: 'reconciliation', objectId: id,
      body: { programId: order.programId, differences, endpointsReleased, acceptDifferences: order.acceptDifferences },
    })
    return { reconciliationId: id, report, answersTaken, differences, endpointsReleased }
  })
}

async function takeAnswers(recorder: Reconciler, { rows }: ReconciliationOrder, { differences }: ReconciliationReport, ours: readonly OurRow[]): Promise<number> {
  const byReference = new Map(ours.map((row) => [row.reference, row.instructionId]))
  const idOf = (row: HostRow): string | undefined => row.instructionId?.toLowerCase() ?? byReference.get(row.reference ?? null)
  const open = new Set(differences.filter(({ kind }) => kind === 'not_answered').map(({ instructionId }) => instructionId))
  let taken = 0
  for (const row of rows) {
    const instructionId = idOf(row)
    if (instructionId === undefined || !open.has(instructionId) || row.status === 'pending') continue
    const answer = await answerInstruction(recorder, {
      instructionId, confirmed: row.status === 'done' ? row.amount : 0n, reference: row.reference, ...(row.status === 'refused' ? { refusal: 'reconciled' } : {}),
    })
    if (answer.ok && !answer.ended.isReplay) taken += 1
  }
  return taken
}

interface Row {
  public_id: string
  host_reference: string | null
  account: string | null
  kind: string
  asset: string
  amount: bigint
  state: OurRow['state']
  confirmed_amount: bigint | null
  recorded_at: Date
}

async function readOurs(transaction: Transaction, programId: bigint | null): Promise<OurRow[]> {
  const rows = await transaction.$queryRaw<Row[]>`
    select i.public_id::text as public_id, i.host_reference, n.external_id as account, i.kind, i.asset, i.amount, i.state, i.confirmed_amount, i.recorded_at
      from host_instruction i left join account_identity n on n.account_id = i.account_id
      where ${programId}::bigint is null or i.program_id = ${programId}::bigint order by i.id`
  return rows.map((row) => ({
    instructionId: row.public_id, reference: row.host_reference, account: row.account, kind: row.kind, asset: row.asset, amount: row.amount, state: row.state,
    confirmed: row.confirmed_amount, recordedAt: row.recorded_at,
  }))
}

/** A list of one programme is enough for endpoints of all only where no other programme gave an instruction. */
async function releaseEndpoints(transaction: Transaction, programId: bigint | null): Promise<number> {
  const others = programId === null ? 0 : await transaction.hostInstruction.count({ where: { programId: { not: programId } } })
  const { count } = await transaction.webhookEndpoint.updateMany({
    where: { waitsForReconciliation: true, ...(programId === null ? {} : { OR: [{ programId }, ...(others === 0 ? [{ programId: null }] : [])] }) },
    data: { waitsForReconciliation: false },
  })
  return count
}
