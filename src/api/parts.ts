// What the routes are made from: the opened database, the check, and the small look-ups that many routes need.

import type { Checks } from '../checks/index.ts'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import type { Log } from '../base/log.ts'
import type { Outgoing } from '../base/outgoing.ts'
import { Problem } from '../base/problems.ts'
import type { Authentication, Identity } from '../identities/index.ts'
import type { Processor } from '../payouts/index.ts'
import type { Metrics } from './metrics.ts'
import type { ExponentOf } from './schemas.ts'

export interface ApiParts {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
  readonly log: Log
  readonly checks: Checks
  readonly metrics: Metrics
  readonly authentication: Authentication
  /** Judges the addresses of webhooks; the API itself sends nothing. */
  readonly outgoing: Outgoing
  readonly payouts: PayoutSettings
}

export interface PayoutSettings {
  /** Null where none is configured. */
  readonly processor: Processor | null
  /** Units below which a debt may be given up at once. */
  readonly writeOffBelow: string
}

/** A caller that a scope was asked of is always known. */
export function callerOf({ identity }: { identity: Identity | null }): Identity {
  if (identity === null) throw new Error('A route with a scope has no caller.')
  return identity
}

/** Where a domain's own transaction becomes part of the request's: effect, record and answer commit together. */
export function joined(database: Database, transaction: Transaction | null): Pick<Database, 'inTransaction'> {
  return transaction === null ? database : { inTransaction: (work) => work(transaction) }
}

/** Through the request's transaction where it has one. */
export function readerOf(database: Database, transaction: Transaction | null): Transaction {
  return transaction ?? database.prisma
}

/** The program of a key, or 404: a key that is limited to another program is told no more than that. */
export async function programOf(reader: Transaction, identity: Identity | null, key: string): Promise<{ id: bigint; key: string; name: string }> {
  const program = await reader.program.findUnique({ where: { key }, select: { id: true, key: true, name: true } })
  if (program === null || !mayUse(identity, program.id)) throw new Problem('not_found', 'program', 'There is no such program.')
  return program
}

/** Whether the caller may see what belongs to this program; null belongs to all of them. */
export function mayUse(identity: Identity | null, programId: bigint | null): boolean {
  return identity === null || identity.programId === null || identity.programId === programId
}

export async function accountOf(reader: Transaction, externalId: string): Promise<bigint> {
  const found = await reader.accountIdentity.findUnique({ where: { externalId }, select: { accountId: true } })
  if (found === null) throw new Problem('not_found', 'account', 'There is no such account.')
  return found.accountId
}

/** External ids by internal ones; erased accounts are not in it. */
export async function namesOf(reader: Transaction, accountIds: readonly bigint[]): Promise<ReadonlyMap<bigint, string>> {
  const rows = await reader.accountIdentity.findMany({ where: { accountId: { in: [...new Set(accountIds)] } }, select: { accountId: true, externalId: true } })
  return new Map(rows.map(({ accountId, externalId }) => [accountId, externalId]))
}

export async function exponentsOf(reader: Transaction): Promise<ExponentOf> {
  const assets = await reader.asset.findMany({ select: { code: true, exponent: true } })
  const exponents = new Map(assets.map(({ code, exponent }) => [code, exponent]))
  return (asset) => exponents.get(asset) ?? 6
}
