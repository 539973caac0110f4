// Stores the facts of one import, table by table: one chunk, one transaction. What spans chunks (referrals beside clicks,
// parents beside children) is gathered and stored when its last table ends.

import type { Database } from '../base/database.ts'
import type {
  AccountFact, BalanceFact, ClickFact, FolderFact, ObservationFact, PayoutFact, RebateFact, ReferralFact, TransactionFact,
} from '../folders/facts.ts'
import type { IdTable } from '../folders/id-table.ts'
import { maskIdentifier } from '../folders/identifier-mask.ts'
import { type TableName, tableNames } from '../folders/tables.ts'
import { MEMBER_KINDS } from '../ledger/index.ts'
import {
  type EventRow, IdentifierDoor, type ObservedIdentifier, type OpenBatch, findAccounts, inBulkTransaction, recordAccounts,
  recordObservations, recordParents, storeEvents,
} from '../population/index.ts'
import { earnRebates } from './accrual-intake.ts'
import { type ImportCounts, type ImportOptions, type RefuseRow, SOURCE_DEFAULT } from './import-options.ts'
import { ImportPrograms } from './import-program.ts'
import { type BalanceRow, storeBalances, storeRebates } from './opening-intake.ts'
import { ReferralIntake, storeClicks, storeInviteCodes } from './referral-intake.ts'

export interface FactStoreParts {
  readonly options: ImportOptions
  readonly batch: OpenBatch
  /** Account ids by external id; grows with the accounts stored here. */
  readonly accounts: IdTable
  readonly counts: ImportCounts
  readonly mainAsset: () => Promise<string | null>
  readonly refuseRow: RefuseRow
}

const REFERRALS_COMPLETE_AFTER = tableNames.indexOf('clicks')

export class FactStore {
  private readonly database: Database
  private readonly parts: FactStoreParts
  private readonly source: string
  private readonly programs: ImportPrograms
  private readonly door: IdentifierDoor
  private readonly referrals = new ReferralIntake()
  private readonly parents: { childId: string; parentId: string }[] = []

  constructor(database: Database, parts: FactStoreParts) {
    this.database = database
    this.parts = parts
    this.source = parts.options.source ?? SOURCE_DEFAULT
    this.programs = new ImportPrograms(database, parts.options, parts.mainAsset)
    this.door = new IdentifierDoor(parts.options.keys, parts.options.lists?.version)
  }

  /** Facts of one table. */
  async store(facts: readonly FolderFact[]): Promise<void> {
    const of = <Fact extends FolderFact>(table: Fact['table']): Fact[] => facts.filter((fact): fact is Fact => fact.table === table)
    switch (facts[0]?.table) {
      case 'accounts': return this.storeAccounts(of<AccountFact>('accounts'))
      case 'referrals': return this.gatherReferrals(of<ReferralFact>('referrals'))
      case 'clicks': return this.storeClicks(of<ClickFact>('clicks'))
      case 'transactions': return this.storeTransactions(of<TransactionFact>('transactions'))
      case 'observations': return this.storeObservations(of<ObservationFact>('observations'))
      case 'payouts': return this.storePayouts(of<PayoutFact>('payouts'))
      case 'rebates': return this.storeRebates(of<RebateFact>('rebates'))
      case 'balances': return this.storeBalances(of<BalanceFact>('balances'))
      default:
    }
  }

  /** Call it when a table is read, with the one that follows (null: none). */
  async endOfTable(table: TableName, next: TableName | null): Promise<void> {
    if (table === 'accounts') await this.storeParents()
    const place = next === null ? tableNames.length : tableNames.indexOf(next)
    if (tableNames.indexOf(table) <= REFERRALS_COMPLETE_AFTER && place > REFERRALS_COMPLETE_AFTER) await this.storeReferrals()
  }

  private async storeAccounts(facts: readonly AccountFact[]): Promise<void> {
    const { accounts, options, batch, counts } = this.parts
    const programId = facts.some((fact) => fact.inviteCode !== null) ? await this.mainProgram() : 0n
    await inBulkTransaction(this.database, async (client) => {
      await recordAccounts(client, options.keys, batch, facts.map((fact) => ({ ...fact, externalId: fact.accountId })))
      const ids = await findAccounts(client, facts.map((fact) => fact.accountId))
      for (const [externalId, id] of ids) accounts.keep(externalId, id)
      const observed = facts.flatMap((fact) => this.observed(fact.accountId, fact.identifiers, fact.createdAt, 'signup'))
      await recordObservations(client, this.door, batch, observed)
      const codes = facts.flatMap(({ accountId, inviteCode }) => (inviteCode === null ? [] : [{ accountId: this.idOf(accountId), code: inviteCode }]))
      counts.codesTaken += await storeInviteCodes(client, { programId, actorId: options.actorId, batch }, codes)
    })
    for (const { accountId, parentAccountId, inviteCode } of facts) {
      if (parentAccountId !== null) this.parents.push({ childId: accountId, parentId: parentAccountId })
      if (inviteCode !== null) this.referrals.code(inviteCode, this.idOf(accountId))
    }
  }

  private async storeParents(): Promise<void> {
    const pairs = this.parents.flatMap(({ childId, parentId }) => {
      const parent = this.parts.accounts.find(parentId)
      return parent === null ? [] : [{ accountId: this.idOf(childId), parentId: parent }]
    })
    if (pairs.length > 0) await inBulkTransaction(this.database, (client) => recordParents(client, pairs))
  }

  private async gatherReferrals(facts: readonly ReferralFact[]): Promise<void> {
    for (const fact of facts) {
      const programId = await this.programs.idOf(fact.program)
      if (programId === null) {
        this.parts.refuseRow(fact, 'program', 'unknown_word')
        continue
      }
      const { inviterId, createdAt, channel } = fact
      this.referrals.add({ programId, inviter: this.idOf(inviterId), invitee: this.idOf(fact.inviteeId), inviterId, createdAt, channel })
    }
  }

  private async storeClicks(facts: readonly ClickFact[]): Promise<void> {
    const { options, batch, counts } = this.parts
    const programId = await this.mainProgram()
    for (const fact of facts) this.referrals.click(fact, fact.accountId === null ? null : this.idOf(fact.accountId))
    counts.clicksWithoutCode += await inBulkTransaction(this.database, (client) =>
      storeClicks(client, options.keys, { programId, source: this.source, batch }, facts))
  }

  private async storeReferrals(): Promise<void> {
    const { batch, options, counts } = this.parts
    options.onProgress?.('import standings', 0, 0)
    const notPayable = await inBulkTransaction(this.database, (client) => this.referrals.store(client, batch, options.actorId))
    Object.assign(counts.notPayable, notPayable)
  }

  /** Identifiers first: the check of what an event earns must see what came with it. */
  private async storeTransactions(facts: readonly TransactionFact[]): Promise<void> {
    const { options, batch, counts } = this.parts
    const observed = facts.flatMap((fact) => this.observed(fact.accountId, fact.identifiers, fact.occurredAt, 'payment'))
    const position = await inBulkTransaction(this.database, async (client) => {
      await recordObservations(client, this.door, batch, observed)
      return (await client.query<{ position: string }>('SELECT pg_current_xact_id()::text AS position')).rows[0]?.position ?? '0'
    })
    const from = options.accrual?.from ?? Infinity
    const history = facts.filter((fact) => fact.occurredAt < from)
    if (options.accrual !== undefined) {
      const recorder = { database: this.database, keys: options.keys, clock: options.clock, actorId: options.actorId, check: options.accrual.check }
      const earning = facts.filter((fact) => fact.occurredAt >= from)
      const earned = await earnRebates({ recorder, batch, position, source: this.source, idOf: (name) => this.idOf(name) }, earning)
      counts.accrued += earned.rebates
      this.refuseRepeated(earned.repeated, earned.repeated.map((_, place) => place), 'transaction_id')
      history.push(...earned.withoutEffect)
    }
    await this.storeHistory(history)
  }

  private async storeHistory(facts: readonly TransactionFact[]): Promise<void> {
    const { options, batch } = this.parts
    const events = facts.map((fact): EventRow => ({
      eventId: fact.transactionId, type: fact.type, accountId: this.idOf(fact.accountId), originalId: fact.refunds,
      amount: fact.amountUnits, asset: fact.currency, fundedBy: fact.fundedBy ?? 'paid', periodUnit: fact.periodUnit,
      periodCount: fact.periodCount, item: fact.item, occurredAt: fact.occurredAt,
    }))
    const differing = await inBulkTransaction(this.database, (client) => storeEvents(client, options.keys, this.source, batch, events))
    this.refuseRepeated(facts, differing, 'transaction_id')
  }

  private async storeObservations(facts: readonly ObservationFact[]): Promise<void> {
    const observed = facts.flatMap((fact) =>
      this.observed(fact.accountId, fact.identifiers, fact.observedAt, fact.context ?? '', fact.display))
    await inBulkTransaction(this.database, (client) => recordObservations(client, this.door, this.parts.batch, observed))
  }

  private async storePayouts(facts: readonly PayoutFact[]): Promise<void> {
    const observed = facts.flatMap((fact) => this.observed(fact.accountId, fact.identifiers, fact.occurredAt, 'payout'))
    await inBulkTransaction(this.database, (client) => recordObservations(client, this.door, this.parts.batch, observed))
  }

  private async storeRebates(facts: readonly RebateFact[]): Promise<void> {
    const { counts } = this.parts
    const origin = await this.openingOrigin()
    const rows = facts.map((fact) => ({ fact, inviter: this.idOf(fact.inviterId), invitee: this.idOf(fact.inviteeId) }))
    const stored = await inBulkTransaction(this.database, (client) => storeRebates(client, origin, rows))
    counts.openings += stored.posted
    counts.rebatesWithoutReferral += stored.withoutReferral
    this.refuseRepeated(facts, stored.differing, 'rebate_id')
  }

  private async storeBalances(facts: readonly BalanceFact[]): Promise<void> {
    const origin = await this.openingOrigin()
    const rows = facts.flatMap((fact): BalanceRow[] => {
      const kind = MEMBER_KINDS.find((each) => each === fact.bookAccount.toLowerCase())
      if (kind === undefined) this.parts.refuseRow(fact, 'book_account', 'unknown_word')
      return kind === undefined || fact.amountUnits === 0n ? [] : [{ fact, accountId: this.idOf(fact.accountId), kind }]
    })
    this.parts.counts.openings += await inBulkTransaction(this.database, (client) => storeBalances(client, origin, rows))
  }

  private async openingOrigin(): Promise<Parameters<typeof storeRebates>[1]> {
    const { options, batch } = this.parts
    return { keys: options.keys, source: this.source, programId: await this.mainProgram(), actorId: options.actorId, batch }
  }

  private observed(
    accountId: string, identifiers: AccountFact['identifiers'], at: number | null, context: string, display: string | null = null,
  ): ObservedIdentifier[] {
    const account = this.idOf(accountId)
    return identifiers.map((identifier) => ({ accountId: account, identifier, shownAs: maskIdentifier(identifier, display), at, context }))
  }

  private refuseRepeated(facts: readonly FolderFact[], places: readonly number[], column: string): void {
    for (const place of places) {
      const fact = facts[place]
      if (fact !== undefined) this.parts.refuseRow(fact, column, 'duplicate_id')
    }
  }

  private async mainProgram(): Promise<bigint> {
    const programId = await this.programs.idOf(null)
    if (programId === null) throw new Error(`${this.parts.options.program} cannot be the key of a programme.`)
    return programId
  }

  private idOf(externalId: string): number {
    const id = this.parts.accounts.find(externalId)
    if (id === null) throw new Error('An account that a row names was not stored.')
    return id
  }
}
