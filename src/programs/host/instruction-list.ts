// Instructions as operators and hosts read them; what an endpoint that came later has missed; and who receives what a member is given.

import { appendAct } from '../../acts/index.ts'
import type { Clock } from '../../base/clock.ts'
import type { Database, Transaction } from '../../base/database.ts'
import { type InstructionRow, messageOf } from './instructions.ts'
import type { Recorder } from '../recorder.ts'

export const INSTRUCTION_STATES = ['in_transit', 'confirmed', 'partly', 'refused'] as const
export type InstructionState = (typeof INSTRUCTION_STATES)[number]

export interface ListedInstruction {
  readonly id: bigint
  readonly publicId: string
  readonly program: string
  /** Null: erased. */
  readonly account: string | null
  readonly kind: string
  readonly asset: string
  readonly amount: bigint
  readonly state: string
  readonly confirmed: bigint | null
  readonly reference: string | null
  readonly refusal: string | null
  readonly recordedAt: Date
  readonly withdrawnAt: Date | null
  readonly endedAt: Date | null
}

export interface InstructionQuery {
  readonly state?: InstructionState | undefined
  /** Null: of every programme. */
  readonly programId: bigint | null
  readonly limit: number
  readonly after?: bigint | undefined
}

/** Newest first. */
export async function listInstructions(reader: Transaction, { state, programId, limit, after }: InstructionQuery): Promise<ListedInstruction[]> {
  const rows = await reader.hostInstruction.findMany({
    where: { ...(state === undefined ? {} : { state }), ...(programId === null ? {} : { programId }), ...(after === undefined ? {} : { id: { lt: after } }) },
    include: { program: { select: { key: true } }, account: { select: { accountIdentity: { select: { externalId: true } } } } }, orderBy: { id: 'desc' }, take: limit,
  })
  return rows.map(({ program, account, confirmedAmount, hostReference, ...row }) => ({
    ...row, program: program.key, account: account.accountIdentity?.externalId ?? null, confirmed: confirmedAmount, reference: hostReference,
  }))
}

const OPEN_AT_ONCE = 500

/** An endpoint that comes later is told what the host has not answered yet, in order. */
export async function tellOpenInstructions(transaction: Transaction, { endpointId, programId }: { endpointId: bigint; programId: bigint | null }, now: Date): Promise<number> {
  let [told, after] = [0, 0n]
  for (;;) {
    const rows: InstructionRow[] = await transaction.hostInstruction.findMany({
      where: { state: 'in_transit', id: { gt: after }, ...(programId === null ? {} : { programId }) }, orderBy: { id: 'asc' }, take: OPEN_AT_ONCE,
    })
    for (const row of rows) {
      const { body } = await messageOf(transaction, row, now)
      await transaction.$executeRaw`
        insert into outbox (endpoint_id, message_id, topic, object_kind, object_id, body, recorded_at, next_attempt_at)
          values (${endpointId}, gen_random_uuid(), 'host.instruction', 'member', ${row.accountId}, ${JSON.stringify(body)}::jsonb, ${now}::timestamptz, ${now}::timestamptz)`
    }
    told += rows.length
    const last = rows.at(-1)
    if (last === undefined || rows.length < OPEN_AT_ONCE) return told
    after = last.id
  }
}

/** What an operator watches of the money at the host. */
export interface HostState {
  readonly inTransit: number
  /** Of the oldest instruction that the host has not answered; zero without one. */
  readonly oldestInTransitSeconds: number
  /** Instructions that the host refused, in part or in full, and that nobody gave again. */
  readonly refused: number
  /** Of the newest reconciliation of each programme together. */
  readonly reconciliationDifferences: number
}

export async function hostState(database: Pick<Database, 'pool'>, clock: Clock): Promise<HostState> {
  const { rows } = await database.pool.query<{ in_transit: string; oldest: Date | null; refused: string; differences: string | null }>(
    `select count(*) filter (where state = 'in_transit') as in_transit, min(recorded_at) filter (where state = 'in_transit') as oldest,
            count(*) filter (where state in ('refused', 'partly') and kind in ('credit', 'grant_days') and not exists (
              select 1 from host_instruction_line l join host_instruction_line later on later.rebate_id = l.rebate_id and later.instruction_id > l.instruction_id where l.instruction_id = i.id)) as refused,
            (select sum(differences) from (select distinct on (program_id) differences from reconciliation order by program_id, id desc) as newest) as differences
       from host_instruction i`)
  const [row] = rows
  const oldest = row?.oldest ?? null
  return {
    inTransit: Number(row?.in_transit ?? 0), refused: Number(row?.refused ?? 0), reconciliationDifferences: Number(row?.differences ?? 0),
    oldestInTransitSeconds: oldest === null ? 0 : Math.max(0, (clock.now().getTime() - oldest.getTime()) / 1000),
  }
}

/** The resource that receives what the host grants the member from now on; returns the choice's id. */
export async function chooseReceiver(
  { database, keys, clock, actorId }: Pick<Recorder, 'database' | 'keys' | 'clock' | 'actorId'>, choice: { programId: bigint; accountId: bigint; resource: string },
): Promise<bigint> {
  return database.inTransaction(async (transaction) => {
    const { id } = await transaction.rewardReceiver.create({ data: { ...choice, recordedAt: clock.now(), actorId }, select: { id: true } })
    await appendAct(transaction, keys, clock, { actorId, kind: 'receiver_chosen', objectKind: 'account', objectId: choice.accountId, after: { resource: choice.resource } })
    return id
  })
}
