// Claims: a member asks to be attributed a client whose link was lost; the client confirms, the check is asked, a person decides.
// Promises: until the client has confirmed, an answer to the member is the same whether there is such a client or not.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { externalId, programKey } from '../../checks/index.ts'
import { CLAIM_FACTS } from '../../policies/index.ts'
import {
  approveClaim, asMemberSees, CLAIM_REASONS, CLAIM_STATES, type ClaimLine, claimTexts, type ClaimVerdict, CONFIRMATION_TEXTS, confirmClaim, decideClaim, enterClaim, type EntryRefusal, factsOf,
  findClaim, listClaims, type Recorder, REFUSAL_REASONS, type StepAnswer, type StepRefusal, withNames,
} from '../../programs/index.ts'
import type { Transaction } from '../../base/database.ts'
import { accountOf, type ApiParts, callerOf, joined, mayUse, programOf, readerOf } from '../parts.ts'
import { limitCallsPerMinute } from '../rate-limits.ts'
import { defineRoute, type Route } from '../route.ts'
import { idText, limitOf, note, page } from '../schemas.ts'

const texts = z.strictObject({ en: z.string(), 'zh-CN': z.string() })
const memberClaim = z.strictObject({
  claim_id: z.string(), program: z.string(), account: z.string().nullable(), state: z.enum(CLAIM_STATES), reason: z.enum(CLAIM_REASONS).nullable(),
  text: texts.describe('For the member who claims.'), entered_at: z.iso.datetime(), due_at: z.iso.datetime(), accrues_from: z.iso.datetime().nullable(),
}).meta({ id: 'MemberClaim' })
const clientClaim = z.strictObject({
  claim_id: z.string(), program: z.string(), inviter: z.string().nullable(), client: z.string().nullable(), state: z.enum(CLAIM_STATES), due_at: z.iso.datetime(),
  text: texts.describe('For the client who is asked; {inviter} stands for the name that the client knows.'),
}).meta({ id: 'ClientClaim' })
const staffClaim = z.strictObject({
  claim_id: z.string(), program: z.string(), inviter: z.string().nullable(), client: z.string().nullable(), state: z.enum(CLAIM_STATES), reason: z.enum(CLAIM_REASONS).nullable(),
  probability: z.number().nullable(), check_id: z.string().nullable(), needs_second_person: z.boolean(), entered_by: z.string(), entered_at: z.iso.datetime(), confirmed_at: z.iso.datetime().nullable(),
  decided_at: z.iso.datetime().nullable(), approved_at: z.iso.datetime().nullable(), due_at: z.iso.datetime(), accrues_from: z.iso.datetime().nullable(), referral_id: z.string().nullable(),
}).meta({ id: 'Claim' })
const staffClaimWithFacts = staffClaim.extend({ facts: z.record(z.string(), z.string()).describe('Masked.') }).meta({ id: 'ClaimWithFacts' })

const fact = externalId
const facts = z.strictObject({
  own_resource: fact.optional().describe('One of the member’s own working instances.'), client_resource: fact.optional().describe('The client’s instance.'),
  own_email: fact.optional(), client_email: fact.optional(), referral_link: z.string().trim().min(1).max(500).optional().describe('The member’s link, or the code alone.'),
} satisfies Record<(typeof CLAIM_FACTS)[number], z.ZodType>).meta({ id: 'ClaimFacts' })
const verdict = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('accept'), note: note.optional() }),
  z.strictObject({ decision: z.literal('refuse'), reason: z.enum(REFUSAL_REASONS), note: note.optional() }),
]).meta({ id: 'ClaimVerdict' })
const byId = z.strictObject({ id: idText })

export function claimRoutes(parts: ApiParts): Route[] {
  return [enter(parts), query(parts), list(parts), read(parts), confirm(parts), decide(parts, 'decide'), decide(parts, 'approve')]
}

/** Claims entered through one key in a minute, beside the number that each member may make. */
const CLAIMS_PER_MINUTE = 120

function enter(parts: ApiParts): Route {
  const { database, clock } = parts
  const limit = limitCallsPerMinute(clock, CLAIMS_PER_MINUTE)
  return defineRoute({
    method: 'post', path: '/v1/claims', tag: 'Claims', scope: 'claims:write', programs: 'by_request', idempotency: 'required',
    summary: 'Claims a client for a member, with the facts that the program asks for.',
    description: 'Wrong facts about the member’s own side end the claim at once. Whatever the facts say about the client, the claim waits for the client.',
    body: z.strictObject({ program: programKey, account: externalId, facts }),
    answers: { 201: { description: 'Entered.', schema: memberClaim } },
    problems: ['not_found', 'refused', 'invalid_request', 'too_many_requests'],
    async handle({ body, identity, transaction }) {
      limit(identity)
      const reader = readerOf(database, transaction)
      const program = await programOf(reader, identity, body.program)
      const inviterId = await accountOf(reader, body.account)
      const given = Object.fromEntries(Object.entries(body.facts).filter(([, value]) => value !== undefined))
      const answer = await enterClaim(recorderOf(parts, identity, transaction), { programId: program.id, inviterId, facts: given })
      if (!answer.ok) throw entryProblem(answer.reason)
      return { status: 201, body: forMember(await lineOf(reader, answer.claim), clock.now()) }
    },
  })
}

function query({ database, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/claims/query', tag: 'Claims', scope: 'claims:write', programs: 'by_request',
    summary: 'The claims of a member, as the member may see them; or the claims that wait for a client’s word.',
    body: z.strictObject({ program: programKey, account: externalId, as: z.enum(['inviter', 'client']), limit: z.number().int().min(1).max(100).optional(), after: idText.optional() }),
    answers: { 200: { description: 'Newest first.', schema: z.union([z.strictObject({ claims: z.array(memberClaim) }), z.strictObject({ waiting: z.array(clientClaim) })]) } },
    problems: ['not_found'],
    async handle({ body, identity }) {
      const reader = database.prisma
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const shared = { programId: program.id, limit: body.limit ?? 50, after: body.after === undefined ? undefined : BigInt(body.after) }
      if (body.as === 'inviter') return { status: 200, body: { claims: (await listClaims(reader, { ...shared, inviterId: accountId })).map((line) => forMember(line, clock.now())) } }
      const waiting = (await listClaims(reader, { ...shared, clientId: accountId, states: ['waiting_for_client'] })).filter(({ dueAt }) => dueAt > clock.now())
      return { status: 200, body: { waiting: waiting.map(forClient) } }
    },
  })
}

function list({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/claims', tag: 'Claims', scope: 'claims:write', programs: 'by_request',
    summary: 'Claims for those who decide them.',
    query: page.extend({ state: z.enum(CLAIM_STATES).optional() }),
    answers: { 200: { description: 'Newest first; `next` goes on from there.', schema: z.strictObject({ claims: z.array(staffClaim), next: z.string().nullable() }) } },
    async handle({ query: { state, after, limit }, identity }) {
      const size = limitOf({ limit })
      const lines = await listClaims(database.prisma, {
        programId: identity?.programId ?? undefined, states: state === undefined ? undefined : [state], limit: size, after: after === undefined ? undefined : BigInt(after),
      })
      return { status: 200, body: { claims: lines.map(forStaff), next: lines.length < size ? null : lines.at(-1)?.id.toString() ?? null } }
    },
  })
}

function read({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/claims/:id', tag: 'Claims', scope: 'claims:write', programs: 'by_request',
    summary: 'A claim with its facts, masked, for those who decide it.',
    params: byId,
    answers: { 200: { description: 'The claim.', schema: staffClaimWithFacts } },
    problems: ['not_found'],
    async handle({ params, identity }) {
      const reader = database.prisma
      const claim = await claimOf(reader, identity, params.id)
      return { status: 200, body: { ...forStaff(await lineOf(reader, claim)), facts: await factsOf(reader, claim.id) } }
    },
  })
}

function confirm(parts: ApiParts): Route {
  const { database } = parts
  return defineRoute({
    method: 'post', path: '/v1/claims/:id/confirm', tag: 'Claims', scope: 'claims:write', programs: 'by_request', idempotency: 'required',
    summary: 'The client’s own word: that the member invited them, or did not. Send it for the signed-in account alone.',
    params: byId, body: z.strictObject({ account: externalId, confirms: z.boolean() }),
    answers: { 200: { description: 'What the claim waits for now, or how it ended.', schema: clientClaim } },
    problems: ['not_found', 'refused', 'conflict'],
    async handle({ params, body, identity, transaction }) {
      const reader = readerOf(database, transaction)
      const claim = await claimOf(reader, identity, params.id)
      const clientId = await accountOf(reader, body.account)
      const changed = taken(await confirmClaim(recorderOf(parts, identity, transaction), { claimId: claim.id, clientId, confirms: body.confirms }))
      return { status: 200, body: forClient(await lineOf(reader, changed)) }
    },
  })
}

function decide(parts: ApiParts, step: 'decide' | 'approve'): Route {
  const { database } = parts
  return defineRoute({
    method: 'post', path: `/v1/claims/:id/${step}`, tag: 'Claims', scope: 'claims:write', programs: 'by_request', idempotency: 'required',
    summary: step === 'decide' ? 'A person’s decision; above the program’s amount it is a proposal to a second person.' : 'The second person’s decision.',
    params: byId, body: verdict,
    answers: { 200: { description: 'What the claim waits for now, or how it ended.', schema: staffClaim } },
    problems: ['not_found', 'refused', 'conflict', 'forbidden'],
    async handle({ params, body, identity, transaction }) {
      const reader = readerOf(database, transaction)
      const claim = await claimOf(reader, identity, params.id)
      const wish: ClaimVerdict = body.decision === 'accept' ? { accepts: true, note: body.note } : { accepts: false, reason: body.reason, note: body.note }
      const order = { claimId: claim.id, verdict: wish, isPerson: callerOf({ identity }).actorKind === 'person' }
      const recorder = recorderOf(parts, identity, transaction)
      const changed = taken(step === 'decide' ? await decideClaim(recorder, order) : await approveClaim(recorder, order))
      return { status: 200, body: forStaff(await lineOf(reader, changed)) }
    },
  })
}

function recorderOf({ database, keys, clock, checks }: ApiParts, identity: Parameters<typeof callerOf>[0]['identity'], transaction: Transaction | null): Recorder {
  return { database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId, check: checks.evaluate }
}

async function claimOf(reader: Transaction, identity: Parameters<typeof mayUse>[0], id: string) {
  const claim = await findClaim(reader, BigInt(id))
  if (claim === null || !mayUse(identity, claim.programId)) throw new Problem('not_found', 'claim', 'There is no such claim.')
  return claim
}

async function lineOf(reader: Transaction, claim: Parameters<typeof withNames>[1][number]): Promise<ClaimLine> {
  const [line] = await withNames(reader, [claim])
  if (line === undefined) throw new Error('A claim has no line.')
  return line
}

function taken(answer: StepAnswer) {
  if (answer.ok) return answer.claim
  throw stepProblem(answer.reason)
}

function stepProblem(reason: StepRefusal): Problem {
  if (reason === 'unknown_claim') return new Problem('not_found', 'claim', 'There is no such claim.')
  if (reason === 'claim_not_waiting') return new Problem('conflict', reason, 'The claim does not wait for this.')
  if (reason === 'another_claim_waits') return new Problem('refused', reason, 'Another claim for this client is being decided.')
  if (reason === 'person_needed') return new Problem('forbidden', reason, 'A person’s own key is needed to decide.')
  return new Problem('refused', reason, reason === 'own_entry' ? 'Who entered a claim does not accept it.' : 'Another person than those who entered and decided it is needed.')
}

const ENTRY_DETAILS: Readonly<Record<EntryRefusal, string>> = {
  claims_not_offered: 'This program binds nobody after sign-up.', facts_missing: 'The program asks for more facts.', client_not_named: 'A fact about the client is needed.',
  bad_email: 'An e-mail address is not one.', too_many_claims: 'This member has made as many claims as the program allows in 30 days.',
}

function entryProblem(reason: EntryRefusal): Problem {
  return new Problem(reason === 'bad_email' ? 'invalid_request' : 'refused', reason, ENTRY_DETAILS[reason])
}

const timeOf = (time: Date | null): string | null => time?.toISOString() ?? null

function forMember(line: ClaimLine, now: Date): z.output<typeof memberClaim> {
  const { state, reason } = asMemberSees(line, now)
  return {
    claim_id: line.id.toString(), program: line.program, account: line.inviter, state, reason, text: claimTexts(state, reason), entered_at: line.recordedAt.toISOString(),
    due_at: line.dueAt.toISOString(), accrues_from: timeOf(line.accruesFrom),
  }
}

function forClient(line: ClaimLine): z.output<typeof clientClaim> {
  return { claim_id: line.id.toString(), program: line.program, inviter: line.inviter, client: line.client, state: line.state, due_at: line.dueAt.toISOString(), text: CONFIRMATION_TEXTS }
}

function forStaff(line: ClaimLine): z.output<typeof staffClaim> {
  return {
    claim_id: line.id.toString(), program: line.program, inviter: line.inviter, client: line.client, state: line.state, reason: line.reason, probability: line.probability, check_id: line.checkId,
    needs_second_person: line.needsSecondPerson, entered_by: line.enteredByName, entered_at: line.recordedAt.toISOString(), confirmed_at: timeOf(line.confirmedAt), decided_at: timeOf(line.decidedAt),
    approved_at: timeOf(line.approvedAt), due_at: line.dueAt.toISOString(), accrues_from: timeOf(line.accruesFrom), referral_id: line.referralId?.toString() ?? null,
  }
}
