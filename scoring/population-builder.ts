// Builds a `Population` row by row: names become small integers, rows become columns.
// Repeating a fact changes nothing, and facts that disagree settle the same way in whatever order they come.
import { float64Column, int32Column, uint16Column, uint8Column } from './columns.ts'
import { ObservationContext, ReferralChannel, TransactionType } from './population.ts'
import type { Population, TransactionTypeName } from './population.ts'

export type ReferralChannelName = keyof typeof ReferralChannel
export type FundedByName = 'paid' | 'reward' | 'credit' | 'code' | 'staff'

export interface AccountDescription {
  /** Seconds since the epoch. */
  readonly createdAt?: number | undefined
  /** The host's name of the organisation that the account belongs to. */
  readonly organisation?: string | undefined
  /** Key of the parent account. */
  readonly parent?: string | undefined
}

export interface IdentifierRow {
  readonly kind: string
  readonly value: string
  /** Sum of `IdentifierFlag` bits. */
  readonly flags?: number | undefined
  readonly model?: string | null | undefined
}

export interface ObservationRow {
  readonly account: number
  readonly identifier: number
  /** Seconds since the epoch. */
  readonly at?: number | undefined
  /** As reported: one word, or several joined by `|`. */
  readonly contextWord?: string | undefined
}

export interface TransactionRow {
  readonly account: number
  readonly type: TransactionTypeName
  /** In units of the currency, for detection only. */
  readonly amount: number
  readonly currency: string
  readonly at?: number | undefined
  readonly item?: string | undefined
  /** Index of the transaction that this one refunds or disputes, as `transaction` returned it. */
  readonly refunds?: number | undefined
  readonly fundedBy?: FundedByName | undefined
}

export interface ReferralRow {
  readonly inviter: number
  readonly invitee: number
  readonly at?: number | undefined
  readonly channel?: ReferralChannelName | undefined
  readonly clickedAt?: number | undefined
  /** Rebates that can still be lost, in units of the program's currency. */
  readonly atStake?: number | undefined
}

const fundedByCode: Readonly<Record<FundedByName, number>> = { paid: 0, reward: 1, credit: 2, code: 3, staff: 4 }
const namedContexts: ReadonlyMap<string, number> = new Map(
  Object.entries(ObservationContext).filter(([name]) => name !== 'other'),
)

/** Bits of `ObservationContext` for a context as reported; words that are not known count as `other`, none as 0. */
export function contextBits(contextWord: string): number {
  if (contextWord === '') return 0
  let bits = 0
  for (const word of contextWord.split('|')) {
    bits |= namedContexts.get(word.trim().toLowerCase()) ?? ObservationContext.other
  }
  return bits
}

/** Numbers names in the order of their first appearance. A `Map` holds at most 16.7 million keys, so it is sharded. */
class Names {
  private readonly shards: Map<string, number>[] = [new Map()]
  private count = 0

  get size(): number {
    return this.count
  }

  find(name: string): number {
    for (const shard of this.shards) {
      const known = shard.get(name)
      if (known !== undefined) return known
    }
    return -1
  }

  intern(name: string): number {
    const known = this.find(name)
    if (known >= 0) return known
    let last = this.shards.at(-1)
    if (last === undefined || last.size >= 16_000_000) {
      last = new Map()
      this.shards.push(last)
    }
    last.set(name, this.count)
    return this.count++
  }

  /** Names by number. */
  list(): string[] {
    return this.shards.flatMap((shard) => [...shard.keys()])
  }
}

export class PopulationBuilder {
  private readonly accountNames = new Names()
  private readonly createdAt = float64Column()
  private readonly organisation = int32Column()
  private readonly parent = int32Column()
  private readonly organisationNames = new Names()

  private readonly kindNames = new Names()
  private readonly valuesByKind: Names[] = []
  private readonly identifierOfKindValue: number[][] = []
  private readonly kind = uint8Column()
  private readonly flags = uint16Column()
  private readonly model = int32Column()
  private readonly modelNames = new Names()
  private readonly modelWords: string[] = []

  private readonly observationAccount = int32Column()
  private readonly observationIdentifier = int32Column()
  private readonly observationAt = float64Column()
  private readonly observationContext = uint16Column()
  private readonly observationWord = int32Column()
  private readonly contextNames = new Names()
  private readonly contextBitsOfWord: number[] = []

  private readonly transactionAccount = int32Column()
  private readonly transactionType = uint8Column()
  private readonly amount = float64Column()
  private readonly currency = uint8Column()
  private readonly currencyNames = new Names()
  private readonly transactionAt = float64Column()
  private readonly item = int32Column()
  private readonly itemNames = new Names()
  private readonly refunds = int32Column()
  private readonly fundedBy = uint8Column()

  private readonly inviter = int32Column()
  private readonly invitee = int32Column()
  private readonly referralAt = float64Column()
  private readonly channel = uint8Column()
  private readonly clickedAt = float64Column()
  private readonly atStake = float64Column()

  /** The number of the account with this key; a new one if it was not seen before. */
  account(key: string): number {
    const index = this.accountNames.intern(key)
    if (index === this.createdAt.length) {
      this.createdAt.push(Number.NaN)
      this.organisation.push(-1)
      this.parent.push(-1)
    }
    return index
  }

  /** The number of the account with this key, or -1. */
  findAccount(key: string): number {
    return this.accountNames.find(key)
  }

  describeAccount(index: number, description: AccountDescription): void {
    if (description.createdAt !== undefined) this.createdAt.set(index, description.createdAt)
    if (description.organisation !== undefined) {
      this.organisation.set(index, this.organisationNames.intern(description.organisation))
    }
    if (description.parent !== undefined) this.parent.set(index, this.account(description.parent))
  }

  /** The number of the identifier with this kind and value. Flags of repeated rows add up; the smaller model word wins. */
  identifier(row: IdentifierRow): number {
    const kind = this.kindNames.intern(row.kind)
    if (kind > 255) throw new RangeError('more than 256 kinds of identifier')
    const values = (this.valuesByKind[kind] ??= new Names())
    const identifiers = (this.identifierOfKindValue[kind] ??= [])
    const value = values.intern(row.value)
    let identifier = identifiers[value]
    if (identifier === undefined) {
      identifier = this.kind.length
      identifiers.push(identifier)
      this.kind.push(kind)
      this.flags.push(0)
      this.model.push(-1)
    }
    if (row.flags !== undefined) this.flags.set(identifier, this.flags.get(identifier) | row.flags)
    if (row.model !== undefined && row.model !== null) this.settleModel(identifier, row.model)
    return identifier
  }

  private settleModel(identifier: number, word: string): void {
    const known = this.modelWords[this.model.get(identifier)]
    if (known !== undefined && known <= word) return
    const model = this.modelNames.intern(word)
    this.modelWords[model] = word
    this.model.set(identifier, model)
  }

  observe(row: ObservationRow): void {
    const contextWord = row.contextWord ?? ''
    const word = this.contextNames.intern(contextWord)
    const bits = (this.contextBitsOfWord[word] ??= contextBits(contextWord))
    this.observationAccount.push(row.account)
    this.observationIdentifier.push(row.identifier)
    this.observationAt.push(row.at ?? Number.NaN)
    this.observationContext.push(bits)
    this.observationWord.push(word)
  }

  /** Appends a transaction and returns its number, which later refunds and disputes name. */
  transaction(row: TransactionRow): number {
    const currency = this.currencyNames.intern(row.currency)
    if (currency > 255) throw new RangeError('more than 256 currencies')
    this.transactionAccount.push(row.account)
    this.transactionType.push(TransactionType[row.type])
    this.amount.push(row.amount)
    this.currency.push(currency)
    this.transactionAt.push(row.at ?? Number.NaN)
    this.item.push(row.item === undefined || row.item === '' ? -1 : this.itemNames.intern(row.item))
    this.refunds.push(row.refunds ?? -1)
    this.fundedBy.push(fundedByCode[row.fundedBy ?? 'paid'])
    return this.transactionAccount.length - 1
  }

  /** Appends a referral and returns its number. */
  referral(row: ReferralRow): number {
    this.inviter.push(row.inviter)
    this.invitee.push(row.invitee)
    this.referralAt.push(row.at ?? Number.NaN)
    this.channel.push(ReferralChannel[row.channel ?? 'unknown'])
    this.clickedAt.push(row.clickedAt ?? Number.NaN)
    this.atStake.push(row.atStake ?? 0)
    return this.inviter.length - 1
  }

  /** Adds to what a referral can still cost: rebates often come after the referrals they belong to. */
  addAtStake(referral: number, amount: number): void {
    this.atStake.set(referral, this.atStake.get(referral) + amount)
  }

  /** The population as of a time in seconds since the epoch. Columns are views: add nothing afterwards. */
  build(asOf: number): Population {
    return {
      asOf,
      accounts: {
        count: this.createdAt.length, createdAt: this.createdAt.view(),
        organisation: this.organisation.view(), parent: this.parent.view(),
      },
      identifiers: {
        count: this.kind.length, kinds: this.kindNames.list(), kind: this.kind.view(),
        flags: this.flags.view(), model: this.model.view(),
      },
      observations: {
        count: this.observationAccount.length, account: this.observationAccount.view(),
        identifier: this.observationIdentifier.view(), at: this.observationAt.view(),
        context: this.observationContext.view(), contextWord: this.observationWord.view(),
        contextWords: this.contextNames.list(),
      },
      transactions: {
        count: this.transactionAccount.length, account: this.transactionAccount.view(),
        type: this.transactionType.view(), amount: this.amount.view(), currency: this.currency.view(),
        currencies: this.currencyNames.list(), at: this.transactionAt.view(), item: this.item.view(),
        refunds: this.refunds.view(), fundedBy: this.fundedBy.view(),
      },
      referrals: {
        count: this.inviter.length, inviter: this.inviter.view(), invitee: this.invitee.view(),
        at: this.referralAt.view(), channel: this.channel.view(), clickedAt: this.clickedAt.view(),
        atStake: this.atStake.view(),
      },
    }
  }
}
