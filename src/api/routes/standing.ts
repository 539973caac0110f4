// How members stand: enrolment, tracks, contracts, accepted terms, and accounts that never count.

import { z } from 'zod'
import { appendAct } from '../../acts/index.ts'
import type { Transaction } from '../../base/database.ts'
import { Problem } from '../../base/problems.ts'
import { externalId, programKey } from '../../checks/index.ts'
import type { Identity } from '../../identities/index.ts'
import {
  acceptTerms, changeEnrolment, changeTrack, endExclusion, ENROLMENTS, excludeAccount, EXCLUSION_REASONS, type Exclusion, type ExclusionAnswer, readMemberStanding, type StandingActor,
} from '../../programs/index.ts'
import { accountOf, type ApiParts, callerOf, joined, mayUse, namesOf, programOf, readerOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { idText, limitOf, line, page, time } from '../schemas.ts'
import { contractAnswer, contractRoutes, presentContract } from './contracts.ts'

const trackKey = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be the key of a track')
const instant = z.iso.datetime()
const enrolmentState = z.enum(ENROLMENTS)
const exclusionAnswer = z.strictObject({
  exclusion_id: z.string(), program: z.string().nullable().describe('Null: every program.'), account: z.string().nullable(), reason: z.enum(EXCLUSION_REASONS), starts_at: instant, ends_at: instant.nullable(),
}).meta({ id: 'ExcludedAccount' })
const standingAnswer = z.strictObject({
  account: z.string(), program: z.string(),
  enrolment: z.strictObject({ state: enrolmentState, reason: z.string().nullable(), since: instant.nullable() }),
  track: z.string().nullable(), newest_client_at: instant.nullable(),
  suspended_from: instant.nullable().describe('When the member would be suspended who brings no new client; null where that cannot be said or does not apply.'),
  enrolments: z.array(z.strictObject({ state: enrolmentState, reason: z.string(), effective_from: instant })),
  tracks: z.array(z.strictObject({ track: z.string(), contract_id: z.string().nullable(), effective_from: instant, recorded_at: instant })),
  contracts: z.array(contractAnswer),
  terms: z.array(z.strictObject({ terms_version: z.string(), accepted_at: instant })),
  exclusions: z.array(exclusionAnswer),
}).meta({ id: 'Standing' })
const enrolmentAnswer = z.strictObject({ account: z.string(), program: z.string(), state: enrolmentState, is_new: z.boolean(), effective_from: instant.nullable() }).meta({ id: 'Enrolment' })
const trackAnswer = z.strictObject({ account: z.string(), program: z.string(), track: z.string(), is_new: z.boolean(), effective_from: instant }).meta({ id: 'MemberTrack' })
const termsAnswer = z.strictObject({ account: z.string(), program: z.string(), terms_version: z.string(), is_new: z.boolean() }).meta({ id: 'AcceptedTerms' })

export function standingRoutes(parts: ApiParts): Route[] {
  return [query(parts), enrolment(parts), track(parts), terms(parts), ...contractRoutes(parts), exclude(parts), exclusions(parts), include(parts)]
}

/** Who changes standings in a request, in its transaction where it has one. */
export function standingActorOf({ database, keys, clock }: ApiParts, identity: Identity | null, transaction: Transaction | null): StandingActor {
  return { database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }
}

function query({ database, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/standing/query', tag: 'Standing', scope: 'standing:read', programs: 'by_request',
    summary: 'How a member stands in a program, now and in its history.', description: 'Everybody takes part without applying: a member of whom nothing is recorded is active on the default track.',
    body: z.strictObject({ program: programKey, account: externalId }),
    answers: { 200: { description: 'The standing.', schema: standingAnswer } }, problems: ['not_found'],
    async handle({ body, identity }) {
      const reader = database.prisma
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const known = await readMemberStanding(reader, { programId: program.id, accountId }, clock.now())
      const { enrolment: { state, reason, since } } = known
      return {
        status: 200,
        body: {
          account: body.account, program: program.key, enrolment: { state, reason, since }, track: known.track, newest_client_at: known.newestClientAt, suspended_from: known.suspendedFrom,
          enrolments: known.enrolments.map((each) => ({ state: each.state, reason: each.reason, effective_from: each.effectiveFrom })),
          tracks: known.tracks.map((each) => ({ track: each.track, contract_id: each.contractId?.toString() ?? null, effective_from: each.effectiveFrom, recorded_at: each.recordedAt })),
          contracts: known.contracts.map((contract) => presentContract(contract, program.key, body.account)),
          terms: known.terms.map((each) => ({ terms_version: each.termsVersion, accepted_at: each.acceptedAt })),
          exclusions: known.exclusions.map((exclusion) => presentExclusion(exclusion, exclusion.programId === null ? null : program.key, body.account)),
        },
      }
    },
  })
}

function enrolment(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/enrolment', tag: 'Standing', scope: 'standing:write', programs: 'by_request', idempotency: 'optional',
    summary: 'Closes, reopens or suspends a member’s part in a program, from now on.',
    description: 'A member closes and reopens; only staff suspend. Suspended: nothing accrues, the link still binds, what was earned stays payable. Reopening leads back to where the member stood.',
    body: z.strictObject({ program: programKey, account: externalId, state: enrolmentState, by: z.enum(['member', 'staff']) }),
    answers: { 200: { description: 'How the member is enrolled now.', schema: enrolmentAnswer } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const answer = await changeEnrolment(standingActorOf(parts, identity, transaction), { programId: program.id, accountId, state: body.state, by: body.by })
      if (!answer.ok) throw new Problem('refused', answer.reason, 'This change is not the member’s to make.')
      return { status: 200, body: { account: body.account, program: program.key, state: answer.state, is_new: answer.isNew, effective_from: answer.effectiveFrom } }
    },
  })
}

function track(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/track', tag: 'Standing', scope: 'standing:write', programs: 'by_request', idempotency: 'optional',
    summary: 'Puts a member onto another track, from now on.',
    description: 'What was accrued keeps its track. A contract’s track needs the contract; who is under contract leaves its track by ending that.',
    body: z.strictObject({ program: programKey, account: externalId, track: trackKey }),
    answers: { 200: { description: 'The track the member is on.', schema: trackAnswer } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const answer = await changeTrack(standingActorOf(parts, identity, transaction), { programId: program.id, accountId, track: body.track })
      if (!answer.ok) throw new Problem('refused', answer.reason, 'The member cannot be put onto this track.')
      return { status: 200, body: { account: body.account, program: program.key, track: answer.track, is_new: answer.isNew, effective_from: answer.effectiveFrom } }
    },
  })
}

function terms({ database, keys, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/members/terms', tag: 'Standing', scope: 'standing:write', programs: 'by_request', idempotency: 'optional',
    summary: 'Records which version of the terms a member accepted, and when.', description: 'A sign-up may carry it too, as terms_version. The first acceptance of a version stays.',
    body: z.strictObject({ program: programKey, account: externalId, terms_version: line(64), accepted_at: time.optional() }),
    answers: { 200: { description: 'Recorded, or known.', schema: termsAnswer } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const { actorId } = callerOf({ identity })
      const now = clock.now()
      const acceptedAt = body.accepted_at === undefined ? now : new Date(body.accepted_at)
      if (acceptedAt > now) throw new Problem('refused', 'accepted_in_the_future', 'Terms cannot have been accepted in the future.')
      const reader = readerOf(database, transaction)
      const program = await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const isNew = await joined(database, transaction).inTransaction(async (inner) => {
        const made = await acceptTerms(inner, { programId: program.id, accountId, termsVersion: body.terms_version, acceptedAt, recordedAt: now, actorId })
        if (made) await appendAct(inner, keys, clock, { actorId, kind: 'terms_accepted', objectKind: 'account', objectId: accountId, after: { programId: program.id, termsVersion: body.terms_version, acceptedAt } })
        return made
      })
      return { status: 200, body: { account: body.account, program: program.key, terms_version: body.terms_version, is_new: isNew } }
    },
  })
}

function exclude(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/excluded-accounts', tag: 'Standing', scope: 'standing:write', programs: 'by_request', idempotency: 'optional',
    summary: 'Excludes an account for a time: it neither earns nor is earned from.', description: 'Without a program, in every program; that needs a key that is not limited to one.',
    body: z.strictObject({ program: programKey.optional(), account: externalId, reason: z.enum(EXCLUSION_REASONS), starts_at: time.optional(), ends_at: time.optional() }),
    answers: { 201: { description: 'Excluded.', schema: exclusionAnswer } }, problems: ['not_found', 'refused'],
    async handle({ body, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      if (body.program === undefined && callerOf({ identity }).programId !== null) throw new Problem('forbidden', 'program', 'This key is limited to one program.')
      const program = body.program === undefined ? null : await programOf(reader, identity, body.program)
      const accountId = await accountOf(reader, body.account)
      const answer = await excludeAccount(standingActorOf(parts, identity, transaction), {
        programId: program?.id ?? null, accountId, reason: body.reason,
        startsAt: body.starts_at === undefined ? undefined : new Date(body.starts_at), endsAt: body.ends_at === undefined ? undefined : new Date(body.ends_at),
      })
      return { status: 201, body: presentExclusion(acceptedExclusion(answer), program?.key ?? null, body.account) }
    },
  })
}

function exclusions({ database, clock }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/excluded-accounts', tag: 'Standing', scope: 'standing:read', programs: 'by_request', summary: 'The accounts that are excluded now or will be.', query: page,
    answers: { 200: { description: 'Oldest first; `next` goes on from there.', schema: z.strictObject({ exclusions: z.array(exclusionAnswer), next: z.string().nullable() }) } },
    async handle({ query: asked, identity }) {
      const limit = limitOf(asked)
      const { programId } = callerOf({ identity })
      const rows = await database.prisma.excludedAccount.findMany({
        where: { id: { gt: BigInt(asked.after ?? '0') }, OR: [{ endsAt: null }, { endsAt: { gt: clock.now() } }], ...(programId === null ? {} : { programId }) }, orderBy: { id: 'asc' }, take: limit,
      })
      const names = await namesOf(database.prisma, rows.map((row) => row.accountId))
      const programs = new Map((await database.prisma.program.findMany({ select: { id: true, key: true } })).map(({ id, key }) => [id, key]))
      const last = rows.at(-1)
      return {
        status: 200,
        body: {
          exclusions: rows.map((row) => presentExclusion(row, row.programId === null ? null : programs.get(row.programId) ?? null, names.get(row.accountId) ?? null)),
          next: last === undefined || rows.length < limit ? null : last.id.toString(),
        },
      }
    },
  })
}

function include(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/excluded-accounts/:id/end', tag: 'Standing', scope: 'standing:write', programs: 'by_request', idempotency: 'optional', params: z.strictObject({ id: idText }),
    summary: 'Ends an exclusion: from now on the account counts again.', body: z.strictObject({}),
    answers: { 200: { description: 'Ended.', schema: exclusionAnswer } }, problems: ['not_found', 'refused'],
    async handle({ params, identity, transaction }) {
      const reader = readerOf(parts.database, transaction)
      const known = await reader.excludedAccount.findUnique({ where: { id: BigInt(params.id) }, select: { programId: true } })
      if (known === null || !isTheirs(identity, known.programId)) throw new Problem('not_found', 'exclusion', 'There is no such exclusion.')
      const exclusion = acceptedExclusion(await endExclusion(standingActorOf(parts, identity, transaction), BigInt(params.id)))
      const names = await namesOf(reader, [exclusion.accountId])
      const program = exclusion.programId === null ? null : await reader.program.findUnique({ where: { id: exclusion.programId }, select: { key: true } })
      return { status: 200, body: presentExclusion(exclusion, program?.key ?? null, names.get(exclusion.accountId) ?? null) }
    },
  })
}

/** What is for every programme is changed only by who may use every programme. */
function isTheirs(identity: Identity | null, programId: bigint | null): boolean {
  return programId === null ? callerOf({ identity }).programId === null : mayUse(identity, programId)
}

function acceptedExclusion(answer: ExclusionAnswer): Exclusion {
  if (!answer.ok) throw new Problem(answer.reason === 'unknown_exclusion' ? 'not_found' : 'refused', answer.reason, 'The exclusion cannot be made or ended so.')
  return answer.exclusion
}

function presentExclusion({ id, reason, startsAt, endsAt }: Exclusion, program: string | null, account: string | null) {
  return { exclusion_id: id.toString(), program, account, reason, starts_at: startsAt, ends_at: endsAt }
}
