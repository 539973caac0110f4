// Clicks that a host reports of links of its own, with what was seen with them; kept apart from accounts until a sign-up names the click.
// Promises: an identifier that must not be kept refuses the click before anything of it is stored; so does a code that binds nobody.

import { normaliseIdentifier } from '../../scoring/identifiers/index.ts'
import type { Database } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { maskIdentifier } from '../folders/identifier-mask.ts'
import { IdentifierDoor, inBulkTransaction, type ObservedIdentifier, recordIdentifiers } from '../population/index.ts'
import { checkCode, type ClickAnswer, type NewClick, recordClick } from '../programs/index.ts'

/** An identifier as it was seen; hashed at the door, never kept raw. */
export interface SeenWithClick {
  readonly kind: string
  readonly value: string
  readonly user_agent?: string | undefined
  readonly context?: string | undefined
  readonly attributes?: Readonly<Record<string, string>> | undefined
}

export interface ReportedClick extends Omit<NewClick, 'identifierIds'> {
  readonly observations?: readonly SeenWithClick[] | undefined
}

export type ReportedClickAnswer = ClickAnswer | { ok: false; reason: 'observation'; detail: string }

export async function takeClick({ database, keys }: { database: Database; keys: KeyRing }, click: ReportedClick): Promise<ReportedClickAnswer> {
  const { observations = [], ...rest } = click
  const seen: Pick<ObservedIdentifier, 'identifier' | 'shownAs'>[] = []
  for (const { kind, value, user_agent: userAgent, context, attributes } of observations) {
    const normalised = normaliseIdentifier({ kind, value, userAgent, context, attributes })
    if (!normalised.ok) return { ok: false, reason: 'observation', detail: normalised.reason }
    seen.push(...normalised.identifiers.map((identifier) => ({ identifier, shownAs: maskIdentifier(identifier, null) })))
  }
  const { status } = await checkCode(database.prisma, click.programId, click.code, click.recordedAt)
  if (status !== 'valid') return { ok: false, reason: status === 'closed' ? 'closed_code' : 'unknown_code' }
  const identifierIds = seen.length === 0 ? [] : await inBulkTransaction(database, (client) => recordIdentifiers(client, new IdentifierDoor(keys), click.recordedAt, seen))
  return database.inTransaction((transaction) => recordClick(transaction, { ...rest, identifierIds }))
}
