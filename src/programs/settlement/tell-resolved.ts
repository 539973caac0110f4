// Hosts are told when a check that could only hold got its real answer, so that what they booked as pending can be ended.

import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import type { ResolvedCheck } from '../../checks/index.ts'
import { enqueue } from '../../delivery/index.ts'

/** The outbox names its objects by number; a check's id is a word. */
const numberOf = (checkId: string): bigint => digestOf(checkId).readBigUInt64BE() >> 1n

/** Call it in the transaction that records the answer; give it to the checks as part of `onResolved`. */
export async function tellResolvedCheck(transaction: Transaction, { previousId, answer, request }: ResolvedCheck, now: Date): Promise<void> {
  const program = await transaction.program.findUnique({ where: { key: request.program }, select: { id: true } })
  const { check_id: checkId, decision, would, probability } = answer
  await enqueue(transaction, {
    topic: 'check.resolved', objectKind: 'check', objectId: numberOf(previousId), programId: program?.id ?? null, at: now,
    body: {
      check_id: checkId, supersedes: previousId, program: request.program, subject: request.subject, subject_id: request.subject_id, decision,
      ...(would === undefined ? {} : { would }), probability, resolved_at: now,
    },
  })
}
