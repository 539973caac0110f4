// Reads an export folder into the detector's population, with what is needed to write about it: ids, masks, money, labels.
// It promises that labels reach nothing but `labels`, and that every accepted row has its place.
import { PopulationBuilder } from '../../scoring/population-builder.ts'
import type { IdentifierLists, NormalisedIdentifier } from '../../scoring/identifiers/index.ts'
import type { Population } from '../../scoring/population.ts'
import { toFloat } from './amounts.ts'
import type { AccountFact, ClickFact, FolderFact, ObservationFact, ReferralFact, TransactionFact } from './facts.ts'
import { LabelCollector } from './folder-labels.ts'
import type { FolderLabels } from './folder-labels.ts'
import { maskIdentifier } from './identifier-mask.ts'
import { IdTable } from './id-table.ts'
import { StakeLedger } from './money-at-stake.ts'
import type { MoneyAtStake } from './money-at-stake.ts'
import type { ExportFolder } from './open-folder.ts'
import { FactStream } from './read-facts.ts'
import type { ReadingSummary } from './read-facts.ts'
import { standingsOf } from './referral-standing.ts'
import type { Standing } from './referral-standing.ts'
import { isRefusal } from './refusals.ts'
import type { Refusal } from './refusals.ts'
import { labelTables } from './tables.ts'

export const ratePartsPerMillionDefault = 50_000

export interface ReadFolderOptions {
  /** "Now" in seconds since 1970; the latest time in the folder without it. */
  readonly asOf?: number | undefined
  readonly isStrict?: boolean | undefined
  readonly lists?: IdentifierLists | undefined
  /** Rebate rate where the folder keeps no rebates, in parts per million. */
  readonly ratePartsPerMillion?: number | undefined
  /** Currency of the programme; the one of most money without it. */
  readonly currency?: string | undefined
  readonly withoutLabels?: boolean | undefined
  readonly onRefusal?: ((refusal: Refusal) => void) | undefined
  readonly onProgress?: ((bytesRead: number, bytesTotal: number) => void) | undefined
}

export interface FolderContents {
  readonly folder: ExportFolder
  readonly population: Population
  /** The host's ids, by the population's index. */
  readonly accountIds: readonly string[]
  /** Per referral, by the population's index. */
  readonly referrals: {
    readonly standing: readonly Standing[]
    readonly program: readonly string[]
    /** Smallest units of `money.currency`. */
    readonly atStakeUnits: readonly bigint[]
    /** Already paid out, likewise. */
    readonly goneUnits: readonly bigint[]
  }
  /** What may be shown of each identifier, by the population's index. */
  readonly identifierMasks: readonly string[]
  readonly money: MoneyAtStake
  readonly labels: FolderLabels
  readonly summary: ReadingSummary
  readonly loose: LooseEnds
}

/** Rows that were accepted but point to something that is not in the folder. */
export interface LooseEnds {
  readonly refundsWithoutOriginal: number
  readonly rebatesWithoutReferral: number
  readonly clicksWithoutReferral: number
  readonly labelsWithoutReferral: number
}

export type ReadFolderResult = { ok: true; contents: FolderContents } | { ok: false; refusal: Refusal; summary: ReadingSummary }

export async function readFolder(folder: ExportFolder, options: ReadFolderOptions = {}): Promise<ReadFolderResult> {
  const stream = new FactStream(folder, {
    asOf: options.asOf, isStrict: options.isStrict, lists: options.lists,
    ...(options.withoutLabels === true ? { without: labelTables } : {}),
  })
  const assembler = new FolderAssembler(folder)
  for await (const batch of stream.batches()) {
    for (const item of batch.items) {
      if (isRefusal(item)) options.onRefusal?.(item)
      else assembler.take(item)
    }
    options.onProgress?.(batch.bytesRead, batch.bytesTotal)
  }
  const { stoppedBy } = stream.summary
  if (stoppedBy !== null) return { ok: false, refusal: stoppedBy, summary: stream.summary }
  return { ok: true, contents: assembler.finish(stream.summary, options) }
}

interface PendingReferral {
  readonly inviter: number
  readonly invitee: number
  readonly createdAt: number
  readonly channel: 'unknown' | 'link' | 'code' | 'claim'
  readonly program: string
}

class FolderAssembler {
  private readonly folder: ExportFolder
  private readonly builder = new PopulationBuilder()
  private readonly accountIds: string[] = []
  private readonly parents: { account: number; parentId: string }[] = []
  private readonly codes = new Map<string, number>()
  private readonly referrals: PendingReferral[] = []
  private readonly clicks = new Map<string, number[]>()
  private readonly masks: string[] = []
  private readonly transactions = new IdTable()
  private readonly transactionTypes: string[] = []
  private readonly transactionTimes: number[] = []
  private readonly returns: TransactionFact[] = []
  private readonly labels = new LabelCollector()
  private readonly stakes: StakeLedger
  private refundsWithoutOriginal = 0
  private clickCount = 0

  constructor(folder: ExportFolder) {
    this.folder = folder
    this.stakes = new StakeLedger(folder.files.some((file) => file.table === 'rebates'))
  }

  take(fact: FolderFact): void {
    switch (fact.table) {
      case 'accounts': return this.account(fact)
      case 'referrals': return this.referral(fact)
      case 'clicks': return this.click(fact)
      case 'transactions':
        // The row that a refund or dispute names may stand below it, so these wait for the end.
        if (fact.refunds === null) this.transaction(fact)
        else this.returns.push(fact)
        return
      case 'observations': return this.observation(fact)
      case 'rebates':
        return this.stakes.rebate(fact, this.builder.account(fact.inviterId), this.builder.account(fact.inviteeId))
      case 'payouts': return this.observe(fact.accountId, fact.identifiers, fact.occurredAt, 'payout')
      case 'labels': return this.labels.account(fact, this.builder.account(fact.accountId))
      case 'referral_labels':
        return this.labels.referral(fact, this.builder.account(fact.inviterId), this.builder.account(fact.inviteeId))
      case 'balances': return
    }
  }

  finish(summary: ReadingSummary, options: ReadFolderOptions): FolderContents {
    for (const { account, parentId } of this.parents) {
      if (this.builder.findAccount(parentId) >= 0) this.builder.describeAccount(account, { parent: parentId })
    }
    for (const fact of this.returns.sort(compareReturns)) this.transaction(fact)
    const standing = standingsOf(this.referrals.map((referral) => ({
      ...referral, inviterId: this.accountIds[referral.inviter] ?? '',
    })))
    const { units, goneUnits, money } = this.stakes.settle(
      this.referrals.map((referral, index) => ({ ...referral, isPayable: standing[index] === 'payable' })),
      {
        currency: options.currency,
        ratePartsPerMillion: options.ratePartsPerMillion ?? ratePartsPerMillionDefault,
      },
    )
    const clicksUsed = this.addReferrals(units, money.currency)
    const labels = this.labels.settle(this.accountIds.length, this.referrals)
    return {
      folder: this.folder,
      population: this.builder.build(options.asOf ?? summary.times.latest),
      accountIds: this.accountIds,
      referrals: {
        standing,
        program: this.referrals.map((referral) => referral.program),
        atStakeUnits: units,
        goneUnits,
      },
      identifierMasks: this.masks,
      money,
      labels: { accounts: labels.accounts, referrals: labels.referrals },
      summary,
      loose: {
        refundsWithoutOriginal: this.refundsWithoutOriginal,
        rebatesWithoutReferral: money.rebatesWithoutReferral,
        clicksWithoutReferral: this.clickCount - clicksUsed,
        labelsWithoutReferral: labels.unmatched,
      },
    }
  }

  private account(fact: AccountFact): void {
    const account = this.builder.account(fact.accountId)
    this.accountIds[account] = fact.accountId
    this.builder.describeAccount(account, { createdAt: fact.createdAt, organisation: fact.organisationId ?? undefined })
    if (fact.parentAccountId !== null) this.parents.push({ account, parentId: fact.parentAccountId })
    if (fact.inviteCode !== null) this.codes.set(fact.inviteCode.toLowerCase(), account)
    this.observe(fact.accountId, fact.identifiers, fact.createdAt, 'signup')
  }

  private referral(fact: ReferralFact): void {
    this.referrals.push({
      inviter: this.builder.account(fact.inviterId),
      invitee: this.builder.account(fact.inviteeId),
      createdAt: fact.createdAt,
      channel: fact.channel ?? 'unknown',
      program: fact.program ?? '',
    })
  }

  /** A click belongs to a referral where it names the code of the inviter and the account that signed up. */
  private click(fact: ClickFact): void {
    this.clickCount += 1
    const inviter = this.codes.get(fact.inviteCode?.toLowerCase() ?? '')
    if (inviter === undefined || fact.accountId === null) return
    const key = `${inviter} ${this.builder.account(fact.accountId)}`
    const times = this.clicks.get(key)
    if (times === undefined) this.clicks.set(key, [fact.clickedAt])
    else times.push(fact.clickedAt)
  }

  private observation(fact: ObservationFact): void {
    this.observe(fact.accountId, fact.identifiers, fact.observedAt, fact.context ?? '', fact.display)
  }

  private observe(
    accountId: string, identifiers: readonly NormalisedIdentifier[], at: number | null, contextWord: string,
    display: string | null = null,
  ): void {
    const account = this.builder.account(accountId)
    for (const normalised of identifiers) {
      const identifier = this.builder.identifier(normalised)
      const known = this.masks[identifier]
      // Rows that show the same value differently settle on one mask, whatever their order.
      if (known === undefined || display !== null) {
        const mask = maskIdentifier(normalised, display)
        if (known === undefined || mask < known) this.masks[identifier] = mask
      }
      this.builder.observe({ account, identifier, at: at ?? undefined, contextWord })
    }
  }

  private transaction(fact: TransactionFact): void {
    const account = this.builder.account(fact.accountId)
    const original = fact.refunds === null ? null : this.transactions.find(fact.refunds)
    const index = this.builder.transaction({
      account,
      type: fact.type,
      amount: toFloat(fact.amountUnits, fact.currency),
      currency: fact.currency,
      at: fact.occurredAt,
      item: fact.item ?? undefined,
      refunds: original ?? undefined,
      fundedBy: fact.fundedBy ?? undefined,
    })
    this.transactions.keep(fact.transactionId, index)
    this.transactionTypes[index] = fact.type
    this.transactionTimes[index] = fact.occurredAt
    if (fact.refunds !== null && original === null) this.refundsWithoutOriginal += 1
    const isOfReceipt = original === null || this.transactionTypes[original] !== 'spend'
    const isReturn = isOfReceipt && (fact.type === 'refund' || fact.type === 'chargeback')
    const countedAt = original === null ? fact.occurredAt : this.transactionTimes[original] ?? fact.occurredAt
    this.stakes.transaction(fact, { account, countedAt, isReturn })
    this.observe(fact.accountId, fact.identifiers, fact.occurredAt, 'payment')
  }

  private addReferrals(units: readonly bigint[], currency: string): number {
    let clicksUsed = 0
    for (const [index, referral] of this.referrals.entries()) {
      const { inviter, invitee, createdAt, channel } = referral
      const clicks = this.clicks.get(`${inviter} ${invitee}`) ?? []
      const before = clicks.filter((time) => time <= createdAt)
      clicksUsed += clicks.length
      this.builder.referral({
        inviter, invitee, at: createdAt, channel,
        clickedAt: before.length === 0 ? undefined : Math.max(...before),
        atStake: toFloat(units[index] ?? 0n, currency),
      })
    }
    return clicksUsed
  }
}

const returnOrder: readonly string[] = ['refund', 'dispute_opened', 'dispute_won', 'chargeback']

/** By time, so that what a row names comes before it whatever the order of the file. */
function compareReturns(left: TransactionFact, right: TransactionFact): number {
  return left.occurredAt - right.occurredAt
    || returnOrder.indexOf(left.type) - returnOrder.indexOf(right.type)
    || (left.transactionId < right.transactionId ? -1 : 1)
}
