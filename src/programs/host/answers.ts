// The host's answer to an instruction: done, done in part, or refused with a reason; and a refused one given again.
// Promises: one instruction has one answer, repeated as often as it comes; another answer is refused; answers may come in any order.

import { appendAct } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import {
  debtsOf, type EntryLine, type Excess, giveAnswerEntries, type HostAnswer, lockMembers, openHoldsOf, postTransfer, recoveryOf, rewardTransferPlan, spreadOver, type TransferKind,
} from '../../ledger/index.ts'
import { type InstructionKind, writeInstruction } from './instructions.ts'
import { movablePositionsOf } from '../movement/movable-rewards.ts'
import { postMove } from '../movement/move-reward.ts'
import type { Recorder } from '../recorder.ts'

export interface InstructionAnswer {
  /** The id that the host knows. */
  readonly instructionId: string
  /** In the smallest unit; zero is a refusal. */
  readonly confirmed: bigint
  /** The host's own id of what it did. */
  readonly reference?: string | undefined
  /** Why not, or not all: a word of the host's. */
  readonly refusal?: string | undefined
}

export type AnswerRefusal = 'unknown_instruction' | 'exceeds_amount' | 'answered_otherwise'

export interface EndedInstruction {
  readonly instructionId: string
  readonly kind: InstructionKind
  readonly state: 'confirmed' | 'partly' | 'refused'
  readonly asset: string
  readonly amount: bigint
  readonly confirmed: bigint
  /** The same answer had been given before; nothing was written now. */
  readonly isReplay: boolean
}

export type AnswerResult = { readonly ok: true; readonly ended: EndedInstruction } | { readonly ok: false; readonly reason: AnswerRefusal }

type HostRecorder = Pick<Recorder, 'database' | 'keys' | 'clock' | 'actorId'>

/** `mayAnswer` sees the programme of the instruction before anything is told of it. */
export async function answerInstruction(recorder: HostRecorder, answer: InstructionAnswer, mayAnswer: (programId: bigint) => boolean = () => true): Promise<AnswerResult> {
  return recorder.database.inTransaction(async (transaction): Promise<AnswerResult> => {
    const found = await lockInstruction(transaction, answer.instructionId)
    if (found === null || !mayAnswer(found.programId)) return { ok: false, reason: 'unknown_instruction' }
    const { kind, asset, amount } = found
    if (answer.confirmed < 0n || answer.confirmed > amount) return { ok: false, reason: 'exceeds_amount' }
    const state = answer.confirmed === amount ? 'confirmed' : answer.confirmed === 0n ? 'refused' : 'partly'
    const ended = { instructionId: found.publicId, kind, state, asset, amount, confirmed: answer.confirmed } as const
    if (found.state !== 'in_transit') {
      const isSame = found.confirmedAmount === answer.confirmed && (answer.reference === undefined || answer.reference === found.hostReference)
      return isSame ? { ok: true, ended: { ...ended, isReplay: true } } : { ok: false, reason: 'answered_otherwise' }
    }
    const now = recorder.clock.now()
    await endInstruction(transaction, recorder, found, { ...answer, state, now })
    await appendAct(transaction, recorder.keys, recorder.clock, {
      actorId: recorder.actorId, kind: 'instruction_answered', objectKind: 'host_instruction', objectId: found.id,
      after: { state, confirmed: answer.confirmed, reference: answer.reference, refusal: answer.refusal },
    })
    return { ok: true, ended: { ...ended, isReplay: false } }
  })
}

const SELECT = {
  id: true, publicId: true, naturalKey: true, programId: true, accountId: true, kind: true, asset: true, amount: true, state: true, confirmedAmount: true, hostReference: true,
  hostInstructionLine: { select: { rebateId: true, amount: true }, orderBy: { place: 'asc' } },
} as const

type Found = NonNullable<Awaited<ReturnType<typeof lockInstruction>>>

/** The member first, as everywhere; an instruction is answered by one at a time with it. */
async function lockInstruction(transaction: Transaction, publicId: string) {
  const where = { publicId }
  const known = await transaction.hostInstruction.findUnique({ where, select: { accountId: true } })
  if (known === null) return null
  await lockMembers(transaction, [known.accountId])
  const row = await transaction.hostInstruction.findUniqueOrThrow({ where, select: SELECT })
  return { ...row, kind: row.kind as InstructionKind }
}

interface Ending extends InstructionAnswer {
  readonly state: EndedInstruction['state']
  readonly now: Date
}

async function endInstruction(transaction: Transaction, { actorId }: HostRecorder, found: Found, ending: Ending): Promise<void> {
  const { accountId, asset } = found
  const lines = spreadOver(found.hostInstructionLine, ending.confirmed)
  const holds = await openHoldsOf(transaction, lines.map((line) => line.rebateId))
  const answer: HostAnswer = { accountId, asset, lines, held: new Set(holds.map((hold) => hold.rebateId)) }
  const posting = await postingOf(transaction, found, answer, ending)
  const endedTransferId = posting === null ? null : await post(transaction, found, posting, { actorId, now: ending.now })
  for (const { rebateId, confirmed } of lines) {
    await transaction.hostInstructionLine.update({ where: { instructionId_rebateId: { instructionId: found.id, rebateId } }, data: { confirmedAmount: confirmed } })
  }
  await transaction.hostInstruction.update({
    where: { id: found.id },
    data: {
      state: ending.state, confirmedAmount: ending.confirmed, hostReference: ending.reference ?? null, refusal: ending.refusal ?? null,
      endedTransferId, endedAt: ending.now, endedActorId: actorId,
    },
  })
  if (posting === null || endedTransferId === null || posting.excess.length === 0) return
  await writeInstruction(transaction, {
    naturalKey: digestOf('host give back', found.naturalKey), programId: found.programId, accountId, kind: 'give', asset, lines: posting.excess, transferId: endedTransferId, followsId: found.id,
  }, ending.now)
}

interface AnswerPosting {
  readonly kind: TransferKind
  readonly entries: readonly EntryLine[]
  readonly excess: readonly Excess[]
}

/** Freezing and releasing move nothing in our books; a refused reclaim leaves its debt. */
async function postingOf(transaction: Transaction, { kind }: Found, answer: HostAnswer, { confirmed }: Ending): Promise<AnswerPosting | null> {
  if (kind === 'freeze' || kind === 'release' || (kind === 'reclaim' && confirmed === 0n)) return null
  const debts = await debtsOf(transaction, [answer])
  if (kind === 'reclaim') return { kind: 'recovery', ...recoveryOf(answer, debts) }
  return { kind: confirmed === 0n ? 'host_refused' : 'host_confirmed', entries: giveAnswerEntries(answer, debts), excess: [] }
}

async function post(transaction: Transaction, found: Found, { kind, entries }: AnswerPosting, { actorId, now }: { actorId: bigint; now: Date }): Promise<bigint> {
  const { transferId } = await postTransfer(transaction, {
    naturalKey: digestOf('host answer', found.naturalKey), kind, programId: found.programId, occurredAt: now, recordedAt: now, effectiveAt: now, actorId, entries,
  })
  return transferId
}

export type RetryRefusal = 'unknown_instruction' | 'not_refused' | 'nothing_available'

/** Gives again what the host refused, as far as it is still available: nothing refused is sent again by itself. */
export async function retryInstruction(
  recorder: Recorder, instructionId: string, mayRetry: (programId: bigint) => boolean = () => true,
): Promise<{ readonly ok: true; readonly instructionId: string; readonly amount: bigint; readonly asset: string } | { readonly ok: false; readonly reason: RetryRefusal }> {
  return recorder.database.inTransaction(async (transaction) => {
    const found = await lockInstruction(transaction, instructionId)
    if (found === null || !mayRetry(found.programId)) return { ok: false, reason: 'unknown_instruction' }
    const isGift = found.kind === 'credit' || found.kind === 'grant_days'
    if (!isGift || (found.state !== 'refused' && found.state !== 'partly')) return { ok: false, reason: 'not_refused' }
    const positions = (await movablePositionsOf(transaction, [found])).filter((position) => position.refusal === found.id)
    const plan = rewardTransferPlan(positions, 'all', 'host')
    if (plan.amount === 0n) return { ok: false, reason: 'nothing_available' }
    const recording = { actorId: recorder.actorId, now: recorder.clock.now(), check: recorder.check }
    const { programId, accountId, asset } = found
    const { instruction } = await postMove(transaction, recording, { naturalKey: digestOf('host retry', found.naturalKey), programId, accountId, asset, plan, settlement: 'host' })
    if (instruction === null) throw new Error('A move to the host has no instruction.')
    await appendAct(transaction, recorder.keys, recorder.clock, { actorId: recorder.actorId, kind: 'instruction_retried', objectKind: 'host_instruction', objectId: instruction.id })
    return { ok: true, instructionId: instruction.publicId, amount: plan.amount, asset }
  })
}
