// A programme with members on a test's own database: accounts, codes, sign-ups and money events in one line each.

import { randomUUID } from 'node:crypto'
import type { Transaction } from '../../src/base/database.ts'
import { parseMicros } from '../../src/base/money.ts'
import type { CheckAnswer, CheckOutcome } from '../../src/checks/index.ts'
import { type NewProgram, publishProgram } from '../../src/policies/index.ts'
import { type EventAnswer, type EventFact, inviteCodeOf, type PreCreditCheck, type Recorder, recordEvent, transferReward } from '../../src/programs/index.ts'
import { balancesByKind } from '../books.ts'
import type { TestDatabase } from '../database.ts'

/** Micros of an amount written in units. */
export function units(text: string): bigint {
  const parsed = parseMicros(text)
  if (!parsed.ok) throw new Error(`${text} is no amount`)
  return parsed.amount
}

/** What a check answers, for tests that are about what follows from it. */
export function answerOf(decision: CheckAnswer['decision'], degraded = false): CheckOutcome {
  const answer: CheckAnswer = {
    decision, probability: decision === 'allow' ? 0.01 : 0.97, reasons: [], check_id: `check-${randomUUID()}`, policy_version: '1', model_version: 'test', calibration: 'general',
    degraded, missing: [], truncated: false, position: '0', evaluated_at: '2026-06-01T12:00:00Z', expires_at: '2026-06-01T12:05:00Z', token: '',
  }
  return { ok: true, answer, text: '', replayed: false }
}

export interface Programme {
  readonly programId: bigint
  readonly recorder: Recorder
  /** What the check answers from now on. */
  setCheck(check: PreCreditCheck): void
  account(name: string): Promise<bigint>
  codeOf(accountId: bigint): Promise<string>
  record(fact: Partial<EventFact> & Pick<EventFact, 'type' | 'accountId'>): Promise<EventAnswer>
  /** Signs the account up with the inviter's code; the sign-up's event id is `signup-<account>`. */
  signUp(accountId: bigint, inviterId: bigint, at?: Date): Promise<EventAnswer>
  recharge(eventId: string, accountId: bigint, amount: string, at?: Date): Promise<EventAnswer>
  refund(eventId: string, originalEventId: string, accountId: bigint, amount?: string, at?: Date): Promise<EventAnswer>
  /** An amount in units, or `all`. */
  transfer(accountId: bigint, amount: string, key?: string): ReturnType<typeof transferReward>
  balances(accountId: bigint): Promise<Record<string, bigint>>
  read<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>
}

export async function makeProgramme(test: TestDatabase, program: NewProgram): Promise<Programme> {
  const { database, owner, clock, keys } = test
  const published = await publishProgram({ database, keys, clock, actorId: 1n }, program)
  if (!published.ok) throw new Error(published.reason)
  const { programId } = published
  const { id: sourceId } = await database.prisma.source.create({ data: { name: randomUUID() } })
  const { id: batchId } = await database.prisma.batch.create({ data: { sourceId, actorId: 1n, kind: 'api', recordedAt: clock.now() } })
  let check: PreCreditCheck = async () => answerOf('allow')
  const recorder: Recorder = { database, keys, clock, actorId: 1n, check: (request, caller) => check(request, caller) }
  const record: Programme['record'] = (fact) => recordEvent(recorder, batchId, { source: 'host', eventId: randomUUID(), occurredAt: clock.now(), ...fact })
  const codeOf = async (accountId: bigint): Promise<string> =>
    (await database.inTransaction((transaction) => inviteCodeOf(transaction, { programId, accountId, actorId: 1n, recordedAt: clock.now() }))).code
  return {
    programId,
    recorder,
    setCheck: (next) => {
      check = next
    },
    account: async (name) => {
      const { id } = await database.prisma.account.create({ data: { identityDigest: new Uint8Array(1), recordedAt: clock.now(), batchId } })
      await database.prisma.accountIdentity.create({ data: { accountId: id, salt: new Uint8Array(1), externalId: `${name}-${programId}` } })
      return id
    },
    codeOf,
    record,
    signUp: async (accountId, inviterId, at = clock.now()) =>
      record({ type: 'signup', eventId: `signup-${accountId}`, accountId, occurredAt: at, invitation: { code: await codeOf(inviterId), programId } }),
    recharge: (eventId, accountId, amount, at = clock.now()) => record({ type: 'recharge', eventId, accountId, amount: units(amount), asset: 'USD', occurredAt: at }),
    refund: (eventId, originalEventId, accountId, amount, at = clock.now()) =>
      record({ type: 'refund', eventId, originalEventId, accountId, occurredAt: at, ...(amount === undefined ? {} : { amount: units(amount), asset: 'USD' }) }),
    transfer: (accountId, amount, key = randomUUID()) =>
      transferReward(recorder, { programId, accountId, asset: 'USD', amount: amount === 'all' ? 'all' : units(amount), key }),
    balances: (accountId) => balancesByKind(owner, accountId),
    read: (work) => database.inTransaction(work),
  }
}
