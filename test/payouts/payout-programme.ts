// A programme that pays cash out, on a test's own database: members who earned it, payees, destinations, and persons who decide.

import { randomUUID } from 'node:crypto'
import { createLog } from '../../src/base/log.ts'
import { ensureActor } from '../../src/identities/index.ts'
import { type AskingDesk, addDestination, type DestinationInput, type PayoutMethod, recordPayee, requestPayout } from '../../src/payouts/index.ts'
import type { NewProgram, ProgramRulesInput } from '../../src/policies/index.ts'
import type { TestDatabase } from '../database.ts'
import { makeProgramme, type Programme, units } from '../programs/programme.ts'

export const IBANS = ['DE89370400440532013000', 'GB82WEST12345698765432', 'FR1420041010050500013M02606', 'NL91ABNA0417164300'] as const

export const silentLog = createLog('silent')

export function cashProgram(rules: Partial<ProgramRulesInput> = {}): NewProgram {
  return {
    key: `cash-${randomUUID().slice(0, 8)}`, name: 'Cash',
    versions: [{
      effectiveFrom: new Date('2026-01-01T00:00:00Z'),
      content: {
        asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, linkTemplate: 'https://example.com/?ref={code}', shareText: { en: 'Try it.' },
        movement: { rewardTransfer: 'none', payout: { methods: ['bank', 'stripe'], approvalAbove: '1000' } },
        enforcement: { actions: ['hold', 'cancel', 'freeze', 'reclaim', 'restrict'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
        ...rules,
      },
    }],
  }
}

export interface CashMember {
  readonly accountId: bigint
  readonly inviteeId: bigint
}

export interface CashProgramme extends Programme {
  /** Two persons and a machine. */
  readonly desks: { readonly ada: AskingDesk; readonly bob: AskingDesk; readonly host: AskingDesk }
  /** A member with an invitee, complete payee facts and, where asked for, a destination. */
  member(name: string, destination?: DestinationInput): Promise<CashMember>
  /** Makes the member's invitee pay ten times the amount, which earns it; the event's id is given back. */
  earn(member: CashMember, amount: string): Promise<string>
  ask(member: CashMember, amount: string, more?: { method?: PayoutMethod; key?: string; desk?: AskingDesk }): ReturnType<typeof requestPayout>
}

export async function makeCashProgramme(test: TestDatabase, program: NewProgram = cashProgram()): Promise<CashProgramme> {
  const programme = await makeProgramme(test, program)
  const { database, clock, keys } = test
  const desk = async (kind: 'person' | 'key', name: string): Promise<AskingDesk> => ({
    database, keys, clock, actorId: await database.inTransaction((transaction) => ensureActor(transaction, clock, kind, `${name} ${programme.programId}`)), check: programme.recorder.check,
  })
  const desks = { ada: await desk('person', 'Ada'), bob: await desk('person', 'Bob'), host: await desk('key', 'host') }
  return {
    ...programme,
    desks,
    member: async (name, destination) => {
      const accountId = await programme.account(name)
      const inviteeId = await programme.account(`${name}-friend`)
      await programme.signUp(inviteeId, accountId)
      await recordPayee(desks.host, { accountId, taxProfile: 'complete', payeeCheck: 'passed', payoutsEnabled: true, withholdingPpm: 0, source: 'host' })
      if (destination !== undefined) {
        const added = await addDestination(desks.host, database, { accountId, destination })
        if (!added.ok) throw new Error(added.reason)
      }
      return { accountId, inviteeId }
    },
    earn: async ({ inviteeId }, amount) => {
      const eventId = randomUUID()
      const answer = await programme.record({ type: 'recharge', eventId, accountId: inviteeId, amount: units(amount) * 10n, asset: 'USD' })
      if (!answer.ok) throw new Error(answer.reason)
      return eventId
    },
    ask: ({ accountId }, amount, { method = 'bank', key = randomUUID(), desk: asking = desks.host } = {}) =>
      requestPayout(asking, { programId: programme.programId, accountId, method, asset: 'USD', amount: amount === 'all' ? 'all' : units(amount), key }),
  }
}

let made = 0
/** An account that nobody had before, with right check digits (ISO 13616). */
export function freshIban(): string {
  const account = `37040044${String(++made).padStart(10, '0')}`
  return `DE${String(98n - (BigInt(`${account}131400`) % 97n)).padStart(2, '0')}${account}`
}

export const toBank = (iban: string = freshIban()): DestinationInput => ({ method: 'bank', bank: { account_holder: 'A Payee', iban } })
