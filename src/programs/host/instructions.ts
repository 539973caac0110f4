// Instructions to the host about what it keeps: written in the transaction of their posting, with a line per rebate, and told through the outbox.
// Promises: one natural key is one instruction; messages about one member reach the host in their order.

import type { Transaction } from '../../base/database.ts'
import { canonicalJson } from '../../base/hashing.ts'
import { formatAmount } from '../../base/money.ts'
import { enqueue, type OutgoingMessage } from '../../delivery/index.ts'

export type InstructionKind = 'credit' | 'grant_days' | 'freeze' | 'release' | 'reclaim'

export interface InstructionLine {
  readonly rebateId: bigint
  readonly amount: bigint
}

export interface NewInstruction {
  readonly naturalKey: Uint8Array
  readonly programId: bigint
  readonly accountId: bigint
  /** `give` is a credit or a grant of days, by the asset. */
  readonly kind: 'give' | 'freeze' | 'release' | 'reclaim'
  readonly asset: string
  /** Oldest rebate first. */
  readonly lines: readonly InstructionLine[]
  /** What put the money in transit, or made the debt that is to be reclaimed; none for freeze and release. */
  readonly transferId: bigint | null
  readonly decisionId?: bigint | null
  readonly followsId?: bigint | null
}

export interface WrittenInstruction {
  readonly id: bigint
  /** What the host knows it by. */
  readonly publicId: string
}

/** What the message about an instruction is made of. */
export interface InstructionRow {
  readonly id: bigint
  readonly publicId: string
  readonly programId: bigint
  readonly accountId: bigint
  readonly kind: string
  readonly asset: string
  readonly amount: bigint
  readonly followsId: bigint | null
  readonly recordedAt: Date
  readonly withdrawnAt: Date | null
}

export async function writeInstruction(transaction: Transaction, instruction: NewInstruction, now: Date): Promise<WrittenInstruction> {
  const { naturalKey, programId, accountId, asset, lines, transferId, decisionId = null, followsId = null } = instruction
  const kind = instruction.kind === 'give' ? await giftOf(transaction, asset) : instruction.kind
  const amount = lines.reduce((sum, line) => sum + line.amount, 0n)
  const row = await transaction.hostInstruction.create({
    data: { naturalKey: new Uint8Array(naturalKey), programId, accountId, kind, asset, amount, transferId, decisionId, followsId, state: 'in_transit', recordedAt: now },
  })
  await transaction.hostInstructionLine.createMany({ data: lines.map((line, place) => ({ ...line, instructionId: row.id, place })) })
  await tellHost(transaction, row, now)
  return { id: row.id, publicId: row.publicId }
}

/** Sends the instruction as it stands; the host knows a repeated one by its id. */
export async function tellHost(transaction: Transaction, instruction: InstructionRow, now: Date): Promise<void> {
  await enqueue(transaction, await messageOf(transaction, instruction, now))
}

/** Tells the host that an instruction need not be done any more; its answer still counts, because it may have been done already. */
export async function withdrawInstruction(transaction: Transaction, instructionId: bigint, now: Date): Promise<void> {
  await tellHost(transaction, await transaction.hostInstruction.update({ where: { id: instructionId }, data: { withdrawnAt: now } }), now)
}

export async function messageOf(transaction: Transaction, instruction: InstructionRow, now: Date): Promise<OutgoingMessage> {
  const body = JSON.parse(canonicalJson(await bodyOf(transaction, instruction))) as Record<string, unknown>
  return { topic: 'host.instruction', objectKind: 'member', objectId: instruction.accountId, programId: instruction.programId, at: now, body }
}

interface BodyRow {
  program: string
  account: string | null
  resource: string | null
  exponent: number
  follows: string | null
}

interface LineRow {
  rebate_id: bigint
  amount: bigint
  kind: string
  occurred_at: Date
  expires_at: Date | null
}

async function bodyOf(transaction: Transaction, instruction: InstructionRow): Promise<Record<string, unknown>> {
  const { id, publicId, programId, accountId, kind, asset, amount, followsId, recordedAt, withdrawnAt } = instruction
  const [found] = await transaction.$queryRaw<BodyRow[]>`
    select p.key as program, a.exponent::int as exponent,
           (select external_id from account_identity where account_id = ${accountId}) as account,
           (select resource from reward_receiver where account_id = ${accountId} and program_id = ${programId} order by id desc limit 1) as resource,
           (select public_id::text from host_instruction where id = ${followsId}::bigint) as follows
      from program p, asset a where p.id = ${programId} and a.code = ${asset}`
  if (found === undefined) throw new Error('An instruction is of no known programme or asset.')
  const lines = await transaction.$queryRaw<LineRow[]>`
    select l.rebate_id, l.amount, r.kind, r.occurred_at,
           case when r.expires_at is not null then credit_expires_at(r.id, r.expires_at, r.expires_at) end as expires_at
      from host_instruction_line l join rebate r on r.id = l.rebate_id
      where l.instruction_id = ${id} order by l.place`
  return {
    instruction_id: publicId, kind, program: found.program, account: found.account, asset, amount: formatAmount(amount, found.exponent), recorded_at: recordedAt,
    lines: lines.map((line) => ({
      rebate_id: line.rebate_id, amount: formatAmount(line.amount, found.exponent), source: line.kind, earned_at: line.occurred_at,
      ...(line.expires_at === null ? {} : { expires_at: line.expires_at }),
    })),
    ...(found.resource === null ? {} : { resource: found.resource }),
    ...(found.follows === null ? {} : { follows: found.follows }),
    ...(withdrawnAt === null ? {} : { withdrawn_at: withdrawnAt }),
  }
}

async function giftOf(transaction: Transaction, asset: string): Promise<'credit' | 'grant_days'> {
  const { kind } = await transaction.asset.findUniqueOrThrow({ where: { code: asset }, select: { kind: true } })
  return kind === 'days' ? 'grant_days' : 'credit'
}
