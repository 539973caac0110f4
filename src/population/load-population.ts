// The whole population from the database into the detector's typed columns, in one snapshot, by binary COPY.
// Promises: the same facts give the same population as their export folder does, whatever ids and order they have.

import type pg from 'pg'
import type { Database } from '../base/database.ts'
import { float64Column, int32Column, uint16Column, uint8Column } from '../../scoring/columns.ts'
import { contextBits } from '../../scoring/population-builder.ts'
import { type Population, ReferralChannel, TransactionType } from '../../scoring/population.ts'
import { copyOut } from './binary-copy.ts'
import { IdIndex } from './id-index.ts'
import { inSnapshot } from './snapshot.ts'
import { Words } from './words.ts'

export interface LoadOptions {
  /** "Now" in seconds since 1970: later facts are left out. Without it, the latest time that any fact states. */
  readonly asOf?: number | undefined
  /** Times after this one are not believed: they do not move "now". Seconds since 1970. */
  readonly notAfter?: number | undefined
  /** Only referrals of this programme. */
  readonly programId?: bigint | undefined
  readonly onProgress?: ((stage: string, done: number, total: number) => void) | undefined
  /** Reads, in the same snapshot, what the referrals can still cost and writes it into `population.referrals.atStake`. */
  readonly settle?: ((client: pg.PoolClient, loaded: LoadedPopulation) => Promise<void>) | undefined
}

/** A population with the database's ids by index; ids are whole numbers below 2^53. */
export interface LoadedPopulation {
  readonly population: Population
  readonly accountIds: Float64Array
  readonly identifierIds: Float64Array
  readonly transactionIds: Float64Array
  /** Of `referral_fact`, by referral. */
  readonly factIds: Float64Array
  /** Of `referral`, by referral; 0 where the relation pays nothing. */
  readonly referralIds: Float64Array
  readonly programIds: Float64Array
  /** Everything committed by transactions below this one was seen. */
  readonly position: bigint
  /** Exactly which transactions were seen, for `transactionsSeen`. */
  readonly snapshot: string
}

const LATEST_WITHOUT_END = 8e9

export async function loadPopulation(database: Database, options: LoadOptions = {}): Promise<LoadedPopulation> {
  return inSnapshot(database, async (client, position) => {
    const loaded = await new PopulationLoading(client, position, options).load()
    await options.settle?.(client, loaded)
    return loaded
  })
}

class PopulationLoading {
  private readonly client: pg.PoolClient
  private readonly position: bigint
  private readonly options: LoadOptions
  private readonly accounts = new IdIndex()
  private readonly identifiers = new IdIndex()
  private readonly events = new IdIndex()
  private readonly end: number
  private latest = 0

  constructor(client: pg.PoolClient, position: bigint, options: LoadOptions) {
    this.client = client
    this.position = position
    this.options = options
    this.end = options.asOf ?? LATEST_WITHOUT_END
  }

  async load(): Promise<LoadedPopulation> {
    const accounts = await this.loadAccounts()
    const identifiers = await this.loadIdentifiers()
    const observations = await this.loadObservations()
    const transactions = await this.loadTransactions()
    const { referrals, factIds, referralIds, programIds } = await this.loadReferrals()
    const seen = await this.client.query<{ snapshot: string }>('SELECT pg_current_snapshot()::text AS snapshot')
    const asOf = this.options.asOf ?? Math.max(this.latest, await this.latestOfBatches())
    return {
      population: { asOf, accounts, identifiers, observations, transactions, referrals },
      accountIds: this.accounts.ids(), identifierIds: this.identifiers.ids(), transactionIds: this.events.ids(),
      factIds, referralIds, programIds, position: this.position, snapshot: seen.rows[0]?.snapshot ?? '',
    }
  }

  private async loadAccounts(): Promise<Population['accounts']> {
    const createdAt = float64Column()
    const organisation = int32Column()
    const organisations = new Words()
    const parentIds = float64Column()
    await this.read('accounts', 'account', 'SELECT id, occurred_at, organisation_hash, parent_id FROM account', (row) => {
      const at = row.seconds(1)
      if (at > this.end) return
      this.accounts.add(row.int8(0))
      this.note(at)
      createdAt.push(at)
      organisation.push(row.isNull(2) ? -1 : organisations.intern(row.latin1(2)))
      parentIds.push(row.isNull(3) ? Number.NaN : row.int8(3))
    })
    const parent = Int32Array.from(parentIds.view(), (id) => (Number.isNaN(id) ? -1 : this.accounts.find(id)))
    return { count: createdAt.length, createdAt: createdAt.view(), organisation: organisation.view(), parent }
  }

  private async loadIdentifiers(): Promise<Population['identifiers']> {
    const kind = uint8Column()
    const flags = uint16Column()
    const model = int32Column()
    const kinds = new Words()
    const models = new Words()
    await this.read('identifiers', 'identifier', 'SELECT id, kind, flags, model FROM identifier', (row) => {
      this.identifiers.add(row.int8(0))
      const word = kinds.intern(row.text(1))
      if (word > 255) throw new RangeError('more than 256 kinds of identifier')
      kind.push(word)
      flags.push(row.int4(2))
      model.push(row.isNull(3) ? -1 : models.intern(row.text(3)))
    })
    return { count: kind.length, kinds: kinds.list(), kind: kind.view(), flags: flags.view(), model: model.view() }
  }

  private async loadObservations(): Promise<Population['observations']> {
    const account = int32Column()
    const identifier = int32Column()
    const at = float64Column()
    const context = uint16Column()
    const contextWord = int32Column()
    const words = new Words()
    const bits: number[] = []
    await this.read('observations', 'observation', 'SELECT account_id, identifier_id, occurred_at, context FROM observation', (row) => {
      const owner = this.accounts.find(row.int8(0))
      const time = row.seconds(2)
      if (owner < 0 || time > this.end) return
      this.note(time)
      const word = words.intern(row.text(3))
      account.push(owner)
      identifier.push(this.identifiers.find(row.int8(1)))
      at.push(time)
      context.push((bits[word] ??= contextBits(words.word(word))))
      contextWord.push(word)
    })
    return {
      count: account.length, account: account.view(), identifier: identifier.view(), at: at.view(),
      context: context.view(), contextWord: contextWord.view(), contextWords: words.list(),
    }
  }

  private async loadTransactions(): Promise<Population['transactions']> {
    const account = int32Column()
    const type = uint8Column()
    const amount = float64Column()
    const currency = uint8Column()
    const at = float64Column()
    const item = int32Column()
    const fundedBy = uint8Column()
    const currencies = new Words()
    const items = new Words()
    const divisors: number[] = []
    await this.read('transactions', 'event', transactionQuery, (row) => {
      const owner = this.accounts.find(row.int8(1))
      const time = row.seconds(5)
      if (owner < 0 || time > this.end) return
      this.note(time)
      this.events.add(row.int8(0))
      const asset = currencies.intern(row.text(4))
      if (asset > 255) throw new RangeError('more than 256 currencies')
      account.push(owner)
      type.push(row.int4(2))
      amount.push(row.int8(3) / (divisors[asset] ??= 10 ** row.int4(8)))
      currency.push(asset)
      at.push(time)
      item.push(row.isNull(6) ? -1 : items.intern(row.latin1(6)))
      fundedBy.push(row.int4(7))
    })
    const columns = { type: type.view(), at: at.view() }
    return {
      count: account.length, account: account.view(), ...columns, amount: amount.view(), currency: currency.view(),
      currencies: currencies.list(), item: item.view(), refunds: await this.loadOriginals(columns), fundedBy: fundedBy.view(),
    }
  }

  /** An event that names another is its return only where that one came first. */
  private async loadOriginals({ type, at }: { type: Uint8Array; at: Float64Array }): Promise<Int32Array> {
    const refunds = new Int32Array(type.length).fill(-1)
    const query = 'SELECT e.id, o.id FROM event e JOIN event o ON o.natural_key = e.original_key WHERE e.original_key IS NOT NULL'
    await copyOut(this.client, query, (row) => {
      const event = this.events.find(row.int8(0))
      const original = this.events.find(row.int8(1))
      if (event < 0 || original < 0) return
      const isReturn = (type[original] ?? 0) >= TransactionType.refund
      const comesFirst = (at[original] ?? 0) - (at[event] ?? 0) || (type[original] ?? 0) - (type[event] ?? 0)
      if (!isReturn || comesFirst < 0) refunds[event] = original
    })
    return refunds
  }

  private async loadReferrals(): Promise<Pick<LoadedPopulation, 'factIds' | 'referralIds' | 'programIds'> & { referrals: Population['referrals'] }> {
    const inviter = int32Column()
    const invitee = int32Column()
    const at = float64Column()
    const channel = uint8Column()
    const clickedAt = float64Column()
    const factIds = float64Column()
    const referralIds = float64Column()
    const programIds = float64Column()
    const only = this.options.programId === undefined ? '' : ` WHERE program_id = ${this.options.programId}`
    await this.read('referrals', 'referral_fact', `${referralQuery}${only}`, (row) => {
      const [one, other] = [this.accounts.find(row.int8(1)), this.accounts.find(row.int8(2))]
      const time = row.seconds(3)
      if (one < 0 || other < 0 || time > this.end) return
      this.note(time)
      inviter.push(one)
      invitee.push(other)
      at.push(time)
      channel.push(channelOf[row.text(4)] ?? ReferralChannel.unknown)
      const click = row.seconds(5)
      clickedAt.push(click > this.end ? Number.NaN : click)
      factIds.push(row.int8(0))
      referralIds.push(row.isNull(6) ? 0 : row.int8(6))
      programIds.push(row.int8(7))
    })
    const referrals = {
      count: inviter.length, inviter: inviter.view(), invitee: invitee.view(), at: at.view(), channel: channel.view(),
      clickedAt: clickedAt.view(), atStake: new Float64Array(inviter.length),
    }
    return { referrals, factIds: factIds.view(), referralIds: referralIds.view(), programIds: programIds.view() }
  }

  private note(seconds: number): void {
    if (seconds > this.latest && seconds <= (this.options.notAfter ?? LATEST_WITHOUT_END)) this.latest = seconds
  }

  private async latestOfBatches(): Promise<number> {
    const result = await this.client.query<{ latest: number | null }>(
      'SELECT extract(epoch FROM max(latest_at))::double precision AS latest FROM batch WHERE latest_at <= to_timestamp($1::double precision)',
      [this.options.notAfter ?? LATEST_WITHOUT_END])
    return result.rows[0]?.latest ?? 0
  }

  private async read(stage: string, table: string, query: string, onRow: Parameters<typeof copyOut>[2]): Promise<void> {
    const { onProgress } = this.options
    if (onProgress === undefined) {
      await copyOut(this.client, query, onRow)
      return
    }
    const estimate = await this.client.query<{ rows: number }>(
      'SELECT greatest(reltuples, 0)::double precision AS rows FROM pg_class WHERE oid = $1::regclass', [table])
    const total = estimate.rows[0]?.rows ?? 0
    let done = 0
    await copyOut(this.client, query, (row) => {
      onRow(row)
      done++
      if (done % 65_536 === 0) onProgress(`read ${stage}`, done, Math.max(total, done))
    })
    onProgress(`read ${stage}`, done, done)
  }
}

const channelOf: Readonly<Record<string, number>> = ReferralChannel
const typeCases = Object.entries(TransactionType).map(([name, code]) => `WHEN '${name}' THEN ${code}`).join(' ')
const transactionQuery = `SELECT e.id, e.account_id, CASE e.type ${typeCases} END, e.amount, e.asset, e.occurred_at, e.item_hash,
  CASE e.funded_by WHEN 'paid' THEN 0 WHEN 'reward' THEN 1 WHEN 'credit' THEN 2 WHEN 'code' THEN 3 ELSE 4 END, a.exponent::integer
  FROM event e JOIN asset a ON a.code = e.asset WHERE e.type IN (${Object.keys(TransactionType).map((name) => `'${name}'`).join(', ')})`
const referralQuery = 'SELECT id, inviter_id, invitee_id, occurred_at, channel, clicked_at, referral_id, program_id FROM referral_fact'
