// Programs over HTTP: their rules and policies as versions that are published, read, and never changed.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { programKey } from '../../checks/index.ts'
import { checkPolicy, type NewProgram, programRules, type Published, publishProgram, refusalText } from '../../policies/index.ts'
import { type ApiParts, callerOf, joined, mayUse, programOf, readerOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { line, time } from '../schemas.ts'

const rulesInput = programRules.meta({ id: 'ProgramRules' })
const policyInput = checkPolicy.meta({ id: 'CheckPolicy' })
const program = z.strictObject({ program_id: z.string(), key: z.string(), name: z.string() }).meta({ id: 'Program' })
const version = z.strictObject({ version_id: z.string(), number: z.number().int(), effective_from: z.iso.datetime(), recorded_at: z.iso.datetime(), rules: z.record(z.string(), z.unknown()) }).meta({ id: 'ProgramVersion' })
const policy = z.strictObject({ version_id: z.string(), number: z.number().int(), effective_from: z.iso.datetime(), recorded_at: z.iso.datetime(), policy: z.record(z.string(), z.unknown()) }).meta({ id: 'PolicyVersion' })
const published = z.strictObject({ program_id: z.string(), is_new: z.boolean() }).meta({ id: 'Published' })
const params = z.strictObject({ key: programKey })

export function programRoutes(parts: ApiParts): Route[] {
  return [list(parts), create(parts), versions(parts), addVersion(parts), policies(parts), addPolicy(parts)]
}

function list({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/programs', tag: 'Programs', scope: 'programs:read', programs: 'by_request', summary: 'The programs that this key may see.',
    answers: { 200: { description: 'In the order they were made.', schema: z.strictObject({ programs: z.array(program) }) } },
    async handle({ identity }) {
      const rows = await database.prisma.program.findMany({ orderBy: { id: 'asc' } })
      return { status: 200, body: { programs: rows.filter(({ id }) => mayUse(identity, id)).map(({ id, key, name }) => ({ program_id: id.toString(), key, name })) } }
    },
  })
}

function create(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/programs', tag: 'Programs', scope: 'programs:write', programs: 'unlimited_key', idempotency: 'optional',
    summary: 'Makes a program with its first rules; without a policy its checks only observe.',
    body: z.strictObject({ key: programKey, name: line(200), effective_from: time, rules: rulesInput, policy: policyInput.optional() }),
    answers: { 201: { description: 'Made, or known with the same content.', schema: published } },
    problems: ['refused', 'conflict'],
    async handle({ body, identity, transaction }) {
      const known = await readerOf(parts.database, transaction).program.findUnique({ where: { key: body.key }, select: { id: true, name: true } })
      if (known !== null && known.name !== body.name) throw new Problem('conflict', 'other_name', 'There is a program of this key with another name.')
      const effectiveFrom = new Date(body.effective_from)
      if (known !== null && (await readerOf(parts.database, transaction).programVersion.count({ where: { programId: known.id, effectiveFrom } })) === 0) refusePast(parts, body.effective_from)
      return publish(parts, identity, transaction, {
        key: body.key, name: body.name, versions: [{ effectiveFrom, content: body.rules }], policies: [{ effectiveFrom, content: body.policy ?? {} }],
      })
    },
  })
}

function versions({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/programs/:key/versions', tag: 'Programs', scope: 'programs:read', programs: 'by_request', params, summary: 'All versions of a program’s rules.',
    answers: { 200: { description: 'In the order of their numbers.', schema: z.strictObject({ versions: z.array(version) }) } }, problems: ['not_found'],
    async handle({ params: { key }, identity }) {
      const { id } = await programOf(database.prisma, identity, key)
      const rows = await database.prisma.programVersion.findMany({ where: { programId: id }, orderBy: { number: 'asc' } })
      return { status: 200, body: { versions: rows.map((row) => ({ ...headOf(row), rules: row.rules })) } }
    },
  })
}

function addVersion(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/programs/:key/versions', tag: 'Programs', scope: 'programs:write', programs: 'by_request', idempotency: 'optional', params,
    summary: 'Publishes rules that are in force from a time on; what was earned before is never re-rated.',
    body: z.strictObject({ effective_from: time, rules: rulesInput }),
    answers: { 201: { description: 'Published, or known with the same content.', schema: published } },
    problems: ['not_found', 'refused', 'conflict'],
    async handle({ params: { key }, body, identity, transaction }) {
      const found = await programOf(readerOf(parts.database, transaction), identity, key)
      refusePast(parts, body.effective_from)
      return publish(parts, identity, transaction, { key: found.key, name: found.name, versions: [{ effectiveFrom: new Date(body.effective_from), content: body.rules }], policies: [] })
    },
  })
}

function policies({ database }: ApiParts): Route {
  return defineRoute({
    method: 'get', path: '/v1/programs/:key/policies', tag: 'Programs', scope: 'programs:read', programs: 'by_request', params, summary: 'All versions of a program’s check policy.',
    answers: { 200: { description: 'In the order of their numbers.', schema: z.strictObject({ policies: z.array(policy) }) } }, problems: ['not_found'],
    async handle({ params: { key }, identity }) {
      const { id } = await programOf(database.prisma, identity, key)
      const rows = await database.prisma.policyVersion.findMany({ where: { programId: id }, orderBy: { number: 'asc' } })
      return { status: 200, body: { policies: rows.map((row) => ({ ...headOf(row), policy: row.policy })) } }
    },
  })
}

function addPolicy(parts: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/programs/:key/policies', tag: 'Programs', scope: 'programs:write', programs: 'by_request', idempotency: 'optional', params,
    summary: 'Publishes a check policy that is in force from a time on: mode, thresholds, the one switch that stops all crediting.',
    body: z.strictObject({ effective_from: time, policy: policyInput }),
    answers: { 201: { description: 'Published, or known with the same content.', schema: published } },
    problems: ['not_found', 'refused', 'conflict'],
    async handle({ params: { key }, body, identity, transaction }) {
      const found = await programOf(readerOf(parts.database, transaction), identity, key)
      refusePast(parts, body.effective_from)
      return publish(parts, identity, transaction, { key: found.key, name: found.name, versions: [], policies: [{ effectiveFrom: new Date(body.effective_from), content: body.policy }] })
    },
  })
}

async function publish({ database, keys, clock }: ApiParts, identity: Parameters<typeof callerOf>[0]['identity'], transaction: Parameters<typeof joined>[1], wanted: NewProgram) {
  const result: Published = await publishProgram({ database: joined(database, transaction), keys, clock, actorId: callerOf({ identity }).actorId }, wanted)
  if (!result.ok) throw new Problem(result.reason === 'other_content_at_this_start' ? 'conflict' : 'refused', result.reason, refusalText(result))
  return { status: 201, body: { program_id: result.programId.toString(), is_new: result.isNew } }
}

const PAST_SECONDS = 300

/** A program that runs is not changed backwards. */
function refusePast({ clock }: ApiParts, effectiveFrom: string): void {
  if (new Date(effectiveFrom).getTime() < clock.now().getTime() - PAST_SECONDS * 1000) throw new Problem('refused', 'effective_in_the_past', 'A new version takes effect now or later.')
}

function headOf(row: { readonly id: bigint; readonly number: number; readonly effectiveFrom: Date; readonly recordedAt: Date }) {
  return { version_id: row.id.toString(), number: row.number, effective_from: row.effectiveFrom.toISOString(), recorded_at: row.recordedAt.toISOString() }
}
