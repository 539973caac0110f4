// Candidates: whom each sign-up names as its inviter in each programme, by the typed code or the followed link, under the rules of its time.
// Promises: at most one per sign-up and programme, in the order of sign-ups and of programme ids; codes that are retired or whose member
// left the programme name nobody; a suspended member's code still does.

import type { Transaction } from '../../base/database.ts'
import type { ProgramRules } from '../../policies/index.ts'
import type { SignUp } from './attribution.ts'
import { type FoundClick, findClicks } from './clicks.ts'
import { SKEW_SECONDS } from '../settlement/event-facts.ts'
import { type FoundCode, findCodes, isCurrentAt, namedBy } from './invite-codes.ts'
import { readRulesAt, type RulesAt } from '../rules-at.ts'
import { readStandings, type Standings } from '../standing/standing.ts'

export interface Candidate {
  readonly signUp: SignUp
  readonly programId: bigint
  readonly inviterId: bigint
  readonly inviteeId: bigint
  readonly channel: 'link' | 'code'
  readonly codeId: bigint
  /** The click by which the code was followed, where one is known. */
  readonly click: FoundClick | null
  /** In force at the sign-up. */
  readonly rules: ProgramRules
}

export interface Candidates {
  readonly candidates: readonly Candidate[]
  /** The click that a sign-up names and that a person made before it. */
  readonly clicks: ReadonlyMap<SignUp, FoundClick>
}

export async function candidatesOf(transaction: Transaction, signUps: readonly SignUp[]): Promise<Candidates> {
  const typed = signUps.flatMap(({ invitation: { code } }) => (code === undefined ? [] : [code]))
  const named = signUps.flatMap(({ invitation: { clickId } }) => (clickId === undefined ? [] : [clickId]))
  const codes = typed.length === 0 ? [] : await findCodes(transaction, typed)
  const found = named.length === 0 ? new Map<string, FoundClick>() : await findClicks(transaction, named)
  const clicks = new Map(signUps.flatMap((signUp) => {
    const click = found.get(signUp.invitation.clickId?.toLowerCase() ?? '')
    return click === undefined || click.isBot || isAfter(click, signUp) ? [] : [[signUp, click] as const]
  }))
  const programIds = [...new Set([...codes, ...clicks.values()].map(({ programId }) => programId))].sort((left, right) => (left < right ? -1 : 1))
  if (programIds.length === 0) return { candidates: [], clicks }
  const rulesAt = await readRulesAt(transaction, programIds, signUps.map(({ occurredAt }) => occurredAt))
  const standings = await readStandings(transaction, [
    ...codes.map(({ programId, accountId }) => ({ programId, accountId })), ...[...clicks.values()].map(({ programId, inviterId }) => ({ programId, accountId: inviterId })),
  ])
  const known: Known = { codes, clicks, rulesAt, standings }
  const candidates = signUps.flatMap((signUp) => programIds.flatMap((programId) => candidateOf(signUp, programId, known) ?? []))
  return { candidates, clicks }
}

/** Clocks of platforms may run behind ours. */
function isAfter(click: FoundClick, { occurredAt }: SignUp): boolean {
  return click.occurredAt.getTime() > occurredAt.getTime() + SKEW_SECONDS * 1000
}

interface Known {
  readonly codes: readonly FoundCode[]
  readonly clicks: ReadonlyMap<SignUp, FoundClick>
  readonly rulesAt: RulesAt
  readonly standings: Standings
}

function candidateOf(signUp: SignUp, programId: bigint, { codes, clicks, rulesAt, standings }: Known): Candidate | null {
  const { invitation, occurredAt, accountId: inviteeId } = signUp
  if (invitation.programId !== undefined && invitation.programId !== programId) return null
  const rules = rulesAt(programId, occurredAt)
  if (rules === null) return null
  const { binding } = rules
  const takesPart = (accountId: bigint): boolean => standings.enrolmentAt(programId, accountId, occurredAt) !== 'closed'
  const click = clicks.get(signUp) ?? null
  const code = invitation.code === undefined || !binding.code ? undefined
    : namedBy(invitation.code, codes.filter((each) => each.programId === programId && isCurrentAt(each, occurredAt) && takesPart(each.accountId)))
  const typed: Candidate | null = code === undefined ? null
    : { signUp, programId, inviterId: code.accountId, inviteeId, channel: 'code', codeId: code.id, click: click?.codeId === code.id ? click : null, rules }
  const followed: Candidate | null = !binding.link || click === null || click.programId !== programId || !takesPart(click.inviterId) ? null
    : { signUp, programId, inviterId: click.inviterId, inviteeId, channel: 'link', codeId: click.codeId, click, rules }
  return binding.precedence === 'typed' ? typed ?? followed : followed ?? typed
}
