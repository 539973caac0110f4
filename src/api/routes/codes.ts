// Invite codes, links and clicks: what a sign-up form asks, what a host reports, and the public link that leads there.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { externalId, programKey } from '../../checks/index.ts'
import { type ProgramVersion, programVersionAt } from '../../policies/index.ts'
import { inBulkTransaction, openBatch, recordAccounts } from '../../population/index.ts'
import { checkCode, inviteCodeOf, recordClick, SKEW_SECONDS } from '../../programs/index.ts'
import type { Transaction } from '../../base/database.ts'
import { isPreviewBot } from '../preview-bots.ts'
import { type ApiParts, callerOf, programOf } from '../parts.ts'
import { defineRoute, type Route } from '../route.ts'
import { line, time } from '../schemas.ts'
import { createBudget } from '../budget.ts'

/** As typed: case, spaces and hyphens do not matter. */
const typedCode = z.string().trim().min(1).max(40).regex(/^[A-Za-z0-9 -]+$/, 'must have letters and digits')
const hostName = z.string().max(253).regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be the name of a host')
const adParameter = z.string().regex(/^[A-Za-z0-9_.-]{1,40}$/, 'must be the name of a parameter')
const landingPage = z.url({ protocol: /^https?$/ }).max(500).refine((text) => !text.includes('?') && !text.includes('#'), 'must come without query values')

const codeStatus = z.strictObject({ status: z.enum(['valid', 'unknown', 'closed']) }).meta({ id: 'CodeStatus' })
const clickAnswer = z.strictObject({ click_id: z.uuid() }).meta({ id: 'Click' })
const accountAnswer = z.strictObject({ account: z.string(), program: z.string(), code: z.string(), link: z.string(), share_text: z.record(z.string(), z.string()) }).meta({ id: 'AccountCode' })

/** Clicks of one code recorded per hour; more are led on, but leave no rows: a flood does not grow the tables. */
const CLICKS_PER_CODE_AND_HOUR = 1_000

export function codeRoutes(parts: ApiParts): Route[] {
  return [account(parts), check(parts), click(parts), follow(parts)]
}

function account({ database, keys, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/accounts', tag: 'Codes', scope: 'codes:write', programs: 'by_request',
    summary: 'The invite code and link of an account; both are made at first asking.',
    body: z.strictObject({ program: programKey, account: externalId, created_at: time.optional() }),
    answers: { 200: { description: 'The current code.', schema: accountAnswer } },
    problems: ['not_found', 'refused'],
    async handle({ body, identity }) {
      const { actorId } = callerOf({ identity })
      const program = await programOf(database.prisma, identity, body.program)
      const version = await currentVersion(database.prisma, program.id, clock.now())
      const createdAt = body.created_at === undefined ? null : new Date(body.created_at).getTime() / 1000
      if (createdAt !== null && createdAt > clock.now().getTime() / 1000 + SKEW_SECONDS) throw new Problem('refused', 'created_in_the_future', 'The account cannot have been created in the future.')
      await inBulkTransaction(database, async (client) => {
        const batch = await openBatch(client, { source: 'api', actorId, kind: 'api', recordedAt: clock.now() })
        await recordAccounts(client, keys, batch, [{ externalId: body.account, createdAt, status: null, organisationId: null, country: null }])
      })
      const code = await database.inTransaction(async (transaction) => {
        const { accountId } = await transaction.accountIdentity.findUniqueOrThrow({ where: { externalId: body.account }, select: { accountId: true } })
        return inviteCodeOf(transaction, { programId: program.id, accountId, actorId, recordedAt: clock.now() })
      })
      const link = linkOf(version, code.code)
      const share = Object.fromEntries(Object.entries(version.rules.shareText).map(([language, text]) => [language, text.replaceAll('{code}', code.code).replaceAll('{link}', link)]))
      return { status: 200, body: { account: body.account, program: program.key, code: code.code, link, share_text: share } }
    },
  })
}

function check({ database, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/codes/check', tag: 'Codes', scope: 'codes:read', programs: 'by_request', limit: 'guesses',
    summary: 'Whether a typed code may bind: ask before the sign-up form is sent.',
    body: z.strictObject({ program: programKey, code: typedCode }),
    answers: { 200: { description: 'Valid, closed (retired) or unknown.', schema: codeStatus } },
    problems: ['not_found'],
    async handle({ body, identity }) {
      const program = await programOf(database.prisma, identity, body.program)
      const { status } = await checkCode(database.prisma, program.id, body.code, clock.now())
      return { status: 200, body: { status } }
    },
  })
}

function click({ database, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/clicks', tag: 'Codes', scope: 'events:write', programs: 'by_request',
    summary: 'Reports a followed link of the host’s own; sign-up then sends the click id.',
    body: z.strictObject({
      program: programKey, code: typedCode, occurred_at: time, landing_page: landingPage.optional(), referer_host: hostName.optional(),
      ad_parameters: z.array(adParameter).max(20).optional(), user_agent: line(1000).optional(),
    }),
    answers: { 201: { description: 'An id that says nothing.', schema: clickAnswer } },
    problems: ['not_found', 'refused'],
    async handle({ body, identity }) {
      const program = await programOf(database.prisma, identity, body.program)
      const occurredAt = new Date(body.occurred_at)
      if (occurredAt.getTime() > clock.now().getTime() + SKEW_SECONDS * 1000) throw new Problem('refused', 'occurred_in_the_future', 'The click cannot have occurred in the future.')
      const answer = await database.inTransaction((transaction) => recordClick(transaction, {
        programId: program.id, code: body.code, occurredAt, recordedAt: clock.now(), landingPage: body.landing_page ?? null, refererHost: body.referer_host?.toLowerCase() ?? null,
        adParameters: body.ad_parameters ?? [], isBot: isPreviewBot(body.user_agent ?? ''),
      }))
      if (!answer.ok) throw new Problem('refused', answer.reason, 'This code binds nobody.')
      return { status: 201, body: { click_id: answer.clickId } }
    },
  })
}

function follow({ database, clock }: ApiParts): Route {
  const budget = createBudget(clock, CLICKS_PER_CODE_AND_HOUR, 3600)
  return defineRoute({
    method: 'get', path: '/r/:code', tag: 'Codes', scope: null, programs: 'none', limit: 'guesses',
    summary: 'Follows an invite link: on to the program’s own page, with the code and an opaque click id. Nowhere else.',
    params: z.strictObject({ code: typedCode }),
    answers: { 302: { description: 'To the host of the program’s link template.' } },
    problems: ['not_found'],
    async handle({ params, userAgent, header }) {
      const found = await database.prisma.inviteCode.findFirst({ where: { code: params.code.replace(/[\s-]/g, '').toUpperCase(), retiredAt: null }, orderBy: { id: 'asc' } })
      if (found === null) throw new Problem('not_found', 'code', 'There is no such code.')
      const target = new URL(linkOf(await currentVersion(database.prisma, found.programId, clock.now()), found.code))
      const isNavigation = ['document', undefined].includes(header('sec-fetch-dest'))
      if (budget.take(found.code)) {
        const click = await database.inTransaction((transaction) => recordClick(transaction, {
          programId: found.programId, code: found.code, occurredAt: clock.now(), recordedAt: clock.now(), refererHost: hostOf(header('referer')), isBot: !isNavigation || isPreviewBot(userAgent),
        }))
        if (click.ok && isNavigation) target.searchParams.set('click_id', click.clickId)
      }
      return { status: 302, text: '', headers: { Location: target.href } }
    },
  })
}

function linkOf({ rules }: ProgramVersion, code: string): string {
  return rules.linkTemplate.replaceAll('{code}', encodeURIComponent(code))
}

async function currentVersion(reader: Transaction, programId: bigint, now: Date): Promise<ProgramVersion> {
  const version = await programVersionAt(reader, programId, now)
  if (version === null) throw new Problem('refused', 'no_version_in_force', 'The program has no version in force yet.')
  return version
}

/** Of a referer header only the host is kept. */
function hostOf(referer: string | undefined): string | null {
  try {
    return referer === undefined ? null : new URL(referer).hostname.slice(0, 253)
  } catch {
    return null
  }
}
